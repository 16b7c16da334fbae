# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tracks of a shard: made once, and those that calls name are held as far as there is room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import MediaError
from engine.media.kinds import MediaKind
from engine.media.sources.playing import Playable
from engine.media.track import even_track
from engine.scenario import tracks
from engine.scenario.tracks import Made, Tracks


class Maker:
    """Makes tracks as long as their names say, and counts them."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def make(self, text: str, scenario: str) -> Made:
        self.made.append(text)
        if text == "broken":
            raise MediaError(text, "it is no sound")
        if text == "worse":
            raise RuntimeError("nobody thought of this")
        track = even_track(bytes(int(text)), 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")
        return Made(Playable(track, 1, 0, MediaKind.AUDIO))


def test_a_track_is_made_once() -> None:
    maker, shelf = Maker(), Tracks()
    make = maker.make
    assert shelf.make(make, "160", "s.xml") is shelf.make(make, "160", "s.xml")
    assert shelf.load(make, "320", "s.xml") is shelf.load(make, "320", "s.xml")
    assert maker.made == ["160", "320"]
    shelf.make(make, "160", "dir/s.xml")
    assert maker.made == ["160", "320", "160"], "beside another scenario it is another file"


@pytest.mark.parametrize(
    ("text", "problem"), [("broken", "broken: it is no sound"), ("worse", "RuntimeError: nobody thought of this")]
)
def test_what_cannot_be_made_says_why_and_is_not_tried_again(text: str, problem: str) -> None:
    maker, shelf = Maker(), Tracks()
    make = maker.make
    for _ in range(2):
        loading = shelf.load(make, text, "s.xml")
        assert (loading.is_over, loading.result, loading.problem) == (True, None, problem)
    assert maker.made == [text]


def test_only_so_much_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "MOST_KEPT", 5)
    maker, shelf = Maker(), Tracks()
    make = maker.make
    for number in range(1, 11):
        shelf.load(make, str(160 * number), "s.xml")
    shelf.load(make, "1600", "s.xml")
    assert len(maker.made) == 10, "the latest are held"
    shelf.load(make, "160", "s.xml")
    assert len(maker.made) == 11, "the first is not"


def test_only_so_many_bytes_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "MOST_KEPT_BYTES", 2000)
    maker, shelf = Maker(), Tracks()
    make = maker.make
    for text in ("800", "801", "802", "803", "803", "802"):
        shelf.load(make, text, "s.xml")
    assert maker.made == ["800", "801", "802", "803"]
    shelf.load(make, "800", "s.xml")
    assert maker.made[4:] == ["800"]


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "MOST_WAITING", 3)
    work: list[Callable[[], None]] = []
    maker, shelf = Maker(), Tracks()
    make = maker.make
    shelf.beside = work.append
    waiting = [shelf.load(make, str(number), "s.xml") for number in range(1, 4)]
    refused = shelf.load(make, "4", "s.xml")
    assert refused.problem == "3 other files that calls have named are to be read first"
    assert [each.is_over for each in waiting] == [False] * 3
    for each in work:
        each()
    assert [each.is_over for each in waiting] == [True] * 3
    assert not shelf.load(make, "4", "s.xml").is_over
