# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tap of a shard: it sees each message and what becomes of each call, and hands that on to those who asked.

Two may have asked: whoever follows calls (`histories`), and the exporter (`records`). A message that came is kept for a moment
until the call has said which step took it, which it does before it sends anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from engine.call.base import CallBase, CallContext
from engine.call.watched import NO_STEP, Watched, Watcher
from engine.messages import EntryKind, FollowedCall, QueueCounts, TraceEntry
from engine.messages.following import Place
from engine.messages.records import (
    ActionLogged,
    CallEnded,
    CallStarted,
    Challenged,
    MessageRecorded,
    ResponseTimed,
    TimedOut,
)
from engine.shard.following.histories import Histories, History
from engine.shard.following.records import RecordLink
from engine.sip.authentication import CHALLENGES
from engine.sip.authentication.header import AuthenticationError, Scheme, read_schemes
from engine.sip.message import Message
from engine.transport import Transport

_NO_SCHEME: Final = Scheme(b"", {})
_MOST_TEXT: Final = 200


class Tap(Watcher):
    """What watched calls of a shard tell.

    `send` is what stood behind the calls' `send` before; `scenarios` are those that calls run, by their names. `source` is
    where the message that is being taken came from, as the transport says it.
    """

    __slots__ = (
        "_again",
        "_ahead_ns",
        "_arrived_unix_ns",
        "_call",
        "_data",
        "_local",
        "_messages",
        "_remote",
        "_scenarios",
        "_send",
        "_transport",
        "histories",
        "records",
        "source",
    )

    def __init__(
        self,
        transport: Transport,
        send: Callable[[CallBase, bytes], bool],
        scenarios: Mapping[str, CallContext],
        histories: Histories,
        records: RecordLink | None,
    ) -> None:
        self._transport = transport
        self._send = send
        self._scenarios = {id(context): name for name, context in scenarios.items()}
        self.histories = histories
        self.records = records
        self._messages = records if records is not None and records.wants(MessageRecorded) else None
        self.source: object = None
        self._ahead_ns = 0
        self._call: Watched | None = None
        self._data = b""
        self._arrived_unix_ns = 0
        self._local: Place = ("", 0)
        self._remote: Place = ("", 0)
        self.flush()

    def flush(self) -> None:
        """Once a tick: send records on, and see how far wall time is ahead of the monotonic clock."""
        self._ahead_ns = time.time_ns() - time.monotonic_ns()
        if self.records is not None:
            self.records.flush()

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """What became of what was to be told, by name."""
        counts = {"followed calls": self.histories.counts}
        if self.records is not None:
            counts["records"] = self.records.counts
        return counts

    def close(self) -> None:
        """Send the last records; closing twice does nothing."""
        if self.records is not None:
            self.records.close()

    def let_go(self) -> None:
        """Drop the records that are left, if it is not closed: the shard has failed, or was ended."""
        if self.records is not None:
            self.records.let_go()

    # --- messages ------------------------------------------------------------------------------------------------------

    def send(self, call: CallBase, data: bytes) -> bool:
        """Send a message of a call, and tell that it was sent."""
        now_unix_ns = time.time_ns()  # before it leaves: an answer may be here before `_send` returns
        if not self._send(call, data):
            return False
        self.settled()
        local, remote = self._transport.ends(call, call.peer)
        if not isinstance(call, Watched):
            self._record_stray(call.call_id, data, now_unix_ns, True, local, remote)
            return True
        call.sent(data)
        history = call.history
        if isinstance(history, History):
            self._add(
                history,
                TraceEntry(
                    unix_ns=now_unix_ns,
                    kind=EntryKind.SENT,
                    step=call.sending,
                    again=call.sends_again,
                    local=local,
                    remote=remote,
                    data=data,
                ),
            )
        if self._messages is not None:
            self._messages.add(
                MessageRecorded(
                    now_unix_ns,
                    call.number,
                    call.call_id,
                    self._scenario_of(call),
                    True,
                    call.sends_again,
                    call.sending,
                    local,
                    remote,
                    data,
                )
            )
        call.sent_is_told()
        return True

    def stray(self, call_id: bytes, data: bytes, arrived_ns: int) -> None:
        """A message has come that belongs to no call."""
        if self._messages is not None:
            local, remote = self._transport.ends(None, self.source)
            self._record_stray(call_id, data, arrived_ns + self._ahead_ns, False, local, remote)

    def _record_stray(self, call_id: bytes, data: bytes, unix_ns: int, sent: bool, local: Place, remote: Place) -> None:
        if self._messages is not None:
            self._messages.add(MessageRecorded(unix_ns, 0, call_id, "", sent, False, NO_STEP, local, remote, data))

    def received(self, call: Watched, data: bytes, arrived_ns: int) -> None:
        """See `Watcher`."""
        self.settled()
        self._call, self._data, self._arrived_unix_ns = call, data, arrived_ns + self._ahead_ns
        self._local, self._remote = self._transport.ends(call, self.source)

    def took(self, step: int, again: bool) -> None:
        """See `Watcher`."""
        self._tell_received(step, again, "")

    def unexpected(self, expected: str) -> None:
        """See `Watcher`."""
        self._tell_received(NO_STEP, False, expected)

    def settled(self) -> None:
        """See `Watcher`."""
        if self._call is not None:
            self._tell_received(NO_STEP, False, "")

    def _tell_received(self, step: int, again: bool, expected: str) -> None:
        call = self._call
        if call is None:
            return
        self._call = None
        history = call.history
        if isinstance(history, History):
            self._add(
                history,
                TraceEntry(
                    unix_ns=self._arrived_unix_ns,
                    kind=EntryKind.RECEIVED,
                    step=step,
                    again=again,
                    local=self._local,
                    remote=self._remote,
                    data=self._data,
                    text=f"unexpected in {expected}" if expected else "",
                ),
            )
        if self._messages is not None:
            self._messages.add(
                MessageRecorded(
                    self._arrived_unix_ns,
                    call.number,
                    call.call_id,
                    self._scenario_of(call),
                    False,
                    again,
                    step,
                    self._local,
                    self._remote,
                    self._data,
                    expected,
                )
            )

    def lost(self, call: Watched, step: int, sent: bool) -> None:
        """See `Watcher`."""
        if not sent:
            self._tell_received(step, False, "")
        self._note(call, EntryKind.LOST, step, "not sent" if sent else "not taken")

    # --- a call --------------------------------------------------------------------------------------------------------

    def begun(self, call: Watched, now_ns: int) -> None:
        """See `Watcher`."""
        call.history = self.histories.begin(call.number, call.call_id)
        if self.records is not None:
            self.records.add(
                CallStarted(
                    now_ns + self._ahead_ns,
                    call.number,
                    call.call_id,
                    self._scenario_of(call),
                    call.outgoing,
                    call.late_ns,
                )
            )

    def did(self, call: Watched, text: str) -> None:
        """See `Watcher`."""
        self._note(call, EntryKind.ACTION, call.step_index, text)

    def logged(self, call: Watched, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        """See `Watcher`."""
        self._note(call, EntryKind.ACTION, call.step_index, f"{'warning' if level == 'warn' else 'log'}: {text}")
        if self.records is not None:
            self.records.add(
                ActionLogged(
                    time.time_ns(),
                    call.number,
                    call.call_id,
                    self._scenario_of(call),
                    call.step_index,
                    level,
                    name,
                    text,
                    attributes,
                )
            )

    def timed_out(self, call: Watched, step: int, expected: str, timeout_ms: int, source: str) -> None:
        """See `Watcher`."""
        self._note(call, EntryKind.NOTE, step, f"{source} timed out in {expected}")
        if self.records is not None:
            self.records.add(
                TimedOut(
                    time.time_ns(),
                    call.number,
                    call.call_id,
                    self._scenario_of(call),
                    step,
                    expected,
                    timeout_ms,
                    source,
                )
            )

    def timed(self, call: Watched, step: int, name: str, elapsed_ns: int) -> None:
        """See `Watcher`."""
        if self.records is not None:
            self.records.add(
                ResponseTimed(
                    time.time_ns(),
                    call.number,
                    call.call_id,
                    self._scenario_of(call),
                    step,
                    name,
                    elapsed_ns,
                )
            )

    def challenged(self, call: Watched, message: Message) -> None:
        """See `Watcher`."""
        if self.records is None:
            return
        try:
            scheme = next(iter(read_schemes(message.values(CHALLENGES[message.status]))), _NO_SCHEME)
        except AuthenticationError:
            scheme = _NO_SCHEME
        realm, algorithm, qop = [
            scheme.get(name)[:_MOST_TEXT].decode("utf-8", "replace") for name in (b"realm", b"algorithm", b"qop")
        ]
        self.records.add(
            Challenged(
                time.time_ns(),
                call.number,
                call.call_id,
                self._scenario_of(call),
                call.step_index,
                message.status,
                realm,
                algorithm,
                qop,
            )
        )

    def ended(self, call: Watched, now_ns: int) -> None:
        """See `Watcher`."""
        self.settled()
        history, call.history = call.history, None
        if isinstance(history, History):
            if call.reason:
                self._add(history, TraceEntry(unix_ns=now_ns + self._ahead_ns, kind=EntryKind.NOTE, text=call.reason))
            if self.histories.end(history, call.failure):
                self.histories.tell(self._followed(call, history))
        if self.records is not None:
            self.records.add(self._ended(call, now_ns))

    def _followed(self, call: Watched, history: History) -> FollowedCall:
        return FollowedCall(
            number=call.number,
            call_id=call.call_id.decode("utf-8", "replace"),
            why=history.why,
            scenario=self._scenario_of(call),
            outgoing=call.outgoing,
            protocol=self._transport.protocol,
            started_unix_ns=call.started_ns + self._ahead_ns,
            duration_ns=call.duration_ns,
            is_over=not call.cut_off,
            failure=call.failure,
            reason=call.reason,
            status=call.status,
            response_times=call.response_times,
            entries=tuple(history.entries),
            left_out=history.left_out,
        )

    def _ended(self, call: Watched, now_ns: int) -> CallEnded:
        return CallEnded(
            now_ns + self._ahead_ns,
            call.number,
            call.call_id,
            self._scenario_of(call),
            call.outgoing,
            call.duration_ns,
            call.late_ns,
            call.failure,
            call.reason,
            call.cut_off,
            call.status,
            call.sent_count,
            call.received_count,
            call.repeated_count,
            call.response_times,
            call.media_figures(),
        )

    def _scenario_of(self, call: CallBase) -> str:
        return self._scenarios.get(id(call.context), "")

    def _note(self, call: Watched, kind: EntryKind, step: int, text: str) -> None:
        history = call.history
        if isinstance(history, History):
            self._add(history, TraceEntry(unix_ns=time.time_ns(), kind=kind, step=step, text=text))

    def _add(self, history: History, entry: TraceEntry) -> None:
        self.histories.add(history, entry)
