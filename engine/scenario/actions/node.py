# SPDX-License-Identifier: AGPL-3.0-or-later
"""An action as it stands in the file, and what an entry of the table of actions is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.scenario.problems import Misuse, nearest
from engine.scenario.program import Action
from engine.scenario.scope import Scope
from engine.scenario.template import Parsed
from engine.scenario.values import parse_bool, parse_number
from engine.scenario.variables import Variable


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
            raise Misuse(f'{self.name}: {attribute}="{value}" is not known', hint, attribute)
        return value

    def either(self, first: str, second: str) -> str:
        """The name of the one of two attributes that is there. Raises Misuse when none is, and when both are."""
        if first in self.attributes and second in self.attributes:
            raise Misuse(f"{self.name} has both {first} and {second}", "keep one")
        if first not in self.attributes and second not in self.attributes:
            raise Misuse(f"{self.name} needs {first}= or {second}=")
        return first if first in self.attributes else second

    def flag(self, attribute: str) -> bool:
        """A boolean attribute, false when it is missing. Raises Misuse."""
        return parse_bool(self.attributes.get(attribute, "false"), attribute)

    def number(self, attribute: str) -> float:
        """A number. Raises Misuse."""
        text = self.required(attribute)
        found = parse_number(text)
        if found is None:
            raise Misuse(f'{self.name}: {attribute}="{text}" is no number', attribute=attribute)
        return found


def single_variable(text: str) -> list[str]:
    """The one variable that an attribute names. Raises Misuse."""
    if not text or "," in text or "$" in text:
        raise Misuse(f"'{text}' is not the name of one variable", "a name without $ and commas")
    return [text]


def several_variables(text: str) -> list[str]:
    """The variables that an attribute names, separated by commas. Raises Misuse."""
    names = text.split(",")
    if not all(names) or "$" in text:
        raise Misuse(f"'{text}' is no list of variables", "names without $, with commas between them")
    return names


def checks(node: ActionNode) -> tuple[bool, bool]:
    """`check_it` and `check_it_inverse`: whether the call fails unless it holds, and if it holds. Raises Misuse."""
    must, must_not = node.flag("check_it"), node.flag("check_it_inverse")
    if must and must_not:
        raise Misuse(f"{node.name} has both check_it and check_it_inverse", "keep one")
    return must, must_not


def checked_target(node: ActionNode, scope: Scope) -> Variable | None:
    """The variable that the result of a comparison goes to; None: it is only checked. Raises Misuse."""
    if any(checks(node)) and "assign_to" not in node.attributes:
        return None
    return scope.variable(node.required("assign_to"))


@dataclass(frozen=True, slots=True)
class ActionKind:
    """One entry of the table. `attributes` are all it has; `texts` may hold keywords; `variables` name variables.

    Attributes whose names begin with `own`, where that is not "", are the scenario's to name, and may hold keywords.
    `doubt` says what is doubtful about an action in an element with this tag, or nothing.
    """

    compile: Callable[[ActionNode, Scope], Action]
    attributes: frozenset[str]
    texts: frozenset[str] = frozenset()
    variables: Mapping[str, Callable[[str], list[str]]] | None = None
    own: str = ""
    doubt: Callable[[ActionNode, str], str] = lambda node, element: ""

    def is_own(self, attribute: str) -> bool:
        """Whether the scenario gives an attribute this name."""
        return self.own != "" and attribute.startswith(self.own)
