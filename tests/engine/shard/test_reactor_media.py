# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reactor and media: streams are sent in its turns, also when nothing else happens, and many packets make batches."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from engine.media.pacer import Pacer
from engine.media.stream import OutStream
from engine.media.track import even_track
from engine.shard.batching import BATCHES, MEDIA_BATCH, Batching
from engine.shard.media.work import MediaWork
from engine.shard.reactor import Reactor
from engine.shard.timers import NEVER_NS, Timers
from engine.transport import Addresses, Poller
from engine.transport.rtp.ports import bind_media
from engine.transport.rtp.sending import RtpSender
from engine.transport.rtp.socket import RtpSocket

SECOND = 1_000_000_000


class Streams(MediaWork):
    """A pacer, and nothing else."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer

    @property
    def events(self) -> int:
        return self.pacer.events

    def run(self, now_ns: int) -> int:
        return self.pacer.run(now_ns)

    def fold(self) -> None:
        pass


def idle_table() -> Any:
    """A table of calls of a shard that waits for calls and has none."""
    return SimpleNamespace(
        failure="", cutting_off=False, all_created=False, calls={}, unawaited=0, received_messages=0, traces=(), tap=None,
        may_start=lambda: True, forget_dead=lambda now_ns: None,
    )  # fmt: skip


@pytest.mark.parametrize("streams", [1, 50])
async def test_streams_are_sent_in_the_turns_of_the_reactor(streams: int) -> None:
    poller, sender, came, complete = Poller(), RtpSender(), list[bytes](), trio.Event()
    pacer = Pacer(sender, time.monotonic_ns)
    addresses = Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1")

    def keep(data: bytes, source: object, arrived_ns: int) -> None:
        came.append(data)
        if len(came) == streams * 20:
            complete.set()

    target, source = (RtpSocket(bind_media(addresses, 0, 1 << 20), poller, sender, keep) for _ in range(2))
    track = even_track(bytes(range(20)), 1, 5, clock_rate=8000, payload_type=0, codec="PCMU")
    for ssrc in range(streams):
        stream = OutStream(ssrc)
        stream.socket, stream.destination = source, target.address
        pacer.add(stream)
        stream.play(track, time.monotonic_ns() + 20_000_000)
    table, meter = idle_table(), SimpleNamespace(fold=lambda: None)
    calls = SimpleNamespace(next_ns=lambda: NEVER_NS)
    reactor = Reactor(table=table, timers=Timers(), poller=poller, pacer=calls, meter=meter, media=Streams(pacer))
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reactor.run)
            await complete.wait()
            table.all_created = True
            reactor.wake()
    for ssrc in range(streams):
        mine = [data for data in came if int.from_bytes(data[8:12], "big") == ssrc]
        assert [data[12] for data in mine] == list(range(20))
    assert pacer.sent == streams * 20
    assert min(pacer.take_lateness()) >= 0
    target.close()
    source.close()
    poller.close()


@pytest.mark.parametrize(
    ("messages", "packets", "batch_ns"),
    [
        (100, None, 0),
        (BATCHES[1][0], None, BATCHES[1][1]),
        (BATCHES[0][0], None, BATCHES[0][1]),
        (100, 50, 0),
        (100, MEDIA_BATCH[0], MEDIA_BATCH[1]),
        (MEDIA_BATCH[0] // 2, MEDIA_BATCH[0] // 2, MEDIA_BATCH[1]),
        (100, 1_000_000, MEDIA_BATCH[1]),
        (BATCHES[0][0], 1_000_000, BATCHES[0][1]),
    ],
)
def test_a_batch_is_as_long_as_there_is_much_to_do(messages: int, packets: int | None, batch_ns: int) -> None:
    table, timers = SimpleNamespace(received_messages=7), SimpleNamespace(fired=7)
    media: Any = None if packets is None else SimpleNamespace(events=7)
    batching = Batching(table, timers, media)  # type: ignore[arg-type]
    batching.skip()
    for seconds in (1, 1, 2):
        table.received_messages += messages * seconds // 2
        timers.fired += messages * seconds // 2
        if media is not None:
            media.events += packets * seconds
        batching.look(seconds * SECOND)
        assert batching.batch_ns == batch_ns
        assert batching.for_media == (batch_ns > 0 and messages < BATCHES[1][0])
    batching.look(SECOND)
    assert batching.batch_ns == 0
