# SPDX-License-Identifier: AGPL-3.0-or-later
"""THE table of actions: what may stand in an <action>.

Each module here has one subject and a table `ACTIONS` of its own; they are joined here. To add an action: a function that
takes the action as it stands in the file (`ActionNode`) and the `Scope`, and returns a callable on the call; and its entry
in the table of the module that it belongs to, with its attributes and which of them name variables. Raise `Misuse` when an
attribute cannot be what it says. Every function is also called when a scenario is only checked.

As in SIPp, an action that fails a call does not end it: the rest of its step's actions is skipped, the scenario goes on,
and the call counts as failed at its end. In the actions of a `recv`, `[last_…]` is still the message before; `ereg`
searches the one at hand.
"""

from __future__ import annotations

from engine.scenario.actions import (
    authentication,
    clock,
    commands,
    connections,
    data,
    expressions,
    flow,
    identity,
    logging,
    media_echo,
    numbers,
    text,
)
from engine.scenario.scope import join_tables

ACTIONS = join_tables(
    authentication.ACTIONS,
    clock.ACTIONS,
    commands.ACTIONS,
    connections.ACTIONS,
    data.ACTIONS,
    expressions.ACTIONS,
    flow.ACTIONS,
    identity.ACTIONS,
    logging.ACTIONS,
    media_echo.ACTIONS,
    numbers.ACTIONS,
    text.ACTIONS,
)
