# SPDX-License-Identifier: AGPL-3.0-or-later
"""XML → checked `Scenario`, with all problems of the file at once.

The reading goes in passes: the text is cut into elements (`document`); each becomes a `Draft` whose attributes
have their types (`attributes`), whose texts are parsed and tried (`template`, `keywords`, `actions`); then what spans
elements is checked (labels, variables, timers, runs of optionals, the role). A problem never stops the reading: what is
wrong is left out and the rest is read on. Only a text that is no XML ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from engine.messages import Problem, ProblemCode
from engine.scenario import attributes
from engine.scenario.actions import ACTIONS
from engine.scenario.actions.node import ActionNode
from engine.scenario.assemble import overwrites_headers
from engine.scenario.checks import check_steps
from engine.scenario.document import Element, decode, read_document
from engine.scenario.keywords import LANGUAGE
from engine.scenario.model import Scenario
from engine.scenario.places import Place, margins_of
from engine.scenario.problems import LATER_HINT, MOST_PROBLEMS, Misuse, Problems, TooManyProblems, nearest
from engine.scenario.program import RunFacts
from engine.scenario.reading import Draft, Reading
from engine.scenario.scope import Scope
from engine.scenario.template import Parsed, TemplateParser, clean
from engine.scenario.variable_uses import variables_in

SAMPLE_RUN = RunFacts(local_ip="127.0.0.1", local_port=5060, remote_ip="127.0.0.1", remote_host="127.0.0.1")
"""Stands for the run while a scenario is only checked."""


def read_scenario(
    file: str, data: bytes, keywords: Collection[str] = (), diagnose: Callable[[Reading, Scenario], None] | None = None
) -> tuple[Scenario, tuple[Problem, ...]]:
    """What could be understood of a scenario, and its problems, warnings included. Never raises for what `data` says.

    `file` names it in problems; `keywords` are those that the run defines (-key). `diagnose` may add warnings of its own.
    """
    problems = Problems(file, MOST_PROBLEMS)
    reading = Reading(problems)
    try:
        root = _parse(data, problems)
        if root is not None:
            _Reader(reading, keywords).read(root)
        scenario = check_steps(reading)
        if diagnose is not None and root is not None:
            diagnose(reading, scenario)
        return scenario, problems.all
    except TooManyProblems:
        return check_steps(Reading(Problems(file))), problems.all


def load_scenario(file: str, data: bytes, keywords: Collection[str] = ()) -> Scenario:
    """The scenario, with its warnings. Raises ScenarioErrors with all problems of the file."""
    scenario, found = read_scenario(file, data, keywords)
    problems = Problems(file)
    problems.extend(found)
    problems.raise_errors()
    return scenario


def _parse(data: bytes, problems: Problems) -> Element | None:
    text = decode(data)
    if not text.strip():
        problems.error(0, "the file is empty")
        return None
    return read_document(text, problems)


_CALL_ID = re.compile(r"(?mi)^(?:call-id|i)[ \t]*:")


class _Reader:
    """Reads the elements of one file into a `Reading`."""

    def __init__(self, reading: Reading, keywords: Collection[str]) -> None:
        self.reading = reading
        self.problems = reading.problems
        self.section = reading.main
        self.hides_rest = False
        self.steps = 0
        self.templates = TemplateParser(LANGUAGE.classifier(keywords), reading.problems)
        self.handlers: Mapping[str, Callable[[Element], None]] = {
            **dict.fromkeys(attributes.COMMANDS, self.step),
            "label": self.label,
            "ResponseTimeRepartition": self.response_bounds,
            "CallLengthRepartition": self.call_length_bounds,
            "Reference": self.reference,
            "Global": self.declaration,
            "User": self.declaration,
            "DefaultMessage": self.default_message,
            "init": self.init,
        }

    def read(self, root: Element) -> None:
        if root.tag != "scenario":
            self.problems.error(root.line, f"<{root.tag}> is no scenario", "the outermost element is <scenario>")
            return
        self.reading.title = self.values(root).get("name", "")
        self.steps = _count_steps(root)
        for element in root:
            self.element(element)

    def element(self, element: Element) -> None:
        tag = element.tag
        if tag in self.handlers:
            self.handlers[tag](element)
        else:
            self.problems.error(
                element.line, f"unknown element <{tag}>", nearest(tag, self.handlers, "<{}>"), ProblemCode.UNKNOWN_ELEMENT
            )

    # --- attributes ----------------------------------------------------------------------------------------------------

    def values(self, element: Element) -> dict[str, Any]:
        """The attributes of an element with their types; the wrong ones are reported and left out."""
        table = attributes.OF_ELEMENT[element.tag]
        values: dict[str, Any] = {}
        for name, value in element.attributes.items():
            if name not in table:
                self.strange(element, name, table)
                continue
            try:
                values[name] = table[name](value, name)
            except Misuse as misuse:
                self.problems.error(element.place_of(name), misuse.message, misuse.hint)
        required = attributes.REQUIRED.get(element.tag)
        if required and required not in element.attributes:
            self.problems.error(element.line, f"<{element.tag}> needs {required}=")
        return values

    def strange(self, element: Element, name: str, known: Collection[str]) -> None:
        place = element.place_of(name)
        what = f"<{element.tag}> has no attribute {name}; it is ignored"
        self.problems.warn(place, what, nearest(name, known), ProblemCode.UNKNOWN_ATTRIBUTE)

    # --- elements ------------------------------------------------------------------------------------------------------

    def label(self, element: Element) -> None:
        name = self.values(element).get("id")
        if name is not None:
            self.section.labels.append((name, len(self.section.drafts), element.line))

    def response_bounds(self, element: Element) -> None:
        self.reading.response_bounds_ms = self.values(element).get("value", ())

    def call_length_bounds(self, element: Element) -> None:
        self.reading.call_length_bounds_ms = self.values(element).get("value", ())

    def reference(self, element: Element) -> None:
        for name in self.values(element).get("variables", ()):
            self.reading.uses.reference(name, element.place_of("variables"))

    def declaration(self, element: Element) -> None:
        for name in self.values(element).get("variables", ()):
            self.reading.uses.declare(element.tag, name, element.place_of("variables"))

    def step(self, element: Element) -> None:
        draft = Draft(element, self.values(element))
        for name in ("test", "variable", "condexec"):
            if name in draft.values and (name != "test" or "next" in draft.values):
                self.reading.uses.use(draft.values[name], element.place_of(name))
        self.hide(draft)
        if element.tag == "send":
            draft.text, draft.message = self.message(element, element.cdata)
        draft.actions = tuple(self.actions(element))
        if element.tag in attributes.COMMANDS_LATER:
            self.command_later(element)
        self.section.drafts.append(draft)

    def init(self, element: Element) -> None:
        """What is run once before the first call."""
        self.values(element)
        self.section, self.steps, steps = self.reading.init, _count_steps(element), self.steps
        for child in element:
            if child.tag in attributes.IN_INIT:
                self.element(child)
            else:
                self.problems.error(child.line, f"<{child.tag}> has no place in <init>", "it holds <nop>, <pause> and <label>")
        self.section, self.steps = self.reading.main, steps

    def command_later(self, element: Element) -> None:
        """Check what a 3PCC command holds, and refuse it by name."""
        if element.tag == "sendCmd":
            text, message = self.message(element, element.cdata)
            if text and not _CALL_ID.search(text):
                hint = "the other side knows the call by it: write Call-ID: [call_id]"
                self.problems.error(message.line, "the command of <sendCmd> has no Call-ID", hint)
        self.problems.error(element.line, f"<{element.tag}> (3PCC) is not built yet", LATER_HINT, ProblemCode.NOT_BUILT)

    def hide(self, draft: Draft) -> None:
        """`hiderest` hides or shows all that follow; `hide` only its own step."""
        self.hides_rest = draft.values.get("hiderest", self.hides_rest)
        draft.values.setdefault("hide", self.hides_rest)

    def message(self, element: Element, found: tuple[str, Place] | None) -> tuple[str, Parsed]:
        """The message that was found in an element, as it is shown and parsed; nothing, and an error, when there is none."""
        if found is None:
            self.problems.error(element.line, f"<{element.tag}> holds no message", "write it as <![CDATA[ … ]]>")
            return "", Parsed(())
        text, line = clean(*found)
        margins = margins_of(found[0], found[1].column - 1)
        message = self.text(text, Place(line, margins[0] + 1), margins)
        if overwrites_headers(self.scope().parts(message)):
            at = next(word.line for word in message.words if word.name == "len")
            self.problems.warn(
                at, "[len] without a body overwrites the headers behind it, as in SIPp", "make it the last header"
            )
        return text, message

    def default_message(self, element: Element) -> None:
        """A <DefaultMessage>. As in SIPp the last of several with one id counts, a body keeps no line end behind it, and a
        variable that only stands here is no mistake."""
        name = self.values(element).get("id")
        found = element.cdata
        text, message = self.message(element, found and (found[0].rstrip(), found[1]))
        for variable in variables_in(message):
            self.reading.uses.reference(*variable)
        if name is not None and text:
            self.reading.default_messages[name] = message

    def scope(self, *, in_action: bool = False) -> Scope:
        known = self.reading.uses.known
        return Scope(
            LANGUAGE, SAMPLE_RUN, known, lambda call: 0, self.problems, checking=True, steps=self.steps, in_action=in_action
        )

    def text(self, text: str, line: int, margins: Sequence[int] | None) -> Parsed:
        """A text with keywords (see `TemplateParser.parse`); the variables that it names are noted."""
        parsed = self.templates.parse(text, line, margins=margins)
        for name, at in variables_in(parsed):
            self.reading.uses.use(name, at)
        return parsed

    # --- actions -------------------------------------------------------------------------------------------------------

    def actions(self, element: Element) -> Iterator[ActionNode]:
        """The actions of a step. SIPp reads the first <action> only."""
        blocks = [child for child in element if child.tag == "action"]
        for child in element:
            if child.tag != "action":
                self.problems.warn(child.line, f"<{child.tag}> has no place in <{element.tag}>; it is ignored")
        for block in blocks[1:]:
            self.problems.warn(block.line, f"a second <action> in one <{element.tag}> is ignored, as in SIPp", "join them")
        for child in blocks[0] if blocks else ():
            node = self.action(child)
            if node is not None:
                doubt = ACTIONS[node.name].doubt(node, element.tag)
                if doubt:
                    self.problems.warn(node.line, doubt)
                yield node

    def action(self, element: Element) -> ActionNode | None:
        name, line = element.tag, element.line
        kind = ACTIONS.get(name)
        if kind is None:
            self.problems.error(line, f"unknown action <{name}>", nearest(name, ACTIONS, "<{}>"), ProblemCode.UNKNOWN_ACTION)
            return None
        given = dict(element.attributes)
        own = {attribute for attribute in given if kind.is_own(attribute)}
        for attribute in given.keys() - kind.attributes - own:
            self.strange(element, attribute, kind.attributes)
        texts = {each: self.text(given[each], *element.place_of_value(each)) for each in (kind.texts & given.keys()) | own}
        node = ActionNode(name, line, given, texts)
        try:
            for attribute, names_of in (kind.variables or {}).items():
                for variable in names_of(given[attribute]) if attribute in given else ():
                    self.reading.uses.use(variable, element.place_of(attribute))
            kind.compile(node, self.scope(in_action=True))
        except Misuse as misuse:
            self.problems.error(element.place_of(misuse.attribute), misuse.message, misuse.hint)
            return None
        return node


def _count_steps(section: Element) -> int:
    return sum(element.tag in attributes.COMMANDS for element in section)
