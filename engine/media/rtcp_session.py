# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the two ends of a stream tell each other by RTCP: when reports are due, what they say, what the peer's say.

After RFC 3550 section 6.2 for two members: reports are due at an interval times 0.5 to 1.5, the first after half of that.
What a network of many members needs, and a call does not, is left out: bandwidth shares, reconsideration, timeouts.
"""

from __future__ import annotations

import random
from typing import Final, Protocol

from engine.media.reception import NS_A_SECOND, Reception
from engine.media.rtcp import (
    Goodbye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    ntp_middle,
    ntp_time,
    read_rtcp,
    write_rtcp,
)

DEFAULT_INTERVAL_MS: Final = 5000
MOST_A_SECOND: Final = 100
"""Datagrams that are read; a peer that sends more is not listened to until the second is over."""
LONGEST_ROUND_TRIP_NS: Final = 60 * NS_A_SECOND

_NS_A_MS: Final = 1_000_000
_SHORT_SECOND: Final = 1 << 16
"""Units of the time since the last sender report."""
_SHORT_UNIT_NS: Final = NS_A_SECOND // _SHORT_SECOND + 1
_REMEMBERED: Final = 8
_U32: Final = 0xFFFFFFFF
_UNKNOWN: Final = -1


class Sender(Protocol):
    """What a report needs to know of the stream that we send."""

    @property
    def ssrc(self) -> int:
        """Its synchronisation source."""

    @property
    def packets_sent(self) -> int:
        """Packets of RTP so far."""

    @property
    def octets_sent(self) -> int:
        """Octets of payload so far."""

    def timestamp_at(self, now_ns: int) -> int:
        """The RTP timestamp that belongs to this time."""


class RtcpSession:
    """One stream out and one in. Times named `now_ns` are of the monotonic clock, `unix_ns` of the wall's; `clock_rate` is that
    of the stream that we send.

    Of what the peer says of our stream the latest is kept, -1 where it has said nothing: `round_trip_ns`, `peer_lost` and
    `peer_fraction_lost` (0 to 1), `peer_jitter_ns` (with maximum), and of its own stream `peer_packets`, how many it says to
    have sent.
    """

    __slots__ = (
        "_cname",
        "_interval_ns",
        "_last_reports",
        "_last_sr",
        "_last_sr_ns",
        "_last_sr_ssrc",
        "_random",
        "_second",
        "_sent_before",
        "_this_second",
        "clock_rate",
        "due_ns",
        "flooded",
        "goodbye",
        "implausible",
        "malformed",
        "peer_cname",
        "peer_fraction_lost",
        "peer_jitter_max_ns",
        "peer_jitter_ns",
        "peer_lost",
        "peer_packets",
        "reports_received",
        "round_trip_ns",
        "round_trips",
    )

    def __init__(
        self, cname: str, clock_rate: int, draw: random.Random, now_ns: int, interval_ms: int = DEFAULT_INTERVAL_MS
    ) -> None:
        self.clock_rate = clock_rate
        self.reports_received = 0
        self.malformed = 0
        self.flooded = 0
        self.implausible = 0
        """Round trips that cannot be: negative, very long, or since a report that we did not send."""
        self.round_trip_ns = _UNKNOWN
        self.round_trips = 0
        """How many were measured; `round_trip_ns` is the last."""
        self.peer_lost = _UNKNOWN
        self.peer_fraction_lost = -1.0
        self.peer_jitter_ns = _UNKNOWN
        self.peer_jitter_max_ns = _UNKNOWN
        self.peer_packets = _UNKNOWN
        self.peer_cname = ""
        self.goodbye = False
        self._cname = cname
        self._random = draw
        self._interval_ns = interval_ms * _NS_A_MS
        self._last_reports: dict[int, int] = {}
        self._last_sr = 0
        self._last_sr_ns = 0
        self._last_sr_ssrc = _UNKNOWN
        self._sent_before = (0, 0)
        self._second = 0
        self._this_second = 0
        self.due_ns = now_ns + self._drawn_ns() // 2

    def report(self, now_ns: int, unix_ns: int, sender: Sender, reception: Reception | None, peer_ssrc: int = 0) -> bytes:
        """The report that is due, and when the next one is: of a sender if it has sent since the report before the last.

        `reception` is of what comes from `peer_ssrc`, None when nothing has come.
        """
        self.due_ns = now_ns + self._drawn_ns()
        return write_rtcp(self._compound(now_ns, unix_ns, sender, reception, peer_ssrc))

    def farewell(
        self, now_ns: int, unix_ns: int, sender: Sender, reception: Reception | None, peer_ssrc: int = 0, reason: str = ""
    ) -> bytes:
        """The last report, with BYE."""
        packets = self._compound(now_ns, unix_ns, sender, reception, peer_ssrc)
        return write_rtcp([*packets, Goodbye((sender.ssrc,), reason)])

    def received(self, data: bytes, now_ns: int, own_ssrc: int) -> bool:
        """Take a datagram of the peer that came at `now_ns`; False when it is malformed, or one of a flood."""
        if now_ns - self._second >= NS_A_SECOND:
            self._second, self._this_second = now_ns, 0
        self._this_second += 1
        if self._this_second > MOST_A_SECOND:
            self.flooded += 1
            return False
        packets = read_rtcp(data)
        if packets is None:
            self.malformed += 1
            return False
        for packet in packets:
            self._take(packet, now_ns, own_ssrc)
        return True

    def peer_loss(self, packets_sent: int) -> float:
        """The part of what we sent that the peer says to have lost, 0 to 1; -1 when it has said nothing."""
        if self.peer_lost == _UNKNOWN and self.peer_fraction_lost < 0:
            return -1.0
        return min(1.0, max(0, self.peer_lost) / packets_sent) if packets_sent > 0 else 0.0

    def _drawn_ns(self) -> int:
        return int(self._interval_ns * (0.5 + self._random.random()))

    def _compound(
        self, now_ns: int, unix_ns: int, sender: Sender, reception: Reception | None, peer_ssrc: int
    ) -> list[RtcpPacket]:
        """Report and name (section 6.1)."""
        blocks: tuple[ReportBlock, ...] = ()
        if reception is not None and reception.packets:
            known = self._last_sr_ssrc == peer_ssrc
            since = (now_ns - self._last_sr_ns) * _SHORT_SECOND // NS_A_SECOND if known else 0
            blocks = (reception.report_block(peer_ssrc, self._last_sr if known else 0, min(max(since, 0), _U32)),)
        ssrc, packets = sender.ssrc, sender.packets_sent
        sends = packets > self._sent_before[0]
        self._sent_before = (self._sent_before[1], packets)
        if not sends:
            return [ReceiverReport(ssrc, blocks), SourceDescription({ssrc: self._cname})]
        ntp = ntp_time(unix_ns)
        self._remember(ntp_middle(ntp), now_ns)
        report = SenderReport(ssrc, ntp, sender.timestamp_at(now_ns) & _U32, packets & _U32, sender.octets_sent & _U32, blocks)
        return [report, SourceDescription({ssrc: self._cname})]

    def _remember(self, middle: int, now_ns: int) -> None:
        """Our own reports, by what the peer will name them: so round trips are taken by one clock, that nobody sets."""
        self._last_reports[middle] = now_ns
        if len(self._last_reports) > _REMEMBERED:
            del self._last_reports[next(iter(self._last_reports))]

    def _take(self, packet: RtcpPacket, now_ns: int, own_ssrc: int) -> None:
        if isinstance(packet, SenderReport):
            self._last_sr = ntp_middle(packet.ntp)
            self._last_sr_ns = now_ns
            self._last_sr_ssrc = packet.ssrc
            self.peer_packets = packet.packets
        if isinstance(packet, SenderReport | ReceiverReport):
            self.reports_received += 1
            for block in packet.blocks:
                if block.ssrc == own_ssrc:
                    self._take_block(block, now_ns)
        elif isinstance(packet, SourceDescription):
            self.peer_cname = next(iter(packet.cnames.values()), self.peer_cname)
        else:
            self.goodbye = True

    def _take_block(self, block: ReportBlock, now_ns: int) -> None:
        self.peer_lost = block.cumulative_lost
        self.peer_fraction_lost = block.fraction_lost / 256
        self.peer_jitter_ns = block.jitter * NS_A_SECOND // max(1, self.clock_rate)
        self.peer_jitter_max_ns = max(self.peer_jitter_max_ns, self.peer_jitter_ns)
        if block.last_sr:
            self._take_round_trip(block, now_ns)

    def _take_round_trip(self, block: ReportBlock, now_ns: int) -> None:
        sent_ns = self._last_reports.get(block.last_sr)
        held_ns = block.delay_since_last_sr * NS_A_SECOND // _SHORT_SECOND
        trip_ns = now_ns - sent_ns - held_ns if sent_ns is not None else _UNKNOWN - _SHORT_UNIT_NS
        if not -_SHORT_UNIT_NS <= trip_ns <= LONGEST_ROUND_TRIP_NS:
            self.implausible += 1
            return
        self.round_trip_ns = max(0, trip_ns)
        self.round_trips += 1
