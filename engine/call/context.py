# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all calls of a shard share: the program that they run, the rules that they keep, and who carries out what they ask."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from engine.call.matching import Matcher
from engine.errors import OptionError
from engine.scenario.program import Program
from engine.stats.meter import Meter

if TYPE_CHECKING:
    from engine.call.call import Call


class Host(Protocol):
    """Who runs calls: it owns the sockets, the timers and the table of calls."""

    def send(self, call: Call, data: bytes) -> bool:
        """Send a message to the call's peer; False when the socket will not take it."""

    def wake(self, call: Call, due_ns: int) -> None:
        """Call `call.wake` at `due_ns` or soon after, unless an earlier `wake` does so first."""

    def ended(self, call: Call, now_ns: int) -> None:
        """The call is over and wants nothing any more; what still comes for it is for a dead call."""

    def logged(self, text: str) -> None:
        """A <log> action wrote this."""

    def warned(self, text: str) -> None:
        """A person should know this."""


@dataclass(frozen=True, slots=True)
class Behaviours:
    """SIPp's default behaviours (`-default_behaviors`), and `-aa`."""

    bye: bool = True
    """End an aborted call with BYE or CANCEL, and answer a BYE or CANCEL that the scenario does not know."""
    abort_unexpected: bool = True
    """A message that the scenario does not know ends its call as failed."""
    ping_reply: bool = True
    """Answer PING."""
    cseq: bool = True
    """A response must be to a method that the scenario has sent."""
    auto_answer: bool = False
    """Answer INFO, NOTIFY, OPTIONS and UPDATE."""

    @classmethod
    def parse(cls, text: str, *, auto_answer: bool = False) -> Behaviours:
        """The behaviours that SIPp's list names (`all,-bye`). Raises OptionError."""
        names = {"bye": "bye", "abortunexp": "abort_unexpected", "pingreply": "ping_reply", "cseq": "cseq"}
        chosen = dict.fromkeys(names.values(), False)
        for word in text.split(","):
            on, name = not word.strip().startswith("-"), word.strip().removeprefix("-")
            if name in ("all", "none"):
                chosen = dict.fromkeys(names.values(), on == (name == "all"))
            elif name in names:
                chosen[names[name]] = on
            else:
                known = ", ".join(("all", "none", *names))
                raise OptionError("-default_behaviors", text, f"'{name}' is not one of {known}")
        return cls(**chosen, auto_answer=auto_answer)


@dataclass(slots=True, kw_only=True)
class CallContext:
    """Shared by all calls of a shard. Intervals in ns; `loose` is `-rtcheck loose`; `chance` draws from 0 up to 1."""

    program: Program
    meter: Meter
    host: Host
    behaviours: Behaviours = field(default_factory=Behaviours)
    t2_ns: int = 4_000_000_000
    max_invite_retransmissions: int = 5
    max_other_retransmissions: int = 7
    loose: bool = False
    chance: Callable[[], float] = random.random
    matcher: Matcher = field(init=False)
    send: Callable[[Call, bytes], bool] = field(init=False)
    """`host.send`, or what stands behind it when the host has nothing to add: this runs once a message."""

    def __post_init__(self) -> None:
        self.send = self.host.send
        self.matcher = Matcher(self.program.steps, any_method=not self.behaviours.cseq)
