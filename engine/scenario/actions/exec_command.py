# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an entry of the table of `exec` is: one thing that it may be told to do, by an attribute of that name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.scenario.actions.node import ActionNode
from engine.scenario.program import Action
from engine.scenario.scope import Scope


@dataclass(frozen=True, slots=True)
class ExecCommand:
    """`compile` is called as that of an action is. `holds_keywords`: the attribute is a text with keywords."""

    compile: Callable[[ActionNode, Scope], Action]
    holds_keywords: bool = False
