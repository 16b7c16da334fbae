# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario while its file is read: what `load` understands of the elements, and `checks` makes a `Scenario` of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.scenario.actions.node import ActionNode
from engine.scenario.document import Element
from engine.scenario.places import Place
from engine.scenario.problems import Problems
from engine.scenario.template import Parsed
from engine.scenario.variable_uses import VariableUses


@dataclass(slots=True)
class Draft:
    """A step while its file is read: typed attributes, and what its children say."""

    element: Element
    values: dict[str, Any]
    actions: tuple[ActionNode, ...] = ()
    text: str = ""
    message: Parsed = field(default_factory=lambda: Parsed(()))

    @property
    def kind(self) -> str:
        """Its tag."""
        return self.element.tag

    @property
    def line(self) -> Place:
        """Where it stands."""
        return self.element.line

    def place_of(self, attribute: str) -> Place:
        """Where an attribute of it stands."""
        return self.element.place_of(attribute)


@dataclass(slots=True)
class Section:
    """Steps and the labels between them, which are (name, index of the step behind it, line)."""

    drafts: list[Draft] = field(default_factory=list)
    labels: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """Everything that was understood of a file: `main` is what each call runs, `init` what is run once before."""

    problems: Problems
    title: str = ""
    main: Section = field(default_factory=Section)
    init: Section = field(default_factory=Section)
    default_messages: dict[str, Parsed] = field(default_factory=dict)
    uses: VariableUses = field(default_factory=VariableUses)
    response_bounds_ms: tuple[int, ...] = ()
    call_length_bounds_ms: tuple[int, ...] = ()
