# SPDX-License-Identifier: AGPL-3.0-or-later
"""THE table of actions: what may stand in an <action>.

To add one: a function that takes the action as it stands in the file (`ActionNode`) and an `ActionScope`, and returns a
callable on the call; and its entry in `ACTIONS`, with its attributes and which of them name variables. Raise `Misuse` when
an attribute cannot be what it says. Every function is also called when a scenario is only checked.

As in SIPp, an action that fails a call does not end it: the rest of its step's actions is skipped, the scenario goes on,
and the call counts as failed at its end. In the actions of a `recv`, `[last_…]` is still the message before; `ereg`
searches the one at hand.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from engine.messages import Failure
from engine.scenario.assemble import assemble
from engine.scenario.keywords import compile_parts, text_of
from engine.scenario.posix_regex import compile_posix
from engine.scenario.problems import Misuse, Problems, nearest
from engine.scenario.program import Action, CallState, Render, Value
from engine.scenario.scope import Scope
from engine.scenario.template import Parsed


@dataclass(frozen=True, slots=True)
class ActionNode:
    """An action as it stands in the file. `texts` are the attributes that may hold keywords, parsed."""

    name: str
    line: int
    attributes: Mapping[str, str]
    texts: Mapping[str, Parsed]

    def required(self, attribute: str) -> str:
        """The value of an attribute. Raises Misuse when it is missing."""
        if attribute not in self.attributes:
            raise Misuse(f"{self.name} needs {attribute}=")
        return self.attributes[attribute]

    def one_of(self, attribute: str, choices: Mapping[str, object], default: str | None = None) -> str:
        """The value of an attribute that is one of `choices`. Raises Misuse."""
        value = self.required(attribute) if default is None else self.attributes.get(attribute, default)
        if value not in choices:
            hint = nearest(value, choices) or f"it is one of {', '.join(choices)}"
            raise Misuse(f'{self.name}: {attribute}="{value}" is not known', hint)
        return value

    def flag(self, attribute: str) -> bool:
        """A boolean attribute, false when it is missing. Raises Misuse."""
        return parse_bool(self.attributes.get(attribute, "false"), attribute)

    def number(self, attribute: str) -> float:
        """A number. Raises Misuse."""
        text = self.required(attribute)
        try:
            return float(text or "0")
        except ValueError:
            raise Misuse(f'{self.name}: {attribute}="{text}" is no number') from None


def parse_bool(text: str, attribute: str) -> bool:
    """`true`, `false` or a number, as SIPp reads them. Raises Misuse."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not re.fullmatch(r"[+-]?\d+", text):
        raise Misuse(f'{attribute}="{text}" is neither true nor false')
    return int(text) != 0


@dataclass(frozen=True, slots=True)
class ActionScope:
    """What an action may know: the scope of its texts, and where problems of these go."""

    scope: Scope
    problems: Problems
    checking: bool

    def render(self, parsed: Parsed) -> Render:
        """One callable for a text with keywords."""
        return assemble(compile_parts(parsed, self.scope, self.problems, checking=self.checking))

    def variable(self, name: str) -> int:
        """The index of a variable."""
        return self.scope.variable(name)


def single_variable(text: str) -> list[str]:
    """The one variable that an attribute names. Raises Misuse."""
    if not text or "," in text or "$" in text:
        raise Misuse(f"'{text}' is not the name of one variable", "a name without $ and commas")
    return [text]


def several_variables(text: str) -> list[str]:
    """The variables that an attribute names, separated by commas. Raises Misuse."""
    names = text.split(",")
    if not all(names):
        raise Misuse(f"'{text}' is no list of variables", "names with commas between them")
    return names


@dataclass(frozen=True, slots=True)
class ActionKind:
    """One entry of the table. `attributes` are all it has; `texts` may hold keywords; `variables` name variables."""

    compile: Callable[[ActionNode, ActionScope], Action]
    attributes: frozenset[str]
    texts: frozenset[str] = frozenset()
    variables: Mapping[str, Callable[[str], list[str]]] | None = None


# --- ereg --------------------------------------------------------------------------------------------------------------

Haystack = Callable[[CallState], bytes | None]
"""What an expression is searched in; None when a header is not there."""


def _ereg(node: ActionNode, scope: ActionScope) -> Action:
    pattern = compile_posix(node.required("regexp"))
    haystack = _SEARCH_IN[node.one_of("search_in", _SEARCH_IN, "msg")](node, scope)
    names = several_variables(node.required("assign_to"))
    targets = [(group, scope.variable(name)) for group, name in enumerate(names) if group <= pattern.groups]
    must, must_not = _checks(node)
    where = f"ereg '{node.attributes['regexp']}'"

    def act(call: CallState) -> None:
        text = haystack(call)
        if text is None and must:
            call.fail(Failure.REGEXP_HEADER_NOT_FOUND, f"{where}: header {node.attributes.get('header', '')} not found")
            return
        found = pattern.search(text or b"")
        if found is None:
            if must:
                call.fail(Failure.REGEXP_DOES_NOT_MATCH, f"{where} does not match")
            return
        for group, target in targets:
            if found[group] is not None:
                call.variables[target] = found[group]
        if must_not:
            call.fail(Failure.REGEXP_SHOULD_NOT_MATCH, f"{where} should not match")

    return act


def _checks(node: ActionNode) -> tuple[bool, bool]:
    must, must_not = node.flag("check_it"), node.flag("check_it_inverse")
    if must and must_not:
        raise Misuse(f"{node.name} has both check_it and check_it_inverse", "keep one")
    return must, must_not


