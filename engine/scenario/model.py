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
from engine.scenario.template import Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBase:
    """What all steps have. `next` and `on_timeout` are indices of steps; the number of steps is the end."""

    line: int
    end_line: int
    next: int | None = None
    test: str | None = None
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
    """`method` of a request or `status` of a response (0 for a request); `text` is the message as it is shown."""

    message: Parsed
    text: str
    method: str = ""
    status: int = 0
    retransmit_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recv(StepBase):
    """`method` of a request or `status` of a response (0 for a request)."""

    method: str = ""
    status: int = 0
    optional: bool = False
    is_global: bool = False
    record_routes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(StepBase):
    """`duration_ms` None: as long as -d says."""

    duration_ms: float | None = None
    timewait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nop(StepBase):
    """Nothing but its actions and where it leads."""


Step = Send | Recv | Pause | Nop


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
    response_bounds_ms: tuple[int, ...]
    call_length_bounds_ms: tuple[int, ...]
    default_messages: Mapping[str, Parsed] = field(default_factory=dict)
    """What the scenario says instead of a default behaviour's own message, by the id of its <DefaultMessage>."""
    global_variables: tuple[str, ...] = ()
    user_variables: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
