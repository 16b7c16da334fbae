# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digits as events (`telephone-event`, RFC 4733): tracks that say them, and who hears them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from engine.media.track import Track

DIGITS: Final = "0123456789*#ABCD!"
"""Each at the place of its event (RFC 4733 section 3.2); `!` is a flash of the hook."""
CODEC: Final = "telephone-event"
EVENT_BYTES: Final = 4

DEFAULT_TONE_MS: Final = 200
"""As SIPp's play_dtmf, which is silent as long after each."""
DEFAULT_VOLUME: Final = 10
"""-10 dBm0."""
LONGEST_DIGITS: Final = 1000
MOST_VOLUME: Final = 63
MOST_TICKS: Final = 0xFFFF

_UPDATE_MS: Final = 20
_TIMES_ENDED: Final = 3
"""How often the end is said (section 2.5.1.4)."""
_REMEMBERED: Final = 8
_END: Final = 0x80
_NS_A_MS: Final = 1_000_000
_CLOCK: Final = 1 << 32
_HALF_CLOCK: Final = 1 << 31
_EVENT: Final = struct.Struct("!BBH")


@dataclass(frozen=True)
class TelephoneEvent:
    """What a payload says: `volume` in -dBm0, `duration` so far in units of the clock (section 2.3)."""

    event: int
    end: bool
    volume: int
    duration: int


def read_event(payload: bytes) -> TelephoneEvent | None:
    """The event of a payload, None when it is too short for one. The reserved bit means nothing."""
    if len(payload) < EVENT_BYTES:
        return None
    event, second, duration = _EVENT.unpack_from(payload)
    return TelephoneEvent(event, second >= _END, second & MOST_VOLUME, duration)


def write_event(event: TelephoneEvent) -> bytes:
    """The payload that says it."""
    return _EVENT.pack(event.event, (_END if event.end else 0) | event.volume, event.duration)


def digits_track(
    digits: str,
    payload_type: int,
    clock_rate: int = 8000,
    tone_ms: int = DEFAULT_TONE_MS,
    gap_ms: int | None = None,
    volume: int = DEFAULT_VOLUME,
) -> Track:
    """Packets that say the digits one after the other, each `tone_ms` long with a `gap_ms` of silence after it.

    Without a gap it is as long as the tone. A digit has a packet each 20 ms, as audio has, with the timestamp of its start, and
    its last three times. Raises ValueError with a text for a person.
    """
    silent_ms = tone_ms if gap_ms is None else gap_ms
    _check(digits, clock_rate, tone_ms, silent_ms, volume)
    said = _said(tone_ms, silent_ms, clock_rate)
    payloads, starts, dues_ns, timestamps = bytearray(), list[int](), list[int](), list[int]()
    period_ns, period_ticks = (tone_ms + silent_ms) * _NS_A_MS, (tone_ms + silent_ms) * clock_rate // 1000
    for place, digit in enumerate(digits.upper()):
        event = DIGITS.index(digit)
        for due_ns, duration, end in said:
            starts.append(len(payloads))
            payloads += write_event(TelephoneEvent(event, end, volume, duration))
            dues_ns.append(place * period_ns + due_ns)
            timestamps.append(place * period_ticks)
    return Track(
        bytes(payloads),
        starts,
        [EVENT_BYTES] * len(starts),
        dues_ns,
        timestamps,
        (b"\x01" + bytes(len(said) - 1)) * len(digits),
        period_ns=len(digits) * period_ns,
        period_ticks=len(digits) * period_ticks,
        payload_type=payload_type,
        clock_rate=clock_rate,
        codec=CODEC,
    )


def _check(digits: str, clock_rate: int, tone_ms: int, gap_ms: int, volume: int) -> None:
    if not digits or len(digits) > LONGEST_DIGITS:
        raise ValueError(f"{len(digits)} digits — 1 to {LONGEST_DIGITS} can be said")
    for digit in digits:
        if digit.upper() not in DIGITS:
            raise ValueError(f"{digit!r} is no digit — there are 0-9 * # A-D, and ! for a flash of the hook")
    if clock_rate < 1:
        raise ValueError(f"a clock of {clock_rate} Hz has no time for a digit")
    longest_ms = MOST_TICKS * 1000 // clock_rate
    if not 1 <= tone_ms <= longest_ms:
        raise ValueError(f"a digit of {tone_ms} ms — 1 to {longest_ms} can be said")
    if not 0 <= gap_ms <= 60_000:
        raise ValueError(f"a silence of {gap_ms} ms after a digit — 0 to 60000 can be had")
    if not 0 <= volume <= MOST_VOLUME:
        raise ValueError(f"a volume of -{volume} dBm0 — 0 to -{MOST_VOLUME} can be said")


def _said(tone_ms: int, gap_ms: int, clock_rate: int) -> list[tuple[int, int, bool]]:
    """When each packet of a digit is due, the duration that it tells, and whether it is an end.

    Where the silence is too short for ends at the pace of the others they are closer, and before the next digit.
    """
    last_ms = (tone_ms - 1) // _UPDATE_MS * _UPDATE_MS
    said = [(at_ms * _NS_A_MS, (at_ms + _UPDATE_MS) * clock_rate // 1000, False) for at_ms in range(0, last_ms, _UPDATE_MS)]
    pace_ns = min(_UPDATE_MS * _NS_A_MS, (tone_ms + gap_ms - last_ms) * _NS_A_MS // _TIMES_ENDED)
    ends = ((last_ms * _NS_A_MS + number * pace_ns, tone_ms * clock_rate // 1000, True) for number in range(_TIMES_ENDED))
    return [*said, *ends]


class DigitReceiver:
    """Hears each digit once, whichever of its packets come, how often and in which order. Its memory is bounded."""

    __slots__ = ("_duration", "_ended", "_event", "_heard", "_timestamp")

    def __init__(self) -> None:
        self._heard: list[tuple[int, int]] = []
        self._event = -1
        self._timestamp = 0
        self._duration = 0
        self._ended = False

    def received(self, payload: bytes, timestamp: int, marker: bool) -> str:
        """The digit that this packet is the first of, else "". An event is known by its timestamp (section 2.2.1)."""
        event = read_event(payload)
        if event is None or event.event >= len(DIGITS):
            return ""
        key = timestamp, event.event
        if key not in self._heard:
            goes_on = not marker and self._goes_on(event.event, timestamp)
            self._remember(key)
            self._event, self._timestamp, self._duration, self._ended = event.event, timestamp, event.duration, event.end
            return "" if goes_on else DIGITS[event.event]
        if timestamp == self._timestamp and event.event == self._event:
            self._duration = max(self._duration, event.duration)
            self._ended = self._ended or event.end
        return ""

    def _goes_on(self, event: int, timestamp: int) -> bool:
        """Whether it is a later part of the digit before, that had not ended.

        So are the segments of a long one (section 2.5.1.3), and the packets of those who give each a timestamp of its own:
        a digit cannot begin before the one before is over.
        """
        after = (timestamp - self._timestamp) % _CLOCK
        return event == self._event and not self._ended and after < _HALF_CLOCK and after <= self._duration

    def _remember(self, key: tuple[int, int]) -> None:
        self._heard.append(key)
        if len(self._heard) > _REMEMBERED:
            del self._heard[0]
