# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages to Homer as HEP3: all of them as they are recorded, or all of a followed call once it is over.

A packet is made when it can be sent, so that a message which is dropped has cost next to nothing. While Homer is away there is
one warning, and what is for it waits; one tries again after half a second, then after twice as long each time, up to 30 s.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import trio

from engine.errors import GossipperError
from engine.export.hep import LARGEST, LARGEST_DATAGRAM, TCP, UDP, HepEncoder
from engine.export.homer_checks import context_of, key_of, place_of
from engine.export.homer_links import DatagramLink, Link, LinkBroken, StreamLink
from engine.export.outage import Outage
from engine.export.sink import Item, Sink, Surroundings
from engine.export.waiting import Waiting
from engine.messages import CallTrace, QueueCounts
from engine.messages.following import EntryKind, FollowedCall, Place
from engine.messages.records import MessageRecorded
from engine.options.transports import KINDS

MOST_WAITING: Final = 50_000
"""Messages: some seconds of a busy run."""
_NOWHERE: Final = ("", 0)

_Message: TypeAlias = tuple[int, Place, Place, bytes, bytes]
"""Wall time in ns, from where, to where, Call-ID, and the message."""


def homer_of(surroundings: Surroundings) -> Sink:
    """The sink for what the configuration wants sent."""
    kind = EveryMessage if surroundings.started.config.hep_what == "all" else FollowedMessages
    return kind(surroundings)


class Homer(Sink):
    """What both have in common: the queue, and who empties it."""

    name = "HEP"

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        config = surroundings.started.config
        self._host, self._port = place_of(config)
        who = f"Homer at {config.hep_address} over {config.hep_protocol.upper()}"
        self._outage = Outage(who, surroundings.warn)
        self._waiting: Waiting[_Message] = Waiting(MOST_WAITING)
        self._supply = _Packets(self._waiting, surroundings)
        self._link: Link | None = None
        self._closed = trio.Event()

    async def open(self) -> None:
        """See `Sink`."""
        config = self.surroundings.started.config
        if config.hep_protocol == "udp":
            self._link = DatagramLink(self._host, self._port, self._outage.went_well)
            return
        context = await trio.to_thread.run_sync(context_of, config) if config.hep_protocol == "tls" else None
        self._link = StreamLink(self._host, self._port, self._outage.went_well, context)

    async def write(self) -> None:
        """See `Sink`. After `close` a Homer that is away is tried once more, and no longer waited for."""
        if self._link is None:
            raise GossipperError("HEP is written before it was opened")
        while True:
            was_closed, dropped = self._closed.is_set(), self._waiting.counts.dropped
            try:
                await self._link.carry(self._supply)
                return
            except LinkBroken as broken:
                is_done = self._closed.is_set() and not len(self._supply)
                if not is_done or self._waiting.counts.dropped > dropped:
                    self._outage.broken(str(broken))
            if was_closed or is_done:
                return
            with trio.move_on_after(self._outage.next_pause_s()):
                await self._closed.wait()

    def close(self) -> None:
        """See `Sink`."""
        self._closed.set()
        self._waiting.close()

    def abandon(self) -> None:
        """See `Sink`."""
        self._waiting.abandon()

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """See `Sink`."""
        if self._link is not None:
            self._link.settle(self._supply)
        return {self.name: self._waiting.counts}

    def _offer(self, unix_ns: int, is_sent: bool, local: Place, remote: Place, call_id: bytes, data: bytes) -> None:
        source, destination = (local, remote) if is_sent else (remote, local)
        self._waiting.offer((unix_ns, source, destination, call_id, data), len(data))


class EveryMessage(Homer):
    """`-hep_what all`: every message, as it is recorded."""

    wants = frozenset({MessageRecorded})

    def take(self, item: Item) -> None:
        """See `Sink`."""
        if isinstance(item, MessageRecorded):
            self._offer(item.unix_ns, item.sent, item.local, item.remote, item.call_id, item.data)


class FollowedMessages(Homer):
    """`-hep_what followed` and `failed`: the messages of a call that was followed, or of one that was and failed."""

    wants = frozenset({CallTrace})

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._only_failed = surroundings.started.config.hep_what == "failed"

    def take(self, item: Item) -> None:
        """See `Sink`."""
        if isinstance(item, CallTrace) and (item.call.failure is not None or not self._only_failed):
            self._offer_all(item.call)

    def _offer_all(self, call: FollowedCall) -> None:
        call_id = call.call_id.encode("utf-8", "replace")
        for entry in call.messages:
            is_sent = entry.kind is EntryKind.SENT
            self._offer(entry.unix_ns, is_sent, entry.local or _NOWHERE, entry.remote or _NOWHERE, call_id, entry.data)


class _Packets:
    """What waits, as packets (`homer_links.Supply`)."""

    def __init__(self, waiting: Waiting[_Message], surroundings: Surroundings) -> None:
        config = surroundings.started.config
        protocol = TCP if KINDS[config.transport].is_stream else UDP
        most = LARGEST_DATAGRAM if config.hep_protocol == "udp" else LARGEST
        self._encoder = HepEncoder(protocol, config.hep_capture_id, key_of(config), most)
        self._waiting = waiting
        self._warn = surroundings.warn
        self._most = most
        self._given_back: list[bytes] = []

    def __len__(self) -> int:
        return len(self._waiting)

    async def take(self, most: int) -> list[bytes]:
        """See `Supply`."""
        if self._given_back:
            packets, self._given_back = self._given_back[:most], self._given_back[most:]
            return packets
        had_cut = self._encoder.cut
        packets = [self._encoder.encode(*message) for message in await self._waiting.take(most)]
        if self._encoder.cut and not had_cut:
            self._warn(f"HEP: a packet has {self._most} bytes at most; of longer messages the beginning is sent")
        return packets

    def give_back(self, packets: list[bytes]) -> None:
        """See `Supply`."""
        self._given_back = packets + self._given_back

    def written(self, count: int) -> None:
        """See `Supply`."""
        self._waiting.written(count)

    def dropped(self, count: int) -> None:
        """See `Supply`."""
        self._waiting.dropped(count)
