# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a stream plays: packets that are ready but for their headers.

A track is made once, before the run, and all streams of a shard that play it share it. Nothing of it is copied a packet: a
packet is a place in `payloads`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

NS_A_SECOND: Final = 1_000_000_000


class Track:
    """Packets in the order in which they are sent; all sequences have one entry a packet.

    `payloads` holds the payloads one after the other; packet k is `payloads[starts[k]:starts[k] + sizes[k]]`. It is due
    `dues_ns[k]` after the start of a pass, and its RTP timestamp is `timestamps[k]` units of `clock_rate` after that of the
    start (RFC 3550 section 5.1); `markers[k]` is its marker bit. A pass lasts `period_ns`; in it timestamps grow by
    `period_ticks`. `whole`: the payloads are whole datagrams, sent as they are (a replayed capture, RTP or not), and timestamps
    and markers are not used. `payload_type` is the one that the track was made for; a stream may be told another. `codec` is
    the encoding name (`PCMU`), "" when it is not known.
    """

    __slots__ = (
        "clock_rate",
        "codec",
        "dues_ns",
        "markers",
        "payload_type",
        "payloads",
        "period_ns",
        "period_ticks",
        "sizes",
        "starts",
        "timestamps",
        "whole",
    )

    def __init__(
        self,
        payloads: bytes,
        starts: Sequence[int],
        sizes: Sequence[int],
        dues_ns: Sequence[int],
        timestamps: Sequence[int],
        markers: Sequence[int],
        *,
        period_ns: int,
        period_ticks: int,
        payload_type: int = 0,
        clock_rate: int = 8000,
        codec: str = "",
        whole: bool = False,
    ) -> None:
        self.payloads = payloads
        self.starts = starts
        self.sizes = sizes
        self.dues_ns = dues_ns
        self.timestamps = timestamps
        self.markers = markers
        self.period_ns = period_ns
        self.period_ticks = period_ticks
        self.payload_type = payload_type
        self.clock_rate = clock_rate
        self.codec = codec
        self.whole = whole

    def __len__(self) -> int:
        """Packets in a pass."""
        return len(self.starts)


def spaced_track(
    payloads: bytes,
    starts: Sequence[int],
    sizes: Sequence[int],
    packet_ms: int,
    *,
    clock_rate: int,
    payload_type: int,
    codec: str,
) -> Track:
    """A track of packets that lie anywhere in `payloads`, one each `packet_ms`. None has the marker bit: it is never silent, so
    nothing begins in it (RFC 3551 section 4.1)."""
    count = len(starts)
    step, step_ns = clock_rate * packet_ms // 1000, packet_ms * 1_000_000
    return Track(
        payloads,
        starts,
        sizes,
        range(0, count * step_ns, step_ns),
        range(0, count * step, step),
        bytes(count),
        period_ns=count * step_ns,
        period_ticks=count * step,
        payload_type=payload_type,
        clock_rate=clock_rate,
        codec=codec,
    )


def even_track(payloads: bytes, packet_bytes: int, packet_ms: int, *, clock_rate: int, payload_type: int, codec: str) -> Track:
    """The same of packets of one size that lie one after the other; the last may be shorter."""
    count = max(1, -(-len(payloads) // packet_bytes))
    starts = range(0, count * packet_bytes, packet_bytes)
    sizes = [packet_bytes] * count
    sizes[-1] = len(payloads) - (count - 1) * packet_bytes
    return spaced_track(payloads, starts, sizes, packet_ms, clock_rate=clock_rate, payload_type=payload_type, codec=codec)
