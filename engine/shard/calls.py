# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of calls: makes them, gives messages to them, carries out what they ask, forgets them.

It stands between the calls (it is their `Host`) and the transport (it is its `Receiver`). A message belongs to a call
by its Call-ID. One with an unknown Call-ID may be for a call that has ended not long ago (a dead call); it may begin a call
of a server, or of the server scenario that a client has beside its own; else it is out of call. A request out of call may be
answered by a scenario of its own, or by itself (`-aa`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

from engine.call import Call, CallBase, CallContext
from engine.call.matching import NO_BRANCHES, first_recv
from engine.call.watched import Watched
from engine.errors import in_one_line, printable
from engine.messages import Counters, Failure, Role
from engine.scenario.call_media import CallMedia
from engine.scenario.data_files import Problem
from engine.scenario.program import Unsendable
from engine.shard.commands import Commands
from engine.shard.destinations import Destinations
from engine.shard.following.tap import Tap
from engine.shard.mishap import end_spoiled
from engine.shard.notes import Notes
from engine.shard.pacing import NoPacer, Pacer
from engine.shard.sources import Sources
from engine.shard.timers import Timers
from engine.shard.trace import MessageTrace
from engine.sip.message import MalformedMessage, Message
from engine.transport import Transport, Wire

_CALL_ID_PREFIX_END: Final = b"///"
_ANSWERED: Final = (b"INFO", b"NOTIFY", b"OPTIONS", b"UPDATE")
"""What `-aa` answers."""
MOST_OUT_OF_CALL: Final = 10_000
"""Open calls of the scenario for requests out of call: what comes when so many are open is only counted."""


class CallTable:
    """All calls of a shard; `connect` it before the first. `notes` takes what a person should know.

    Calls are numbered from `first_number` in steps of `number_step`. `closing`: make no more calls; `cutting_off`: and end
    the open ones; `silent`: without telling their peers. `failure` is why none can be made, or "". `call_limit` is the most
    open calls that we make ourselves. `unawaited` are open calls for which the end of the run does not wait: those of the
    scenario for requests out of call. `commands` runs what a scenario has run; `ask_to_stop` is told when it ends the run;
    `sources` says where outgoing calls come from, when they have addresses of their own.
    `changed` is called when something has changed though no message came and no time. `make_media` makes the media of a call,
    where calls have any.
    """

    context: CallContext
    destinations: Destinations
    transport: Transport

    def __init__(
        self,
        *,
        timers: Timers,
        notes: Notes,
        first_number: int = 1,
        number_step: int = 1,
        base_cseq: int = 1,
        dead_call_wait_ns: int = 33_000_000_000,
        cut_prefix: bool = True,
    ) -> None:
        self.calls: dict[bytes, Call] = {}
        self.traces: tuple[MessageTrace, ...] = ()
        self.tap: Tap | None = None
        self.failure = ""
        self.received_messages = 0
        self.unawaited = 0
        self.closing = False
        self.cutting_off = False
        self.silent = False
        self.max_calls: int | None = None
        self.call_limit = 0
        self.pacer: Pacer = NoPacer()
        self.commands: Commands | None = None
        self.ask_to_stop: Callable[[bool], None] = lambda now: None
        self.changed: Callable[[], None] = lambda: None
        self.make_media: Callable[[CallBase], CallMedia] = _no_media
        self._timers = timers
        self._notes = notes
        self._made = 0
        self._number = first_number
        self._number_step = number_step
        # A send raises [cseq] before it is rendered, so that a server can follow what it received.
        self._first_cseq = base_cseq - 1
        self._dead_call_wait_ns = dead_call_wait_ns
        self._cut_prefix = cut_prefix
        self._dead: dict[bytes, int] = {}
        self._dying: deque[tuple[int, bytes]] = deque()
        self._free_circuits: list[int] = []
        self._incoming = 0
        self._failed_out_of_call = 0
        self._follows = False
        self.sources: Sources | None = None
        self._sends_aside = False

    def connect(
        self,
        context: CallContext,
        transport: Transport,
        server: CallContext | None = None,
        out_of_call: CallContext | None = None,
    ) -> None:
        """What calls share and what carries their messages; before the first call.

        `server` is for calls that come in to a client, `out_of_call` for requests that belong to no call.
        """
        self.context = context
        self.transport = transport
        self._follows = transport.follows
        self._sends_aside = transport.addresses.sends_aside
        self.destinations = Destinations(transport, lambda: self.changed())
        self._free_circuits = list(range(context.program.circuits))
        self._server = context if context.program.role is Role.UAS else server
        self._first_recv = first_recv(self._server.program.steps) if self._server is not None else 0
        self._out_of_call = out_of_call
        for other in (server, out_of_call):
            if other is not None:
                context.meter.beside.append(other.meter)
        if out_of_call is not None:
            out_of_call.meter.counts_calls = False

    @property
    def counters(self) -> Counters:
        """The counters that this table and its calls write to."""
        return self.context.meter.counters

    # --- making calls --------------------------------------------------------------------------------------------------

    @property
    def all_created(self) -> bool:
        """No call of the main scenario will be made any more, from either side."""
        return self.closing or (self.max_calls is not None and self._made >= self.max_calls)

    def may_start(self) -> bool:
        """Whether nothing but its due time keeps a call from starting: the limit, or a circuit where calls need one."""
        if self.counters.open >= self.call_limit:
            return False
        return bool(self._free_circuits) or not self.context.program.circuits

    def start_outgoing(self, due_ns: int, user: int, now_ns: int) -> None:
        """Start the call that was due at `due_ns`."""
        self._made += 1
        number = self.take_number()
        call = self._make(self.context, number, self.context.program.call_id(number), due_ns, user)
        if self._free_circuits:
            call.circuit = self._free_circuits.pop(0)
        if call.call_id in self.calls:
            reason = "another open call has the same Call-ID: see -cid_str"
            self._fail_unstarted(call, now_ns, Failure.CANNOT_SEND, reason)
            return
        if self.sources is not None and not self._choose_source(self.sources, call, now_ns):
            return
        if not self.transport.attach(call):
            self._fail_unstarted(call, now_ns, *self.transport.refusal(call))
            return
        self.calls[call.call_id] = call
        try:
            call.start(now_ns, outgoing=True)
        except Exception as error:
            end_spoiled(call, error, now_ns)

    def _choose_source(self, sources: Sources, call: Call, now_ns: int) -> bool:
        """Say where a call is to come from; False when that cannot be, and the call has failed."""
        try:
            call.local_ip = sources.address_of(call.number, call.user)
        except Problem as problem:
            self._fail_unstarted(call, now_ns, Failure.CANNOT_SEND, str(problem))
            return False
        return True

    def _make(self, context: CallContext, number: int, call_id: bytes, due_ns: int, user: int = 0) -> Call:
        tap = self.tap
        if tap is None:
            call = Call(context, number, call_id, due_ns=due_ns, cseq=self._first_cseq, user=user)
        else:
            call = Watched(tap, context, number, call_id, due_ns=due_ns, cseq=self._first_cseq, user=user)
        memory = context.program.user_memory
        if memory is not None:
            call.user_variables = memory.of_user(user)
        return call

    def _fail_unstarted(self, call: Call, now_ns: int, failure: Failure, reason: str) -> None:
        if isinstance(call, Watched):
            call.unstarted(now_ns, failure, reason)
        meter = self.context.meter
        meter.call_started(now_ns - call.due_ns, outgoing=True)
        meter.call_ended(0, failure, reason)
        self._give_back(call, now_ns)

    def coming_number(self) -> int:
        """The number that the next call will have."""
        return self._number

    def take_number(self) -> int:
        """A number for a call, or for what is run as one."""
        number = self._number
        self._number += self._number_step
        return number

    # --- Receiver ------------------------------------------------------------------------------------------------------

    def received(self, data: bytes, source: object, arrived_ns: int, now_ns: int) -> None:
        """Give a message to its call, or find out what it is."""
        self.received_messages += 1
        for trace in self.traces:
            trace.add(sent=False, data=data)
        if self.tap is not None:
            self.tap.source = source
        call_id = b""
        try:
            message = Message(data)
            call_id = message.call_id
            if self._cut_prefix and call_id.find(_CALL_ID_PREFIX_END) >= 0:
                call_id = call_id.rpartition(_CALL_ID_PREFIX_END)[2]
            call = self.calls.get(call_id)
            if call is not None:
                if self._follows and call.peer is not source:
                    self.transport.follow(call, source)
                call.receive(message, now_ns, arrived_ns)
            else:
                self._unknown(call_id, message, source, arrived_ns, now_ns)
        except MalformedMessage as malformed:
            self._garbage(data, malformed)
        except Exception as error:
            self._spoiled(self.calls.get(call_id), error, now_ns)

    def _spoiled(self, call: Call | None, error: Exception, now_ns: int) -> None:
        """A message could not be dealt with: its call has failed; without a call it is only told."""
        if call is not None:
            end_spoiled(call, error, now_ns)
            return
        self.counters.fatal_errors += 1
        self._notes.warn(f"{in_one_line(error)} at a message that belongs to no call")

    def _garbage(self, data: bytes, error: MalformedMessage) -> None:
        if not data.strip(b"\r\n\0 "):
            return  # a keep-alive (RFC 5626 section 3.5.1)
        self.counters.garbage += 1
        self._notes.warn(f"received what is no SIP message: {error}")

    def _unknown(self, call_id: bytes, message: Message, source: object, arrived_ns: int, now_ns: int) -> None:
        """A message without a call."""
        if call_id in self._dead:
            self.counters.dead_call += 1
            self._tell_stray(call_id, message, arrived_ns)
            return
        server = self._server
        if server is not None and self._accepts() and server.matcher.find(self._first_recv, message, NO_BRANCHES) is not None:
            self._start_incoming(server, call_id, message, source, arrived_ns, now_ns)
        elif self._out_of_call is not None and message.method and self.unawaited < MOST_OUT_OF_CALL:
            self._start_out_of_call(self._out_of_call, call_id, message, source, arrived_ns, now_ns)
        elif self.context.behaviours.auto_answer and message.method in _ANSWERED:
            self._tell_stray(call_id, message, arrived_ns)
            self._answer_out_of_call(call_id, message, source, arrived_ns)
        else:
            self.counters.out_of_call += 1
            self._tell_stray(call_id, message, arrived_ns)
            what = printable(message.start_line.decode("latin-1"))
            self._notes.warn(f"received a message that belongs to no call: {what}")

    def _tell_stray(self, call_id: bytes, message: Message, arrived_ns: int) -> None:
        if self.tap is not None:
            self.tap.stray(call_id, message.data, arrived_ns)

    def _accepts(self) -> bool:
        """Whether calls may come in: to a client with a server scenario, as long as it has calls of its own."""
        if self._server is self.context or not self.all_created:
            return not self.all_created
        return not self.closing and len(self.calls) > self._incoming + self.unawaited

    def _start_incoming(
        self, context: CallContext, call_id: bytes, message: Message, source: object, arrived_ns: int, now_ns: int
    ) -> None:
        if context is self.context:
            self._made += 1
        else:
            self._incoming += 1
        self._begin(self._make(context, self.take_number(), call_id, arrived_ns), message, source, arrived_ns, now_ns)

    def _start_out_of_call(
        self, context: CallContext, call_id: bytes, message: Message, source: object, arrived_ns: int, now_ns: int
    ) -> None:
        """A call that answers a request out of call. As in SIPp it has no number and is not counted as a call."""
        self.unawaited += 1
        context.meter.counters.auto_answered += 1
        self._begin(self._make(context, 0, call_id, arrived_ns), message, source, arrived_ns, now_ns)

    def _tell_failures_out_of_call(self, counters: Counters) -> None:
        """Warn of what is not counted as a call that failed."""
        if counters.failed > self._failed_out_of_call:
            self._failed_out_of_call = counters.failed
            self._notes.warn("a request out of call was not answered as the scenario for it says")

    def _begin(self, call: Call, message: Message, source: object, arrived_ns: int, now_ns: int) -> None:
        self._adopt(call, source)
        self.calls[call.call_id] = call
        call.start(arrived_ns, outgoing=False)
        call.receive(message, now_ns, arrived_ns)

    def _adopt(self, call: Call, source: object) -> None:
        """Answers go to where the call came from, but for -rsa."""
        transport = self.transport
        transport.adopt(call, source)
        if self._sends_aside:
            reason = transport.redirect(call, transport.remote)
            if reason:
                self._notes.warn(f"-rsa: {reason}")

    def _answer_out_of_call(self, call_id: bytes, message: Message, source: object, now_ns: int) -> None:
        """`-aa`: answer 200 without making a call of it."""
        call = Call(self.context, 0, call_id, due_ns=now_ns, cseq=message.cseq_number)
        self._adopt(call, source)
        call.last = message
        call.send_default(self.context.program.defaults.ok200)
        self.transport.detach(call)
        self.counters.auto_answered += 1

    def disconnected(self, wire: Wire, failure: Failure, reason: str) -> None:
        """End a call that has lost its connection."""
        if isinstance(wire, Call):
            wire.disconnected(time.monotonic_ns(), failure, reason)
            self.changed()

    def garbled(self, reason: str) -> None:
        """Count it."""
        self.counters.garbage += 1
        self._notes.warn(reason)

    def broken(self, reason: str) -> None:
        """No call can be made any more."""
        self.failure = self.failure or reason
        self.closing = True

    # --- Host ----------------------------------------------------------------------------------------------------------

    def send(self, call: CallBase, data: bytes) -> bool:
        """Send a call's message."""
        for trace in self.traces:
            trace.add(sent=True, data=data)
        return self.transport.send(call, data)

    def refusal(self, call: CallBase) -> tuple[Failure, str]:
        """Why the transport refused."""
        return self.transport.refusal(call)

    def wake(self, call: CallBase, due_ns: int) -> None:
        """Queue a call's next time."""
        self._timers.add(call, due_ns)

    def ended(self, call: CallBase, now_ns: int) -> None:
        """Forget a call, but for its Call-ID."""
        self.calls.pop(call.call_id, None)
        self._timers.forget(call)
        self._give_back(call, now_ns)
        if self._dead_call_wait_ns:
            until_ns = now_ns + self._dead_call_wait_ns
            self._dead[call.call_id] = until_ns
            self._dying.append((until_ns, call.call_id))

    def _give_back(self, call: CallBase, now_ns: int) -> None:
        """Let others have what the call had for itself: its socket, its user, its circuit."""
        self.transport.detach(call)
        if call.context is self._out_of_call:
            self.unawaited -= 1
            self._tell_failures_out_of_call(call.context.meter.counters)
            return
        if call.context is not self.context:
            self._incoming -= 1
            return
        self.pacer.ended(call.user, now_ns)
        if self.context.program.circuits and self.context.program.role is Role.UAC:
            self._free_circuits.append(call.circuit)

    def media_of(self, call: CallBase) -> CallMedia:
        """Media for a call that has none yet."""
        return self.make_media(call)

    def execute(self, command: bytes, label: str) -> None:
        """Hand on a command of the shell."""
        if self.commands is not None:
            self.commands.start(command, label)

    def end_run(self) -> None:
        """Begin no more calls, and ask the run to do so."""
        self.closing = True
        self.ask_to_stop(False)

    def redirect(self, call: CallBase, host: str, port: str, protocol: str) -> None:
        """Send a call's messages elsewhere."""
        self.destinations.redirect(call, host, port, protocol)

    def renew(self, call: CallBase) -> None:
        """Let a call send through something new."""
        reason = self.transport.renew(call)
        if reason:
            self._notes.warn(f"closecon: {reason}")

    def logged(self, text: str, level: str = "info", name: str = "", attributes: tuple[tuple[str, str], ...] = ()) -> None:
        """Hand on what a <log> action wrote. Who watches the run sees the text; the rest is for the event log."""
        self._notes.log(text)

    def warned(self, text: str) -> None:
        """Hand on a warning."""
        self._notes.warn(text)

    def aborted(self, reason: str) -> None:
        """An action ended the run, at once: the peers are not told, as in SIPp. A `reason` makes that an error."""
        self.silent = True
        if reason:
            self.counters.fatal_errors += 1
            self.broken(reason)
        else:
            self.closing = self.cutting_off = True
            self.ask_to_stop(True)

    # --- housekeeping --------------------------------------------------------------------------------------------------

    def forget_dead(self, now_ns: int, most: int = 1000) -> None:
        """Forget the Call-IDs of calls that have been dead for long enough, at most so many at once."""
        dying = self._dying
        while dying and dying[0][0] <= now_ns and most > 0:
            until_ns, call_id = dying.popleft()
            most -= 1
            if self._dead.get(call_id) == until_ns:
                del self._dead[call_id]

    def cut_off(self, most: int | None = None) -> None:
        """End every call now, or so many of them: the peers are told, unless an action ended the run."""
        now_ns = time.monotonic_ns()
        for call in list(islice(self.calls.values(), most)):
            try:
                call.stop(now_ns, tell=not self.silent)
            except Exception as error:
                end_spoiled(call, error, now_ns)


def _no_media(call: CallBase) -> CallMedia:
    raise Unsendable("this run has no media")
