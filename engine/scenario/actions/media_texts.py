# SPDX-License-Identifier: AGPL-3.0-or-later
"""The values of media commands, which may hold keywords: what is the same for all calls is looked at once, when it is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from engine.scenario.actions.node import ActionNode
from engine.scenario.problems import Misuse, readable
from engine.scenario.program import CallState, Render
from engine.scenario.scope import Scope
from engine.scenario.template import Text

Meaning = TypeVar("Meaning")


def constant_text(node: ActionNode, attribute: str, scope: Scope) -> str | None:
    """The value when it is the same for all calls, else None. As long as a scenario is only checked, no keyword is known."""
    parsed = node.texts[attribute]
    parts = [part.data if isinstance(part, Text) else part for part in scope.parts(parsed)]
    if scope.checking and parsed.constant is None:
        return None
    found = [part for part in parts if isinstance(part, bytes)]
    return os.fsdecode(b"".join(found)) if len(found) == len(parts) else None


def text_of_call(render: Render, call: CallState) -> str:
    """The value of a call, in which there may be the name of a file."""
    return os.fsdecode(render(call))


def meant(node: ActionNode, attribute: str, text: str, read: Callable[[str], Meaning]) -> Meaning:
    """What `read`, which raises ValueError, makes of a text. Raises Misuse."""
    try:
        return read(text)
    except ValueError as error:
        raise wrong(node, attribute, str(error)) from None


def wrong(node: ActionNode, attribute: str, what: str, hint: str = "") -> Misuse:
    """A value that cannot be what it says."""
    return Misuse(f'{node.name}: {attribute}="{readable(node.attributes[attribute])}": {what}', hint, attribute)
