# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes to one leg: counted and measured for each synchronisation source, digits heard, handed to who listens."""

from __future__ import annotations

from typing import Final

from engine.media.agreement import Agreement
from engine.media.events import DigitReceiver
from engine.media.reception import Reception, ReceptionSummary, summed
from engine.media.rtp import Rtp, read_rtp
from engine.media.sdp import Format
from engine.media.tally import Tally
from engine.media.tap import Tap

MOST_SOURCES: Final = 8
"""Synchronisation sources that are held, for a peer may make up any number. Of others only what came of them is known."""
DEFAULT_CLOCK_RATE: Final = 8000
COMFORT_NOISE: Final = "CN"


_BYTE_A_SAMPLE: Final = frozenset({"PCMU", "PCMA", "G722"})
_QUANTUM: Final = 40
"""Bytes of 5 ms of those: packets hold a multiple. The tags of SRTP have 4, 10 or 16."""


class _Meaning:
    """What comes under a payload type."""

    __slots__ = ("clock_rate", "is_events", "is_timed", "known")

    def __init__(self, known: Format | None, is_events: bool) -> None:
        self.known = known
        self.clock_rate = known.clock_rate if known is not None else DEFAULT_CLOCK_RATE
        self.is_events = is_events
        self.is_timed = not is_events and (known is None or known.name != COMFORT_NOISE)
        """Timestamps tell when the packet was made."""


class Incoming:
    """What comes. `current` is the source that was heard last, None before the first."""

    __slots__ = (
        "_agreement",
        "_digit_receiver",
        "_gone",
        "_meanings",
        "_told",
        "codec",
        "current",
        "current_ssrc",
        "first_ns",
        "packets",
        "sources",
        "tally",
        "taps",
    )

    def __init__(self, agreement: Agreement, tally: Tally) -> None:
        self._agreement = agreement
        self.tally = tally
        self.sources: dict[int, Reception] = {}
        self.current: Reception | None = None
        self.current_ssrc = -1
        self.codec = ""
        """What it is, as far as anybody has said."""
        self.packets = 0
        self.first_ns = 0
        """When the first packet came; 0 before it."""
        self.taps: list[Tap] = []
        self._meanings: dict[int, _Meaning] = {}
        self._digit_receiver: DigitReceiver | None = None
        self._told = self._gone = ReceptionSummary()

    def renew(self) -> None:
        """What payload types stand for may have changed."""
        self._meanings.clear()

    def packet(self, data: bytes, arrived_ns: int) -> str:
        """A datagram that should be RTP, in the clear. The digit that it ends the wait for, else ""."""
        tally = self.tally
        packet = read_rtp(data)
        if packet is None:
            tally.garbage += 1
            return ""
        self.packets += 1
        tally.packets_received += 1
        tally.octets_received += len(data)
        if not self.first_ns:
            self.first_ns = arrived_ns
            tally.streams_in += 1
        meaning = self._meanings.get(packet.payload_type) or self._learn(packet.payload_type)
        reception = self.current
        if packet.ssrc != self.current_ssrc or reception is None:
            reception = self._change(packet.ssrc, meaning)
        if meaning.is_timed:
            reception.received(packet.sequence, packet.timestamp, arrived_ns, packet.marker)
        else:
            reception.counted(packet.sequence, arrived_ns, packet.marker)
        if self.taps or meaning.is_events:
            return self._listen(data, packet, meaning, arrived_ns)
        return ""

    def is_plain(self, data: bytes) -> bool:
        """Whether a packet must be sound in the clear, as far as its size tells: SRTP's tag would make it odd."""
        packet = read_rtp(data)
        known = self._agreement.format_in(packet.payload_type) if packet is not None else None
        if packet is None or known is None or known.name not in _BYTE_A_SAMPLE:
            return False
        return packet.payload_end > packet.payload_start and not (packet.payload_end - packet.payload_start) % _QUANTUM

    def _listen(self, data: bytes, packet: Rtp, meaning: _Meaning, arrived_ns: int) -> str:
        payload = data[packet.payload_start : packet.payload_end]
        for tap in self.taps if meaning.is_timed else ():
            tap.heard(meaning.known, packet.payload_type, payload, packet.sequence, packet.timestamp, arrived_ns)
        if not meaning.is_events:
            return ""
        if self._digit_receiver is None:
            self._digit_receiver = DigitReceiver()
        digit = self._digit_receiver.received(payload, packet.timestamp, packet.marker)
        if digit:
            self.tally.digits_received += 1
        return digit

    def _learn(self, payload_type: int) -> _Meaning:
        meaning = _Meaning(self._agreement.format_in(payload_type), self._agreement.is_events(payload_type))
        self._meanings[payload_type] = meaning
        return meaning

    def _change(self, ssrc: int, meaning: _Meaning) -> Reception:
        """Another source than before is heard."""
        reception = self.sources.get(ssrc)
        if reception is None:
            if self.sources:
                self.tally.ssrc_changes += 1
            if len(self.sources) >= MOST_SOURCES:
                self._let_go()
            reception = self.sources[ssrc] = Reception(meaning.clock_rate)
            self.codec = meaning.known.name if meaning.known is not None else ""
        self.current, self.current_ssrc = reception, ssrc
        return reception

    def _let_go(self) -> None:
        """Hold no longer the source that has sent the least: of many that are made up it is none that speaks."""
        _, ssrc = min((reception.packets, ssrc) for ssrc, reception in self.sources.items())
        self._gone = summed((self._gone, self.sources.pop(ssrc).summary()))

    def summary(self) -> ReceptionSummary:
        """What came so far, of all sources; what came twice and late is counted for the run now."""
        held = [reception.summary() for reception in self.sources.values()]
        now, before = summed((self._gone, *held)), self._told
        self._told = now
        self.tally.duplicates += now.duplicates - before.duplicates
        self.tally.reordered += now.reordered - before.reordered
        return now