def _in_message(node: ActionNode, scope: ActionScope) -> Haystack:
    return attrgetter("message")


def _in_body(node: ActionNode, scope: ActionScope) -> Haystack:
    return lambda call: call.message.partition(b"\r\n\r\n")[2]


def _in_variable(node: ActionNode, scope: ActionScope) -> Haystack:
    index = scope.variable(node.required("variable"))
    return lambda call: text_of(call.variables[index])


def _in_header(node: ActionNode, scope: ActionScope) -> Haystack:
    """The rest of the line behind `header`, which is any text that begins a line; None when it is missing or empty."""
    header = node.required("header").encode("latin-1", "replace")
    occurrence = node.attributes.get("occurrence", node.attributes.get("occurence", "1"))
    wanted = max(int(occurrence), 1) if re.fullmatch(r"-?\d+", occurrence) else 1
    start = rb"(?:\A|\n)" if node.flag("start_line") else rb"\n"
    pattern = re.compile(start + re.escape(header) + rb"([^\r\n]*)", re.I if node.flag("case_indep") else 0)

    def rest_of_line(call: CallState) -> bytes | None:
        for number, found in enumerate(pattern.finditer(call.message), start=1):
            if number == wanted:
                return found[1] or None
        return None

    return rest_of_line


_SEARCH_IN: dict[str, Callable[[ActionNode, ActionScope], Haystack]] = {
    "msg": _in_message,
    "hdr": _in_header,
    "body": _in_body,
    "var": _in_variable,
}

# --- the others --------------------------------------------------------------------------------------------------------


def _log(node: ActionNode, scope: ActionScope) -> Action:
    node.required("message")
    render = scope.render(node.texts["message"])
    return lambda call: call.log(render(call).replace(b"\r\n", b"\n").decode("utf-8", "replace"))


def _assign_string(node: ActionNode, scope: ActionScope) -> Action:
    node.required("value")
    target = scope.variable(node.required("assign_to"))
    render = scope.render(node.texts["value"])

    def act(call: CallState) -> None:
        call.variables[target] = render(call)

    return act


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater_than": operator.gt,
    "less_than": operator.lt,
    "greater_than_equal": operator.ge,
    "less_than_equal": operator.le,
}


def number_of(value: Value) -> float:
    """The number that a variable holds; anything but a number counts as 0, as in SIPp."""
    return value if type(value) is float else 0.0


def _test(node: ActionNode, scope: ActionScope) -> Action:
    compare = _COMPARISONS[node.one_of("compare", _COMPARISONS)]
    variable = scope.variable(node.required("variable"))
    other = _test_operand(node, scope)
    must, must_not = _checks(node)
    may_only_check = (must or must_not) and "assign_to" not in node.attributes
    target = None if may_only_check else scope.variable(node.required("assign_to"))

    def act(call: CallState) -> None:
        result = compare(number_of(call.variables[variable]), other(call))
        if must and not result:
            call.fail(Failure.TEST_DOES_NOT_MATCH, f"test of ${node.attributes['variable']} failed")
        elif must_not and result:
            call.fail(Failure.TEST_SHOULD_NOT_MATCH, f"test of ${node.attributes['variable']} should have failed")
        elif target is not None:
            call.variables[target] = result

    return act


def _test_operand(node: ActionNode, scope: ActionScope) -> Callable[[CallState], float]:
    if "value" in node.attributes:
        if "variable2" in node.attributes:
            raise Misuse("test has both value and variable2", "keep one")
        constant = node.number("value")
        return lambda call: constant
    if "variable2" not in node.attributes:
        raise Misuse("test needs value= or variable2=")
    index = scope.variable(node.attributes["variable2"])
    return lambda call: number_of(call.variables[index])


# --- the table ---------------------------------------------------------------------------------------------------------

ACTIONS: dict[str, ActionKind] = {
    "ereg": ActionKind(
        _ereg,
        frozenset(
            [
                "regexp",
                "search_in",
                "header",
                "variable",
                "occurrence",
                "occurence",
                "case_indep",
                "start_line",
                "check_it",
                "check_it_inverse",
                "assign_to",
            ]
        ),
        variables={"assign_to": several_variables, "variable": single_variable},
    ),
    "log": ActionKind(_log, frozenset({"message"}), texts=frozenset({"message"})),
    "assignstr": ActionKind(
        _assign_string, frozenset({"assign_to", "value"}), texts=frozenset({"value"}), variables={"assign_to": single_variable}
    ),
    "test": ActionKind(
        _test,
        frozenset({"assign_to", "variable", "compare", "value", "variable2", "check_it", "check_it_inverse"}),
        variables={"assign_to": single_variable, "variable": single_variable, "variable2": single_variable},
    ),
}

LATER = frozenset(
    [
        "assign",
        "todouble",
        "add",
        "subtract",
        "multiply",
        "divide",
        "sample",
        "strcmp",
        "trim",
        "urlencode",
        "urldecode",
        "warning",
        "error",
        "lookup",
        "insert",
        "replace",
        "jump",
        "pauserestore",
        "index",
        "gettimeofday",
        "setdest",
        "closecon",
        "verifyauth",
        "exec",
        "rtp_stream",
        "rtp_echo",
        "play_pcap_audio",
        "play_pcap_video",
        "play_pcap_image",
        "play_dtmf",
    ]
)
