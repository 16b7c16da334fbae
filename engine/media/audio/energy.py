# SPDX-License-Identifier: AGPL-3.0-or-later
"""When there is sound and how loud it is, by its energy: the first sound, silences, clipping.

Levels are in dBov, decibels relative to the overload point (RFC 6464 section 3): a square wave of full scale has 0, a sine
-3. A packet is taken to be heard from when it came, for as long as it lasts. A sound is what is at least as loud as a
threshold for 30 ms or more, so that clicks are none, and it goes on through pauses shorter than 200 ms, as there are between
words. It begins where 5 ms have the threshold for the first time, which may be within the packet before.
"""

from __future__ import annotations

import math
import re
from typing import Final

from engine.media.codecs import pcm

THRESHOLD_DBOV: Final = -45.0
"""Above the noise of a telephone line, below quiet speech."""
HOLD_NS: Final = 30_000_000
PAUSE_NS: Final = 200_000_000
"""Shorter silences are part of a sound."""
OVERLOAD: Final = 32_768
LEAST_DBOV: Final = -127.0
"""What no sample is louder than (RFC 6464 section 3)."""
CLIPPED_RUN: Final = 3
"""So many samples at full scale one after the other are clipped: a sound wave has them only when its top is cut off."""

_NS_A_SECOND: Final = 1_000_000_000
_WINDOWS_A_SECOND: Final = 200
_WINDOW_NS: Final = _NS_A_SECOND // _WINDOWS_A_SECOND
_NEVER: Final = -1
_TOP_PEAK: Final = 32_000
"""Full scale of every codec: that of G.711 decodes to 32,124 (µ-law) or 32,256 (A-law), and no other step reaches this."""
_CLIPPED: Final = re.compile(rb"[\x7d-\x7f]{%d,}|[\x80-\x82]{%d,}" % (CLIPPED_RUN, CLIPPED_RUN))
"""High bytes of samples that are at full scale."""


def dbov(rms: float) -> float:
    """The level of samples with this root mean square."""
    return max(LEAST_DBOV, 20 * math.log10(rms / OVERLOAD)) if rms > 0 else LEAST_DBOV


