# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shard records of its calls, for whoever writes it down or sends it on (`engine.export`): one struct for each thing.

They are made once a message or once a call where somebody asked for them, and go to another process as MessagePack arrays
(`RECORDS_DECODER`): batches of no more than `MOST_FRAME_BYTES`, each after its length (`LENGTH_BYTES`, big-endian). Times are
wall time in ns, durations ns. `call` is the call's number, 0 where a message belongs to none. `step` is an index of the
scenario's steps, -1 for none; `scenario` says of which scenario: `main`, `incoming`, `out of call`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.messages.counts import Failure
from engine.messages.following import Place


class Record(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The base of all records."""

    unix_ns: int
    call: int
    call_id: bytes
    scenario: str


class CallStarted(Record, frozen=True, array_like=True, tag=True, gc=False):
    """A call has begun, so much later than it was due."""

    outgoing: bool
    late_ns: int


class MessageRecorded(Record, frozen=True, array_like=True, tag=True, gc=False):
    """A message was sent or has come. `again`: a retransmission. `expected`: what the call waited for, where a message that
    came was none of it, else ""."""

    sent: bool
    again: bool
    step: int
    local: Place
    remote: Place
    data: bytes
    expected: str = ""


class ActionLogged(Record, frozen=True, array_like=True, tag=True, gc=False):
    """What a <log> or <warning> action wrote. `level` is `info`, `warn` or `error`."""

    step: int
    level: str
    name: str
    text: str
    attributes: tuple[tuple[str, str], ...] = ()


class TimedOut(Record, frozen=True, array_like=True, tag=True, gc=False):
    """A step waited in vain: `expected` is what for, `source` which time it was: `recv`, `send`, `digits`, `retransmission`."""

    step: int
    expected: str
    timeout_ms: int
    source: str


class ResponseTimed(Record, frozen=True, array_like=True, tag=True, gc=False):
    """A timer of the scenario was stopped (`rtd`)."""

    step: int
    name: str
    elapsed_ns: int


class Challenged(Record, frozen=True, array_like=True, tag=True, gc=False):
    """A challenge was taken, for [authentication] to answer."""

    step: int
    status: int
    realm: str
    algorithm: str
    qop: str


class CallEnded(Record, frozen=True, array_like=True, tag=True, gc=False):
    """A call is over. `failure` is None where it succeeded; `cut_off`: the run was stopped before it had ended.

    `status` is that of the last final response, either way, else 0. `media` has figures of its media, by name, where it had
    any.
    """

    outgoing: bool
    duration_ns: int
    late_ns: int
    failure: Failure | None
    reason: str
    cut_off: bool
    status: int
    sent: int
    received: int
    retransmissions: int
    response_times: dict[str, int] = {}
    media: dict[str, float] = {}


AnyRecord = CallStarted | MessageRecorded | ActionLogged | TimedOut | ResponseTimed | Challenged | CallEnded

LENGTH_BYTES: Final = 4
MOST_FRAME_BYTES: Final = 8 << 20
"""What is longer is no frame; a shard that has more to tell at once makes several of it."""

RECORDS_DECODER: Final = msgspec.msgpack.Decoder(list[AnyRecord])
"""Of one batch of records, as a shard sends them."""
