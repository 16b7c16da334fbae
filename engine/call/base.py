# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a call is to whoever works on it: its attributes, what all calls of a shard share, and who carries out what they ask.

`defaults` and `timeouts` work on a `CallBase`; `call` is how one runs.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from engine.call.behaviours import Behaviours
from engine.call.dialog import Dialog
from engine.call.matching import Matcher
from engine.call.places import place
from engine.messages import Failure
from engine.scenario.call_media import CallMedia
from engine.scenario.program import Hold, PauseStep, Program, Render, Step
from engine.scenario.variables import Value
from engine.stats.meter import Meter

MOST_MS: Final = 1e12
"""Of any time that a scenario sets: some thirty years."""
NO_VARIABLES: Final[list[Value]] = []
"""Shared by the calls that have none: ten thousands may be open."""


class Host(Protocol):
    """Who runs calls: it owns the sockets, the timers and the table of calls."""

    def send(self, call: CallBase, data: bytes) -> bool:
        """Send a message to the call's peer; False when the socket will not take it, and `refusal` says why."""

    def refusal(self, call: CallBase) -> tuple[Failure, str]:
        """Why `send` has just said False: what the call fails with, and a few words for a person."""

    def wake(self, call: CallBase, due_ns: int) -> None:
        """Call `call.wake` at `due_ns` or soon after, instead of at the later time asked for before, and set `call.queued_ns`
        to it: 0 again when it has come. Moving back is for the host to find out then, from `call.wake_ns`."""

    def ended(self, call: CallBase, now_ns: int) -> None:
        """The call is over and wants nothing any more; what still comes for it is for a dead call."""

    def media_of(self, call: CallBase) -> CallMedia:
        """Media for a call that has none yet; it ends with the call (`ended`)."""

    def logged(self, text: str, level: str = "info", name: str = "", attributes: tuple[tuple[str, str], ...] = ()) -> None:
        """A <log> action wrote this; `level` is `info`, `warn` or `error`."""

    def execute(self, command: bytes, label: str) -> None:
        """Run a command of the shell; its failure is told under `label`."""

    def end_run(self) -> None:
        """Begin no more calls."""

    def redirect(self, call: CallBase, host: str, port: str, protocol: str) -> None:
        """Send the call's messages there from now on; when that cannot be, the call is `disconnected`, now or later."""

    def renew(self, call: CallBase) -> None:
        """Close what only this call sends through; what follows goes out through another."""

    def warned(self, text: str) -> None:
        """A person should know this."""

    def aborted(self, reason: str) -> None:
        """An action ended the run: nothing is sent any more. Without a `reason` that is no error."""


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
    ignores_in_pause: bool = False
    """`-pause_msg_ign`: what comes during a pause is not there, but for repetitions."""
    chance: Callable[[], float] = random.random
    uses_media: bool = field(init=False)
    """Calls hand on the SDP that they send and receive."""
    matcher: Matcher = field(init=False)
    send: Callable[[CallBase, bytes], bool] = field(init=False)
    """`host.send`, or what stands behind it when the host has nothing to add: this runs once a message."""

    def __post_init__(self) -> None:
        self.send = self.host.send
        self.uses_media = self.program.uses_media
        pauses = (step.index for step in self.program.steps if self.ignores_in_pause and isinstance(step, PauseStep))
        self.matcher = Matcher(self.program.steps, any_method=not self.behaviours.cseq, deaf=frozenset(pauses))


