# SPDX-License-Identifier: AGPL-3.0-or-later
"""A recording of one call: packets become samples in their places, and leave in pieces as they become final.

Two sides may be recorded: what came, and what was sent. Each is a window of samples that ends about now. A packet is put where
its RTP timestamp says, so packets in the wrong order come right and what is lost is silence. The timestamp is believed only as
far as it agrees with the time when the packet came. One that says something else by more than `MOST_SKEW_NS` begins a new count
there: the source has changed or set its clock anew, has paused, or lies. Among packets that come as they should it takes two
that agree, since a single one may be just very late. So a recording is never longer than the call, and what it holds in memory
is bounded, whatever timestamps say.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from engine.media.codecs import pcm

RECEIVED: Final = 0
SENT: Final = 1
MOST_SKEW_NS: Final = 300_000_000
"""How far a packet may be from where its arrival says that it belongs: more than any buffer of a phone waits."""
WINDOW_NS: Final = 400_000_000
"""How long after its time a packet may still be put into its place."""
PIECE_NS: Final = 400_000_000
"""How much becomes final at once."""
MOST_PACKET_NS: Final = 100_000_000
"""A source that has sent nothing for longer has paused."""

Piece: TypeAlias = bytes | int
"""Samples (channels interleaved), or so many bytes of silence."""

_NS_A_SECOND: Final = 1_000_000_000
_CLOCK: Final = 1 << 32
_HALF_CLOCK: Final = 1 << 31
_NEVER: Final = -1
_NOWHERE: Final = -(1 << 62)


def _ticks(timestamp: int, since: int) -> int:
    """From one RTP timestamp to another, which may have turned over between."""
    ticks = (timestamp - since) % _CLOCK
    return ticks - _CLOCK if ticks >= _HALF_CLOCK else ticks


class Side:
    """One channel: the samples that are not final yet, from `base` on. Positions are samples since the recording began."""

    __slots__ = (
        "_anchor",
        "_anchor_timestamp",
        "_clock_rate",
        "_rate_state",
        "_source_rate",
        "_stray",
        "base",
        "jumps",
        "late",
        "window",
    )

    def __init__(self) -> None:
        self.window = bytearray()
        self.base = 0
        self.late = 0
        """Packets that came too late to be put into their place."""
        self.jumps = 0
        """Times that the timestamps were not believed."""
        self._anchor = _NEVER
        self._anchor_timestamp = 0
        self._clock_rate = 0
        self._source_rate = 0
        self._rate_state: tuple[int, tuple[tuple[int, int], ...]] | None = None
        self._stray = _NEVER

    def at_rate(self, samples: bytes, source_rate: int, rate: int) -> bytes:
        """The samples at the rate of the recording; they may come at another one."""
        if source_rate == rate:
            return samples
        if source_rate != self._source_rate:
            self._source_rate, self._rate_state = source_rate, None
        changed, self._rate_state = pcm.ratecv(samples, pcm.WIDTH, 1, source_rate, rate, self._rate_state)
        return changed

    def place(self, timestamp: int, clock_rate: int, rate: int, expected: int) -> int:
        """Where a packet belongs, given where its arrival says that it does; `_NOWHERE` when it came too late."""
        if self._anchor >= 0 and clock_rate == self._clock_rate:
            position = self._anchor + _ticks(timestamp, self._anchor_timestamp) * rate // clock_rate
            most = MOST_SKEW_NS * rate // _NS_A_SECOND
            if -most <= position - expected <= most:
                self._stray = _NEVER
                return position
            if (
                position < expected
                and self._is_busy(expected, rate)
                and not self._confirms(timestamp, most * clock_rate // rate)
            ):
                self._stray = timestamp
                self.late += 1
                return _NOWHERE
            self.jumps += 1
        self._stray = _NEVER
        self._anchor, self._anchor_timestamp, self._clock_rate = expected, timestamp, clock_rate
        return expected

    def _is_busy(self, expected: int, rate: int) -> bool:
        """Whether packets have come until just now."""
        return expected - self.base - len(self.window) // pcm.WIDTH < MOST_PACKET_NS * rate // _NS_A_SECOND

    def _confirms(self, timestamp: int, most_ticks: int) -> bool:
        """Whether the packet before was as far from its place as this one."""
        return self._stray >= 0 and -most_ticks <= _ticks(timestamp, self._stray) <= most_ticks

    def put(self, samples: bytes, position: int) -> None:
        """Have samples in their place; silence is what lies between."""
        start = (position - self.base) * pcm.WIDTH
        if start < 0:
            samples = samples[-start:]
            start = 0
        window = self.window
        missing = start - len(window)
        if missing > 0:
            window += bytes(missing)
        window[start : start + len(samples)] = samples

    def take(self, count: int) -> bytes:
        """The first so many samples, which are final now."""
        size = count * pcm.WIDTH
        taken = bytes(self.window[:size])
        del self.window[:size]
        self.base += count
        return taken if len(taken) == size else taken + bytes(size - len(taken))


class Recording:
    """One recording of 16 bits at `rate` samples a second: one channel, what came, or two, to the left what was sent.

    `limit_ns` is how long it may become; what comes after that is not recorded (`is_full`).
    """

    __slots__ = ("_limit", "_pieces", "_sides", "_start_ns", "channels", "is_full", "rate")

    def __init__(self, rate: int, channels: int, start_ns: int, limit_ns: int) -> None:
        self.rate = rate
        self.channels = channels
        self.is_full = False
        self._start_ns = start_ns
        self._limit = limit_ns * rate // _NS_A_SECOND
        self._sides = [Side() for _ in range(channels)]
        self._pieces: list[Piece] = []

    def put(self, side: int, samples: bytes, source_rate: int, timestamp: int, clock_rate: int, now_ns: int) -> bool:
        """A packet came, or was sent, with these samples of one channel; True when there is something to `take`.

        `side` is RECEIVED or SENT, `source_rate` that of the samples, `clock_rate` that of the timestamp, both in Hz.
        """
        now = (now_ns - self._start_ns) * self.rate // _NS_A_SECOND
        if self.is_full or side >= self.channels or now < 0:
            return False
        if now >= self._limit:
            self.is_full = True
            return False
        final = now - WINDOW_NS * self.rate // _NS_A_SECOND
        channel = self._sides[side]
        if final - channel.base >= PIECE_NS * self.rate // _NS_A_SECOND:
            self._finish_until(final)
        samples = channel.at_rate(samples, source_rate, self.rate)
        position = channel.place(timestamp, clock_rate, self.rate, now)
        if position != _NOWHERE:
            channel.put(samples, max(position, 0))
        return bool(self._pieces)

    def take(self) -> list[Piece]:
        """What has become final since this was last asked; put one after the other it is the recording."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def close(self) -> None:
        """The call is over: all is final. The recording ends with the last sample that there is."""
        last = max(side.base + len(side.window) // pcm.WIDTH for side in self._sides)
        self._finish_until(min(last, self._limit))
        self.is_full = True

    @property
    def held_bytes(self) -> int:
        """Samples in memory that are not final."""
        return sum(len(side.window) for side in self._sides)

    @property
    def late(self) -> int:
        """Packets that came too late to be recorded."""
        return sum(side.late for side in self._sides)

    @property
    def jumps(self) -> int:
        """Times that timestamps were not believed."""
        return sum(side.jumps for side in self._sides)

    def _finish_until(self, position: int) -> None:
        """Make final what lies before this position, on all sides."""
        count = position - self._sides[0].base
        if count <= 0:
            return
        held = max(len(side.window) for side in self._sides) // pcm.WIDTH
        first = min(count, held)
        if first:
            self._pieces.append(self._joined([side.take(first) for side in self._sides]))
        if count > first:
            for side in self._sides:
                side.base += count - first
            self._pieces.append((count - first) * pcm.WIDTH * self.channels)

    def _joined(self, channels: list[bytes]) -> bytes:
        """Samples of all channels as a WAV file has them: interleaved, what was sent to the left, the low byte first."""
        samples = channels[RECEIVED]
        if len(channels) > 1:
            left, right = pcm.tostereo(channels[SENT], pcm.WIDTH, 1, 0), pcm.tostereo(samples, pcm.WIDTH, 0, 1)
            samples = pcm.add(left, right, pcm.WIDTH)
        return samples if pcm.LITTLE_ENDIAN else pcm.byteswap(samples, pcm.WIDTH)
