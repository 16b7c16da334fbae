# SPDX-License-Identifier: AGPL-3.0-or-later
"""What came of one synchronisation source: lost, late, doubled, uneven (RFC 3550 sections 6.4.1, A.1, A.3, A.8).

Every packet counts from the first on: there is no probation as in A.1, since a load tester tells what came, and a call may be
short. A source is believed to have started anew, as there, when two packets follow each other far from where it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.media.playout import Playout
from engine.media.rtcp import ReportBlock

NS_A_SECOND: Final = 1_000_000_000

MAX_DROPOUT: Final = 3000
"""Sequence numbers that may be missing between two packets of one source (A.1)."""
WINDOW: Final = 512
"""How far behind the highest sequence number a packet is still known for late or doubled (A.1 has 100, for slow sources)."""
GAP_PACKETS: Final = 3
"""Packet times without a packet that make a gap which a listener hears."""
TRUSTED_DIFFERENCE_NS: Final = 10 * NS_A_SECOND
"""A source whose timestamps and arrivals drift apart by more from one packet to the next has set its clock anew."""
MOST_PACKET_NS: Final = 200_000_000
"""A longer time between timestamps of neighbours is a pause of the source, not its packet time (RFC 3551 section 4.2)."""
DEFAULT_PACKET_NS: Final = 20_000_000

_MODULUS: Final = 1 << 16
_HALF_CLOCK: Final = 1 << 31
_CLOCK: Final = 1 << 32
_WINDOW_BITS: Final = (1 << WINDOW) - 1
_NO_SEQUENCE: Final = -1
_LOST_BITS: Final = 24
_U32: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class ReceptionSummary:
    """What a leg tells of a stream that it received; of several sources in turn the sums (`summed`).

    `packets` counts all, doubled ones too; `lost` those that never came, so what is doubled hides no loss. `bursts` is how many
    runs of missing packets there were: `lost / bursts` is their mean length. `late` are those that came, and too late to be
    heard (`engine.media.playout`).
    """

    packets: int = 0
    expected: int = 0
    lost: int = 0
    bursts: int = 0
    duplicates: int = 0
    reordered: int = 0
    restarts: int = 0
    late: int = 0
    jitter_mean_ns: int = 0
    jitter_max_ns: int = 0
    longest_gap_ns: int = 0
    gaps: int = 0
    mos: float = 0.0

    def since(self, before: ReceptionSummary) -> ReceptionSummary:
        """What came after an earlier summary of the same; the extremes are those of the whole, the score is left open.

        What was missing then and has come since makes up for what is missing now.
        """
        packets = self.packets - before.packets
        jitter_ns = self.jitter_mean_ns * self.packets - before.jitter_mean_ns * before.packets
        return ReceptionSummary(
            packets=packets,
            expected=max(0, self.expected - before.expected),
            lost=max(0, self.lost - before.lost),
            bursts=max(0, self.bursts - before.bursts),
            duplicates=self.duplicates - before.duplicates,
            reordered=self.reordered - before.reordered,
            restarts=self.restarts - before.restarts,
            late=self.late - before.late,
            jitter_mean_ns=max(0, jitter_ns // packets) if packets > 0 else 0,
            jitter_max_ns=self.jitter_max_ns,
            longest_gap_ns=self.longest_gap_ns,
            gaps=self.gaps - before.gaps,
        )


def summed(parts: Iterable[ReceptionSummary]) -> ReceptionSummary:
    """Of several sources one: counts are added, means weighed by their packets, the worst is the worst of all."""
    ones = [one for one in parts if one.packets]
    packets = sum(one.packets for one in ones)
    if not ones:
        return ReceptionSummary()
    return ReceptionSummary(
        packets=packets,
        expected=sum(one.expected for one in ones),
        lost=sum(one.lost for one in ones),
        bursts=sum(one.bursts for one in ones),
        duplicates=sum(one.duplicates for one in ones),
        reordered=sum(one.reordered for one in ones),
        restarts=sum(one.restarts for one in ones),
        late=sum(one.late for one in ones),
        jitter_mean_ns=sum(one.jitter_mean_ns * one.packets for one in ones) // packets,
        jitter_max_ns=max(one.jitter_max_ns for one in ones),
        longest_gap_ns=max(one.longest_gap_ns for one in ones),
        gaps=sum(one.gaps for one in ones),
        mos=sum(one.mos * one.packets for one in ones) / packets,
    )


class Reception:
    """One source. `clock_rate` is that of its RTP timestamps, in Hz. Memory and time a packet are constant.

    Only packets whose timestamps tell when they were taken are for `received`; those of events (RFC 4733), which keep the
    timestamp of their start, and comfort noise, which comes when it likes, are for `counted`.
    """

    __slots__ = (
        "_base",
        "_expected_before",
        "_expected_prior",
        "_followed_by",
        "_gap_ns",
        "_hole_anchor",
        "_holes",
        "_jitter_samples",
        "_jitter_sum",
        "_jitter_x16",
        "_last_arrived_ns",
        "_last_timestamp",
        "_last_timestamp_ns",
        "_packet_ns",
        "_packet_ticks",
        "_playout",
        "_received_prior",
        "_timed",
        "bursts",
        "clock_jumps",
        "clock_rate",
        "duplicates",
        "gaps",
        "highest",
        "jitter_max_ns",
        "longest_gap_ns",
        "packets",
        "reordered",
        "restarts",
        "strays",
    )

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = max(1, clock_rate)
        self.packets = 0
        self.duplicates = 0
        self.reordered = 0
        self.restarts = 0
        self.strays = 0
        """Packets far from where the source is, that no other followed: not of its sequence, and not expected."""
        self.clock_jumps = 0
        self.bursts = 0
        self.gaps = 0
        self.longest_gap_ns = 0
        self.jitter_max_ns = 0
        self.highest = 0
        """Highest sequence number, with the number of its cycles in the bits above 16."""
        self._base = 0
        self._expected_before = 0
        self._followed_by = _NO_SEQUENCE
        self._holes = 0
        self._hole_anchor = 0
        self._jitter_x16 = 0
        self._jitter_sum = 0
        self._jitter_samples = 0
        self._last_arrived_ns = 0
        self._last_timestamp = 0
        self._last_timestamp_ns = 0
        self._timed = False
        self._packet_ticks = 0
        self._playout = Playout()
        self._packet_ns = 0
        self._gap_ns = GAP_PACKETS * DEFAULT_PACKET_NS
        self._expected_prior = 0
        self._received_prior = 0

    @property
    def expected(self) -> int:
        """How many packets the source has sent, from its first that came to its highest (A.3)."""
        return self._expected_before + (self.highest - self._base + 1 if self.packets else 0)

    @property
    def lost(self) -> int:
        """How many never came."""
        return max(0, self.expected - (self.packets - self.duplicates - self.strays))

    @property
    def jitter(self) -> int:
        """Interarrival jitter now, in units of the clock, as reports have it (A.8)."""
        return (self._jitter_x16 >> 4) * self.clock_rate // NS_A_SECOND

    @property
    def jitter_ns(self) -> int:
        """Interarrival jitter now."""
        return self._jitter_x16 >> 4

    @property
    def jitter_mean_ns(self) -> int:
        """Mean of the jitter as it was at each packet but the first and those with a marker, which follow a silence."""
        return (self._jitter_sum // self._jitter_samples) >> 4 if self._jitter_samples else 0

    def received(self, sequence: int, timestamp: int, arrived_ns: int, marker: bool = False) -> None:
        """A packet came, whose timestamp is the time of what it holds; `arrived_ns` may be of any clock, but of one."""
        follows = self._place(sequence)
        self._gap(arrived_ns, marker)
        if self._timed:
            ticks = (timestamp - self._last_timestamp) % _CLOCK
            if ticks >= _HALF_CLOCK:
                ticks -= _CLOCK
            if follows and ticks != self._packet_ticks and not marker:
                self._learn(ticks)
            step_ns = self._packet_ns if ticks == self._packet_ticks else ticks * NS_A_SECOND // self.clock_rate
            self._difference(arrived_ns - self._last_timestamp_ns, step_ns, marker)
        self._timed = True
        self._last_timestamp = timestamp
        self._last_timestamp_ns = arrived_ns

    def counted(self, sequence: int, arrived_ns: int, marker: bool = False) -> None:
        """A packet came whose timestamp is not the time when it was taken: it counts, and says nothing of jitter."""
        self._place(sequence)
        self._gap(arrived_ns, marker)

    def report_block(self, ssrc: int, last_sr: int = 0, delay_since_last_sr: int = 0) -> ReportBlock:
        """What to tell the source; the fraction lost is of the time since the last call (A.3)."""
        expected = self.expected
        received = self.packets - self.strays
        interval_expected = expected - self._expected_prior
        interval_lost = interval_expected - (received - self._received_prior)
        self._expected_prior = expected
        self._received_prior = received
        fraction = min(255, (interval_lost << 8) // interval_expected) if interval_expected > 0 and interval_lost > 0 else 0
        most = (1 << (_LOST_BITS - 1)) - 1
        cumulative = max(-most - 1, min(most, expected - received))
        return ReportBlock(
            ssrc, fraction, cumulative, self.highest & _U32, min(self.jitter, _U32), last_sr & _U32, delay_since_last_sr & _U32
        )

    def summary(self, mos: float = 0.0) -> ReceptionSummary:
        """All of it, for statistics."""
        return ReceptionSummary(
            packets=self.packets,
            expected=self.expected,
            lost=self.lost,
            bursts=self.bursts,
            duplicates=self.duplicates,
            reordered=self.reordered,
            restarts=self.restarts,
            late=self._playout.late,
            jitter_mean_ns=self.jitter_mean_ns,
            jitter_max_ns=self.jitter_max_ns,
            longest_gap_ns=self.longest_gap_ns,
            gaps=self.gaps,
            mos=mos,
        )

    def _place(self, sequence: int) -> bool:
        """Count a packet by its sequence number; True when it is the next."""
        self.packets += 1
        if self.packets == 1:
            self._begin(sequence, sequence)
            return False
        ahead = (sequence - self.highest) % _MODULUS
        if ahead == 1:
            self.highest += 1
            return True
        if 0 < ahead < MAX_DROPOUT:
            self._skip(ahead)
        elif ahead == 0 or ahead >= _MODULUS - WINDOW:
            self._behind(_MODULUS - ahead if ahead else 0)
        else:
            self._astray(sequence)
        return False

    def _begin(self, base: int, highest: int) -> None:
        """The source is there, and nothing is known to be missing."""
        self._base = base
        self.highest = highest
        self._holes = 0
        self._hole_anchor = highest
        self._followed_by = _NO_SEQUENCE

    def _skip(self, ahead: int) -> None:
        """A packet came before some that are behind it; they are holes until they come too."""
        self.highest += ahead
        moved = self.highest - self._hole_anchor
        self._hole_anchor = self.highest
        kept = self._holes << moved if moved < WINDOW else 0
        self._holes = (kept | (1 << min(ahead, WINDOW)) - 2) & _WINDOW_BITS
        self.bursts += 1

    def _behind(self, behind: int) -> None:
        """A packet that is not ahead: it fills a hole, comes from before the first, or is there already."""
        place = self._hole_anchor - (self.highest - behind)
        if place > 0 and self._holes >> place & 1:
            self._holes ^= 1 << place
            self.reordered += 1
            self.bursts += (self._holes >> (place - 1) & 1) + (self._holes >> (place + 1) & 1) - 1
        elif self.highest - behind < self._base:
            self._before_the_first(place)
        else:
            self.duplicates += 1

    def _before_the_first(self, place: int) -> None:
        """A packet that was sent before the first that came: what is expected begins with it."""
        first = self._hole_anchor - place
        between = self._base - first - 1
        if between:
            self.bursts += 1
            self._holes |= ((1 << between) - 1) << (place - between) & _WINDOW_BITS
        self._base = first
        self.reordered += 1

    def _astray(self, sequence: int) -> None:
        """A packet from far: the source began anew there if the next one comes too (A.1)."""
        if sequence != self._followed_by:
            self._followed_by = (sequence + 1) % _MODULUS
            self.strays += 1
            return
        self.strays -= 1
        self.restarts += 1
        self._expected_before += self.highest - self._base + 1
        first = (sequence - 1) % _MODULUS
        self._begin(first, first + 1)
        self._timed = False
        self._playout.restart()

    def _gap(self, arrived_ns: int, marker: bool) -> None:
        """The time since the packet before, unless the source says that it was silent."""
        waited_ns = arrived_ns - self._last_arrived_ns
        if self.packets > 1 and not marker:
            if waited_ns > self.longest_gap_ns:
                self.longest_gap_ns = waited_ns
            if waited_ns > self._gap_ns:
                self.gaps += 1
        self._last_arrived_ns = arrived_ns

    def _learn(self, ticks: int) -> None:
        """The time between neighbours is the source's packet time, if it can be one."""
        packet_ns = ticks * NS_A_SECOND // self.clock_rate
        if 0 < packet_ns <= MOST_PACKET_NS:
            self._packet_ticks = ticks
            self._packet_ns = packet_ns
            self._gap_ns = GAP_PACKETS * packet_ns

    def _difference(self, elapsed_ns: int, step_ns: int, marker: bool) -> None:
        """Step the jitter: sixteen times its value, so that nothing is lost in division (A.8)."""
        longer_ns = elapsed_ns - step_ns
        difference_ns = longer_ns if longer_ns >= 0 else -longer_ns
        if difference_ns > TRUSTED_DIFFERENCE_NS:
            self.clock_jumps += 1
            self._playout.restart()
            return
        self._playout.packet(longer_ns, elapsed_ns, marker)
        self._jitter_x16 += difference_ns - ((self._jitter_x16 + 8) >> 4)
        if not marker:
            self._jitter_sum += self._jitter_x16
            self._jitter_samples += 1
            if self._jitter_x16 >> 4 > self.jitter_max_ns:
                self.jitter_max_ns = self._jitter_x16 >> 4
