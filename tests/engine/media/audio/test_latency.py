# SPDX-License-Identifier: AGPL-3.0-or-later
"""Audio latency: what we said until when, what was heard when, and what that makes."""

from __future__ import annotations

import pytest

from engine.media.audio.energy import EnergyDetector
from engine.media.audio.latency import MOST_SOUNDS, AudioLatency
from tests.media_audio import tone

MS = 1_000_000
RATE = 8000
LOUD = tone(440, 0.02).tobytes()
QUIET = bytes(len(LOUD))


class Peer:
    """The other side: packets of 20 ms from 0 on, loud in the times that are named (in ms)."""

    def __init__(self, *loud: tuple[int, int]) -> None:
        self.detector = EnergyDetector()
        self.latency = AudioLatency(self.detector)
        self._loud = loud
        self._at_ms = 0

    def until(self, end_ms: int) -> None:
        """What comes up to then."""
        for at_ms in range(self._at_ms, end_ms, 20):
            is_loud = any(begin <= at_ms < end for begin, end in self._loud)
            if self.detector.fed(LOUD if is_loud else QUIET, RATE, at_ms * MS):
                self.latency.heard(self.detector.sound_began_ns)
        self._at_ms = max(end_ms, self._at_ms)

    def said_until(self, end_ms: int) -> None:
        self.latency.said_until(end_ms * MS)

    def samples_ms(self) -> list[int]:
        return [sample // MS for sample in self.latency.take()]

    def facts(self) -> tuple[int, int, int]:
        return self.latency.turns, self.latency.answered, self.latency.talked_over


def test_the_first_sound_after_our_end_is_the_answer() -> None:
    peer = Peer((3000, 4000))
    peer.until(1000)
    peer.said_until(1000)
    peer.until(5000)
    peer.latency.close()
    assert peer.samples_ms() == [2000]
    assert peer.facts() == (1, 1, 0)
    assert peer.samples_ms() == []


def test_many_turns() -> None:
    peer = Peer((500, 1000), (2500, 3000), (4100, 4900), (7000, 7100))
    for end_ms in (0, 2000, 4000, 6000):
        peer.until(end_ms)
        peer.said_until(end_ms)
    peer.until(8000)
    peer.latency.close()
    assert peer.samples_ms() == [500, 500, 100, 1000]
    assert peer.facts() == (4, 4, 0)


def test_silence_at_the_end_of_what_was_played_does_not_count() -> None:
    peer = Peer((1500, 2000))
    peer.until(5000)
    peer.said_until(1000)  # known when the track is over, whose last four seconds were silent
    assert peer.samples_ms() == [500]


def test_an_end_that_lies_ahead() -> None:
    peer = Peer((1500, 2000))
    peer.said_until(1000)
    peer.until(3000)
    assert peer.samples_ms() == [500]


@pytest.mark.parametrize("told_ms", [0, 1000, 3000])
def test_an_answer_that_begins_before_our_end_and_goes_on_talks_over_us(told_ms: int) -> None:
    peer = Peer((800, 2000))
    peer.until(told_ms)
    peer.said_until(1000)
    peer.until(3000)
    peer.latency.close()
    assert peer.samples_ms() == []
    assert peer.facts() == (1, 0, 1)


@pytest.mark.parametrize("told_ms", [0, 1000, 3000])
def test_a_sound_that_is_over_before_our_end_is_not_the_answer(told_ms: int) -> None:
    peer = Peer((200, 500), (1400, 2000))
    peer.until(told_ms)
    peer.said_until(1000)
    peer.until(3000)
    peer.latency.close()
    assert peer.samples_ms() == [400]
    assert peer.facts() == (1, 1, 0)


def test_music_without_an_end_talks_over_each_turn() -> None:
    peer = Peer((0, 10_000))
    for end_ms in (1000, 3000, 5000):
        peer.until(end_ms)
        peer.said_until(end_ms)
        peer.until(end_ms + 200)
    peer.latency.close()
    assert peer.facts() == (3, 0, 3)


def test_what_nobody_answers_goes_on_with_what_we_say_next() -> None:
    peer = Peer((5000, 6000))
    for end_ms in (1000, 2000, 4000):
        peer.until(end_ms)
        peer.said_until(end_ms)
    peer.until(6000)
    assert peer.samples_ms() == [1000]
    assert peer.facts() == (1, 1, 0)


def test_nobody_answers() -> None:
    peer = Peer()
    peer.until(1000)
    peer.said_until(1000)
    peer.until(5000)
    peer.latency.close()
    assert peer.samples_ms() == []
    assert peer.facts() == (1, 0, 0)


def test_a_peer_that_makes_sounds_without_end_is_not_remembered_whole() -> None:
    peer = Peer(*((at, at + 100) for at in range(0, 100_000, 400)))
    peer.until(100_000)
    assert peer.detector.sounds == 250
    peer.said_until(0)
    (sample,) = peer.samples_ms()
    assert sample == (250 - MOST_SOUNDS) * 400
