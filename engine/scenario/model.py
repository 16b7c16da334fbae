# SPDX-License-Identifier: AGPL-3.0-or-later
"""A checked scenario: what the file says, before the run is known.

Everything in it is sound: labels are resolved to indices of steps, attributes have their types, texts are parsed, and
every keyword, action and expression has been tried. Durations are in ms and their names end so; None is «not given».
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.messages import Problem, Role
from engine.scenario.actions.node import ActionNode
from engine.scenario.distributions import Distribution
from engine.scenario.template import Parsed

UNEXPECTED_LABEL = "_unexp.main"
"""Where a call goes with a message that it did not expect."""
RETURN_VARIABLE = "_unexp.retaddr"
"""Takes the step at which the call stood then."""
PAUSE_VARIABLE = "_unexp.pausedaddr"
"""Takes the end of the pause in which it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBase:
    """What all steps have. `next` and `on_timeout` are indices of steps; the number of steps is the end.

    `condition` names the variable of `condexec`: the step is passed over when it is not set, or with `condition_inverse` when
    it is. `chance` is that of following `next`.
    """

    line: int
    end_line: int
    next: int | None = None
    test: str | None = None
    chance: float = 1.0
    condition: str | None = None
    condition_inverse: bool = False
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    repeat_rtd: bool = False
    counter: str | None = None
    hidden: bool = False
    display: str = ""
    blank_after: bool = False
    actions: tuple[ActionNode, ...] = ()
    lost: float | None = None
    timeout_ms: int | None = None
    on_timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(StepBase):
    """`method` of a request or `status` of a response (0 for a request); `text` is the message as it is shown.

    `starts_transaction` and `acknowledges` name transactions.
    """

    message: Parsed
    text: str
    method: str = ""
    status: int = 0
    retransmit_ms: int = 0
    starts_transaction: str | None = None
    acknowledges: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recv(StepBase):
    """`method` of a request, or the `statuses` of a response (none for a request), of which any will do.

    `is_expression`: the method is a regular expression. `transaction` names the one that a response belongs to.
    `ignores_sdp` concerns media. Without `advances` the call stays where it stands, whatever `next` says.
    """

    method: str = ""
    statuses: tuple[int, ...] = ()
    is_expression: bool = False
    transaction: str | None = None
    ignores_sdp: bool = False
    advances: bool = True
    optional: bool = False
    is_global: bool = False
    record_routes: bool = False
    authenticates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(StepBase):
    """Its length is `duration_ms`, what `variable` holds, or drawn from `distribution`; without any of them as -d says."""

    duration_ms: float | None = None
    variable: str | None = None
    distribution: Distribution | None = None
    timewait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits(StepBase):
    """A `recv` of digits (DTMF) that begin with the expression `pattern`."""

    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nop(StepBase):
    """Nothing but its actions and where it leads."""


Step = Send | Recv | Pause | Digits | Nop


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario that can be compiled. `file` names it in errors; `warnings` are what SIPp puts up with."""

    file: str
    title: str
    role: Role
    steps: tuple[Step, ...]
    variables: tuple[str, ...]
    """Those of each call; the run and the user have others."""
    timers: tuple[str, ...]
    counters: tuple[str, ...]
    transactions: tuple[str, ...] = ()
    unexpected: int | None = None
    """Index of the step behind the label `_unexp.main`."""
    response_bounds_ms: tuple[int, ...]
    call_length_bounds_ms: tuple[int, ...]
    init: tuple[Step, ...] = ()
    """What is run once before the first call."""
    default_messages: Mapping[str, Parsed] = field(default_factory=dict)
    """What the scenario says instead of a default behaviour's own message, by the id of its <DefaultMessage>."""
    global_variables: tuple[str, ...] = ()
    user_variables: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
