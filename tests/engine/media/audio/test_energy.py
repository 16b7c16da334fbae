# SPDX-License-Identifier: AGPL-3.0-or-later
"""The energy detector: levels, where sounds begin and end, silences, clipping."""

from __future__ import annotations

import array
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.audio.energy import LEAST_DBOV, EnergyDetector, dbov
from engine.media.codecs import PCMA, PCMU, Codec
from tests.engine.media.coded import decoded, encoded
from tests.growth import grows_linearly
from tests.media_audio import FULL_SCALE, tone

MS = 1_000_000
RATE = 8000
PACKET = 160
START_NS = 5_000 * MS


def silence(ms: int, rate: int = RATE) -> array.array[int]:
    return array.array("h", bytes(2 * rate * ms // 1000))


def speech(ms: int, level_db: float = -20.0, rate: int = RATE) -> array.array[int]:
    return tone(440, ms / 1000, rate, level_db)


def feed(
    detector: EnergyDetector, samples: Sequence[int], start_ns: int = START_NS, rate: int = RATE, ms: int = 20
) -> list[int]:
    """Feed packets on time; the beginnings of the sounds that were found."""
    size, found = rate * ms // 1000, []
    words = array.array("h", samples)
    for number, place in enumerate(range(0, len(words), size)):
        if detector.fed(words[place : place + size].tobytes(), rate, start_ns + number * ms * MS):
            found.append(detector.sound_began_ns - start_ns)
    return found


def test_levels_are_relative_to_overload() -> None:
    assert dbov(0) == LEAST_DBOV
    assert dbov(32768) == 0
    detector = EnergyDetector()
    feed(detector, tone(500, 1, level_db=0))
    assert detector.mean_dbov == pytest.approx(-3.01, abs=0.05)
    feed(detector, silence(1000))
    assert detector.mean_dbov == pytest.approx(-6.02, abs=0.05)
    assert detector.loudest_dbov == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("lead_ms", [0, 20, 25, 35, 39, 100, 1013])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_sound_begins_where_it_begins(lead_ms: int, rate: int) -> None:
    detector = EnergyDetector()
    (began_ns,) = feed(detector, silence(lead_ms, rate) + speech(500, rate=rate), rate=rate)
    assert abs(began_ns - lead_ms * MS) <= 5 * MS
    assert detector.first_sound_ns == START_NS + began_ns
    assert detector.sounding_at(START_NS + (lead_ms + 500) * MS)


def test_a_quiet_tail_of_a_packet_belongs_to_the_sound_that_goes_on_in_the_next() -> None:
    faint = speech(100, level_db=-38)
    (began_ns,) = feed(EnergyDetector(), silence(136) + faint)
    assert abs(began_ns - 136 * MS) <= 5 * MS


@pytest.mark.parametrize("packet_ms", [10, 20, 30, 60])
def test_clicks_are_no_sound(packet_ms: int) -> None:
    detector = EnergyDetector()
    click = silence(100) + speech(5, -10) + silence(95)
    assert feed(detector, click * 5 + silence(100), ms=packet_ms) == []
    assert (detector.sounds, detector.first_sound_ns) == (0, -1)


def test_what_is_below_the_threshold_is_silence_and_comfort_noise_too() -> None:
    noise = random.Random(1)
    hum = array.array("h", (noise.randint(-150, 150) for _ in range(RATE)))
    assert feed(EnergyDetector(), hum) == []
    assert feed(EnergyDetector(), tone(440, 1, level_db=-43)) == []
    assert len(feed(EnergyDetector(), tone(440, 1, level_db=-41))) == 1


def test_a_sound_goes_on_through_short_pauses_and_another_begins_after_long_ones() -> None:
    detector = EnergyDetector()
    words = speech(300) + silence(150) + speech(300) + silence(1000) + speech(300)
    began = feed(detector, words)
    assert [round(each / MS) for each in began] == [0, 1750]
    assert detector.sounds == 2
    assert abs(detector.sound_before_ended_ns - START_NS - 750 * MS) <= 20 * MS
    assert abs(detector.longest_silence_ns - 1000 * MS) <= 20 * MS


def test_silences_before_between_and_after() -> None:
    detector = EnergyDetector()
    feed(detector, silence(500) + speech(1000) + silence(1000) + speech(500) + silence(2000))
    detector.close(START_NS + 5000 * MS)
    assert detector.silent_share(START_NS + 5000 * MS) == pytest.approx(0.7, abs=0.01)
    assert detector.longest_silence_ns == pytest.approx(2000 * MS, abs=20 * MS)
    assert not detector.sounding_at(START_NS + 5000 * MS)


def test_packets_that_stop_coming_are_silence() -> None:
    detector = EnergyDetector()
    feed(detector, speech(400))
    assert detector.sounding_at(START_NS + 500 * MS)
    assert not detector.sounding_at(START_NS + 601 * MS)
    feed(detector, speech(400), START_NS + 2400 * MS)
    assert detector.sounds == 2
    assert detector.longest_silence_ns == 2000 * MS


def test_nothing_heard_at_all() -> None:
    detector = EnergyDetector()
    assert not detector.fed(b"", RATE, START_NS)
    detector.close(START_NS)
    assert (detector.silent_share(START_NS), detector.mean_dbov, detector.longest_silence_ns) == (0.0, LEAST_DBOV, 0)


def test_only_silence() -> None:
    detector = EnergyDetector()
    feed(detector, silence(1000))
    detector.close(START_NS + 1000 * MS)
    assert detector.silent_share(START_NS + 1000 * MS) == 1.0
    assert detector.longest_silence_ns == 1000 * MS


def clipped(level_db: float) -> array.array[int]:
    """A sine whose tops are cut off."""
    amplitude = FULL_SCALE * 10 ** (level_db / 20)
    loud = tone(440, 1, level_db=0)
    return array.array("h", (max(-32768, min(32767, round(each * amplitude / FULL_SCALE))) for each in loud))


@pytest.mark.parametrize("codec", [None, PCMU, PCMA])
def test_tops_that_are_cut_off_are_counted_whatever_the_codec(codec: Codec | None) -> None:
    for level_db, is_clipped in ((-1.0, False), (6.0, True)):
        detector = EnergyDetector()
        samples = clipped(level_db)
        if codec is not None:
            samples = array.array("h", decoded(codec, encoded(codec, samples.tobytes())))
        feed(detector, samples)
        if is_clipped:
            assert 800 <= detector.clips <= 960  # two tops in each of 440 periods, some cut in two by the end of a packet
            assert detector.clipped_samples > 3 * 800
        else:
            assert (detector.clips, detector.clipped_samples) == (0, 0)


def test_single_samples_at_full_scale_are_no_clipping() -> None:
    detector = EnergyDetector()
    feed(detector, array.array("h", [32767, 32767, 0, -32768, -32768, 0, 32767, -32768] * 100))
    assert (detector.clips, detector.clipped_samples) == (0, 0)


@given(st.lists(st.tuples(st.binary(max_size=400), st.integers(0, 10**12)), max_size=30), st.sampled_from([8000, 16000, 44100]))
def test_whatever_comes_whenever(packets: list[tuple[bytes, int]], rate: int) -> None:
    detector = EnergyDetector()
    last_ns = 0
    for data, time_ns in packets:
        detector.fed(data[: len(data) & ~1], rate, time_ns)
        last_ns = max(last_ns, time_ns)
    detector.close(last_ns)
    assert 0 <= detector.silent_share(last_ns) <= 1
    assert LEAST_DBOV <= detector.mean_dbov <= 0
    assert detector.sounds >= (detector.first_sound_ns >= 0)


def test_a_packet_costs_no_more_than_its_length() -> None:
    worst = array.array("h", [0] * 100 + [32767] * 3)

    def work(size: int) -> None:
        detector = EnergyDetector()
        for number in range(20):
            detector.fed((worst * (size // 100)).tobytes(), RATE, number * 500 * MS)

    assert grows_linearly(work, 1000)