class EnergyDetector:
    """Hears one direction of one call. Memory and time a packet are bounded, whatever is in it.

    Times are those that `fed` is given, -1 where there was no such thing.
    """

    __slots__ = (
        "_before",
        "_before_end_ns",
        "_candidate_ns",
        "_hold_ns",
        "_loud_ns",
        "_samples",
        "_silent_ns",
        "_squares",
        "_start_ns",
        "_threshold",
        "clipped_samples",
        "clips",
        "first_sound_ns",
        "is_sounding",
        "longest_silence_ns",
        "loudest_rms",
        "rms",
        "sound_before_ended_ns",
        "sound_began_ns",
        "sound_ended_ns",
        "sounds",
    )

    def __init__(self, threshold_dbov: float = THRESHOLD_DBOV, hold_ns: int = HOLD_NS) -> None:
        self._threshold = max(1, round(OVERLOAD * 10 ** (threshold_dbov / 20)))
        self._hold_ns = hold_ns
        self.rms = 0
        """Of the last packet."""
        self.loudest_rms = 0
        self.sounds = 0
        self.first_sound_ns = _NEVER
        self.sound_began_ns = _NEVER
        """The sound that goes on, or the last one."""
        self.sound_ended_ns = _NEVER
        """The end of what was loud so far in that sound."""
        self.sound_before_ended_ns = _NEVER
        self.is_sounding = False
        """As of the last packet; see `sounding_at`."""
        self.longest_silence_ns = 0
        """Of silences that are over; `close` ends the last."""
        self.clips = 0
        """Runs of samples at full scale."""
        self.clipped_samples = 0
        self._silent_ns = 0
        self._candidate_ns = _NEVER
        self._loud_ns = 0
        self._start_ns = _NEVER
        self._before = b""
        self._before_end_ns = _NEVER
        self._squares = 0
        self._samples = 0

    def fed(self, samples: bytes, sample_rate: int, time_ns: int) -> bool:
        """Hear samples of one channel that came at this time; True when by now it is a sound that began (`sound_began_ns`)."""
        count = len(samples) // pcm.WIDTH
        if not count:
            return False
        end_ns = time_ns + count * _NS_A_SECOND // sample_rate
        if self._start_ns < 0:
            self._start_ns = time_ns
        level = self.rms = pcm.rms(samples, pcm.WIDTH)
        self._squares += level * level * count
        self._samples += count
        is_new = False
        if level < self._threshold:
            self._candidate_ns = _NEVER
            if self.is_sounding and end_ns - self.sound_ended_ns >= PAUSE_NS:
                self.is_sounding = False
        else:
            if level > self.loudest_rms:
                self.loudest_rms = level
            if pcm.max(samples, pcm.WIDTH) >= _TOP_PEAK:
                self._count_clips(samples)
            is_new = self._heard(samples, sample_rate, time_ns, end_ns)
        self._before = samples
        self._before_end_ns = end_ns
        return is_new

    def _heard(self, samples: bytes, sample_rate: int, time_ns: int, end_ns: int) -> bool:
        """A packet is loud; True when with it a sound has lasted long enough to be one."""
        if self.is_sounding:
            if time_ns - self.sound_ended_ns < PAUSE_NS:
                self.sound_ended_ns = max(self.sound_ended_ns, end_ns)
                return False
            self.is_sounding = False
        size = max(1, sample_rate // _WINDOWS_A_SECOND) * pcm.WIDTH
        first, last = self._loud_windows(samples, size)
        if self._candidate_ns < 0 or time_ns - self._before_end_ns >= PAUSE_NS:
            before = self._loud_before(size, time_ns) if first == 0 else 0
            self._candidate_ns = time_ns + (first - before) * _WINDOW_NS
            self._loud_ns = before * _WINDOW_NS
        self._loud_ns += min((last - first) * _WINDOW_NS, end_ns - time_ns)
        if self._loud_ns < self._hold_ns:
            return False
        self._begin(end_ns)
        return True

    def _begin(self, end_ns: int) -> None:
        self._end_silence(self._candidate_ns)
        self.sounds += 1
        self.sound_before_ended_ns = self.sound_ended_ns
        self.sound_began_ns = self._candidate_ns
        self.sound_ended_ns = end_ns
        if self.first_sound_ns < 0:
            self.first_sound_ns = self._candidate_ns
        self.is_sounding = True
        self._candidate_ns = _NEVER

    def _end_silence(self, at_ns: int) -> None:
        silent_ns = at_ns - (self.sound_ended_ns if self.sounds else self._start_ns)
        if silent_ns > 0:
            self._silent_ns += silent_ns
            self.longest_silence_ns = max(self.longest_silence_ns, silent_ns)

    def _loud_windows(self, samples: bytes, size: int) -> tuple[int, int]:
        """The first loud window of a packet, and one past the last; of one that is loud only as a whole all are."""
        first, last = _NEVER, 0
        for number in range(-(-len(samples) // size)):
            if pcm.rms(samples[number * size : (number + 1) * size], pcm.WIDTH) >= self._threshold:
                first = number if first < 0 else first
                last = number + 1
        return (first, last) if last else (0, -(-len(samples) // size))

    def _loud_before(self, size: int, time_ns: int) -> int:
        """How many windows at the end of the quiet packet before this one are loud already."""
        between_ns = time_ns - self._before_end_ns
        if not -PAUSE_NS < between_ns < PAUSE_NS:
            return 0
        before = self._before
        end = len(before)
        while end >= size and pcm.rms(before[end - size : end], pcm.WIDTH) >= self._threshold:
            end -= size
        return (len(before) - end) // size

    def _count_clips(self, samples: bytes) -> None:
        high = samples[1::2] if pcm.LITTLE_ENDIAN else samples[::2]
        for run in _CLIPPED.findall(high):
            self.clips += 1
            self.clipped_samples += len(run)

    def sounding_at(self, now_ns: int) -> bool:
        """Whether a sound goes on at this time, as far as was heard."""
        return self.is_sounding and now_ns - self.sound_ended_ns < PAUSE_NS

    def close(self, now_ns: int) -> None:
        """Nothing more is heard: the silence since the last sound ends now. Once."""
        if self._start_ns >= 0 and not self.sounding_at(now_ns):
            self._end_silence(now_ns)

    def silent_share(self, now_ns: int) -> float:
        """Which share of the time since the first packet was silent, 0 to 1; after `close`, with the same time."""
        heard_ns = now_ns - self._start_ns
        return min(1.0, self._silent_ns / heard_ns) if self._start_ns >= 0 and heard_ns > 0 else 0.0

    @property
    def mean_dbov(self) -> float:
        """The level of all that was heard."""
        return dbov(math.sqrt(self._squares / self._samples)) if self._samples else LEAST_DBOV

    @property
    def loudest_dbov(self) -> float:
        """The level of the loudest packet."""
        return dbov(self.loudest_rms)
