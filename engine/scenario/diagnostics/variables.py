# SPDX-License-Identifier: AGPL-3.0-or-later
"""Variables that are read where nothing can have set them yet.

For each step is found what may have been set on any way to it; only what is set on none is reported. Variables of the run
and of users are left alone, since `-set`, earlier calls and other scenarios set them, and so is what a <Reference> vouches for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.messages import ProblemCode
from engine.scenario.actions import ACTIONS
from engine.scenario.actions.node import ActionNode
from engine.scenario.diagnostics.components import components
from engine.scenario.diagnostics.paths import Paths
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.model import PAUSE_VARIABLE, RETURN_VARIABLE
from engine.scenario.problems import Problems, nearest
from engine.scenario.reading import Draft
from engine.scenario.template import Parsed
from engine.scenario.variable_uses import variables_in

_SETS = "assign_to"
"""The attribute of actions that names what they set; others name what they read."""


@dataclass(frozen=True, slots=True)
class Access:
    """A variable is read or set at `line`."""

    name: str
    line: int
    sets: bool = False


def unset(subject: Subject, problems: Problems) -> None:
    """Report the first place of each variable at which it is read and cannot have been set."""
    uses = subject.reading.uses
    apart = {*uses.global_names, *uses.user_names, *uses.vouched, RETURN_VARIABLE, PAUSE_VARIABLE}
    accesses = [[each for each in _accesses(draft) if each.name not in apart] for draft in subject.drafts]
    ever = {each.name for step in accesses for each in step if each.sets}
    read = {each.name for step in accesses for each in step if not each.sets}
    bits = {name: 1 << position for position, name in enumerate(sorted(ever & read))}
    before = _may_be_set(subject.paths, accesses, bits)
    reported: set[str] = set()
    for index, step in enumerate(accesses):
        if not subject.reached[index]:
            continue
        so_far = before[index]
        for each in step:
            if each.sets:
                so_far |= bits.get(each.name, 0)
            elif each.name not in reported and not so_far & bits.get(each.name, 0):
                reported.add(each.name)
                _report(each, ever, problems)


def _report(access: Access, ever: set[str], problems: Problems) -> None:
    name = access.name
    if name in ever:
        what, hint = f"variable ${name} is read here, before anything can set it", "set it on a way that leads here"
    else:
        hint = nearest(name, sorted(ever), "${}") or f'set it with an action, or name it in <Reference variables="{name}"/>'
        what = f"variable ${name} is read here, and nothing sets it"
    problems.warn(access.line, what, hint, ProblemCode.UNSET_VARIABLE)


def _accesses(draft: Draft) -> Iterator[Access]:
    """What a step does with variables, in the order in which it does it."""
    for attribute in ("condexec", "variable"):
        if attribute in draft.values:
            yield Access(draft.values[attribute], draft.place_of(attribute))
    yield from _reads(draft.message)
    for action in draft.actions:
        yield from _of_action(action)
    if "test" in draft.values and "next" in draft.values:
        yield Access(draft.values["test"], draft.place_of("test"))


def _of_action(action: ActionNode) -> Iterator[Access]:
    for text in action.texts.values():
        yield from _reads(text)
    named = ACTIONS[action.name].variables or {}
    given = [(attribute, names_of) for attribute, names_of in named.items() if attribute in action.attributes]
    for attribute, names_of in sorted(given, key=lambda each: each[0] == _SETS):
        for name in names_of(action.attributes[attribute]):
            yield Access(name, action.line, attribute == _SETS)


def _reads(text: Parsed) -> Iterator[Access]:
    return (Access(name, line) for name, line in variables_in(text))


def _may_be_set(paths: Paths, accesses: Sequence[Sequence[Access]], bits: dict[str, int]) -> list[int]:
    """For each step the variables that may be set when a call comes there, as bits.

    What is set in a circle may be set everywhere in it. The steps before a circle come before it, so each is looked at once.
    """
    if not bits:
        return [0] * len(accesses)
    before = [0] * len(paths.successors)
    for circle in reversed(components(paths.successors, 0)):
        at_all = 0
        for node in circle:
            at_all |= before[node]
            if len(circle) > 1 or node in paths.successors[node]:
                at_all |= _set_in(node, accesses, bits)
        for node in circle:
            before[node] = at_all
            after = at_all | _set_in(node, accesses, bits)
            for each in paths.successors[node]:
                before[each] |= after
    return before


def _set_in(node: int, accesses: Sequence[Sequence[Access]], bits: dict[str, int]) -> int:
    found = 0
    for each in accesses[node] if node < len(accesses) else ():
        if each.sets:
            found |= bits.get(each.name, 0)
    return found