class CallBase(Dialog):
    """A call without its state machine. Attributes without an underscore are for keywords, actions (`CallState`) and the host.

    `peer` is the transport's. `queued_ns` is the time for which the host has an entry, `wake_ns` the one that the call wants,
    0 for none. `wait_until_ns` is the end of a pause or a timeout.
    """

    __slots__ = (
        "_action_failed",
        "_action_failure",
        "_action_reason",
        "_goes_to",
        "_held_at",
        "_held_by",
        "_held_ms",
        "_held_until_ns",
        "_is_stopped",
        "_media",
        "_restored_ns",
        "call_id",
        "circuit",
        "context",
        "digits",
        "due_ns",
        "is_over",
        "local_ip",
        "local_port",
        "message",
        "number",
        "peer",
        "queued_ns",
        "step_index",
        "user",
        "user_variables",
        "variables",
        "wait_until_ns",
        "wake_ns",
    )

    def __init__(
        self, context: CallContext, number: int, call_id: bytes, *, due_ns: int, cseq: int, user: int = 0, local_port: int = 0
    ) -> None:
        super().__init__(cseq)
        self.context = context
        self.number = number
        self.digits = b"%d" % number
        self.call_id = call_id
        self.due_ns = due_ns
        self.user = user
        self.local_port = local_port
        self.local_ip = ""
        self.circuit = 0
        self.peer: object = None
        self.step_index = 0
        self.message = b""
        variables = len(context.program.variables)
        self.variables: list[Value] = [None] * variables if variables else NO_VARIABLES
        self.user_variables = NO_VARIABLES
        self.is_over = False
        self.queued_ns = 0
        self.wake_ns = 0
        self.wait_until_ns = 0
        self._action_failed = False
        self._is_stopped = False
        self._action_failure: Failure | None = None
        self._action_reason = ""
        self._goes_to = -1
        self._restored_ns = 0
        self._media: CallMedia | None = None
        self._held_at = 0
        self._held_by: Hold | None = None
        self._held_ms = 0
        self._held_until_ns = 0

    @property
    def media(self) -> CallMedia:
        """The call's media, made when it is first asked for."""
        if self._media is None:
            self._media = self.context.host.media_of(self)
        return self._media

    @abstractmethod
    def wake(self, now_ns: int) -> None:
        """A time that this call asked for has come (or an earlier one that it no longer needs)."""

    def digits_arrived(self, now_ns: int) -> None:
        """The peer has sent digits (DTMF); whoever waits for some may look."""

    @abstractmethod
    def jump(self, index: int, now_ns: int, *, keeps_resending: bool = False) -> None:
        """Go on at another step, whatever was being waited for."""

    @abstractmethod
    def stop(self, now_ns: int, *, tell: bool = True) -> None:
        """Cut the call off; the peer is told if `tell`."""

    @abstractmethod
    def end(self, now_ns: int, failure: Failure | None, reason: str = "") -> None:
        """The call is over; without a `failure` it succeeded."""

    def fail(self, failure: Failure, detail: str) -> None:
        """An action failed: the scenario goes on, as in SIPp, and at its end the call has failed for the last of them."""
        self._action_failed = True
        self._action_failure = failure
        self._action_reason = f"{detail} in {place(self.context.program.steps, self.step_index)}"

    def jump_to(self, index: int) -> None:
        """Go on at that step when the one at hand is done."""
        self._goes_to = index

    def restore_pause(self, until_ms: float) -> None:
        """Wait until that time, of [clock_tick], when the step at hand is done; 0 for no wait."""
        if 0 < until_ms < MOST_MS:
            self._restored_ns = self.context.program.tick_origin_ns + round(until_ms * 1e6)

    def hold(self, hold: Hold, timeout_ms: int) -> None:
        """Go on from the step at hand only when that is over."""
        self._held_by, self._held_ms, self._held_until_ns = hold, timeout_ms, 0
        self._held_at = self.step_index

    def log(self, text: str) -> None:
        """Hand on what a <log> action wrote."""
        self.context.host.logged(text)

    def log_event(self, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        """Hand on what a <log> action wrote, and what it says beside it."""
        self.context.host.logged(text, level, name, attributes)

    def warn(self, text: str) -> None:
        """Tell a person."""
        self.context.host.warned(text)

    def execute(self, command: bytes, label: str) -> None:
        """Hand on a command of the shell."""
        self.context.host.execute(command, label)

    def set_destination(self, host: str, port: str, protocol: str) -> None:
        """Hand on where messages are to go."""
        self.context.host.redirect(self, host, port, protocol)

    def close_connection(self) -> None:
        """Hand on that what carries the messages is to be another."""
        self.context.host.renew(self)

    def stop_call(self) -> None:
        """End the call when its step is done, if that is a `recv`; the rest of the step's actions is skipped, as in SIPp."""
        self._action_failed = True
        self._is_stopped = True

    def end_run(self) -> None:
        """Hand on that no more calls are to begin."""
        self.context.host.end_run()

    def count_unexpected(self) -> None:
        """Count a message that the step at which the call stands did not wait for."""
        steps = self.context.meter.steps
        if self.step_index < len(steps):
            steps[self.step_index].unexpected += 1

    def count_timeout(self, step: Step, failure: Failure) -> None:
        """Count that a step waited for too long; `failure` is what that would be without its `ontimeout`."""
        self.context.meter.steps[step.index].timeouts += 1

    def send_default(self, render: Render) -> None:
        """Send a message of the default behaviours, outside the scenario."""
        self.context.send(self, render(self))
