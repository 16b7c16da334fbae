# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call is recorded in whatever it speaks: what goes to the left, what comes to the right, silence where we cannot decode."""

from __future__ import annotations

import array
from pathlib import Path

import pytest

from engine.media.codecs import G722, OPUS, PCMA, PCMU, Codec, l16
from engine.media.rtp import write_rtp
from engine.media.sdp import Format
from engine.media.track import Track, even_track
from engine.shard.media.recorder import GoingTap, Recorder
from engine.shard.media.recordings import Recordings
from tests.engine.media.coded import track_of
from tests.media_audio import dominant_hz, goertzel_db, read_wav, tone

MS = 1_000_000
START_NS = 10_000 * MS


def format_of(codec: Codec) -> Format:
    return Format(codec.name, codec.clock_rate, codec.channels)


def payload(track: Track, index: int) -> bytes:
    return track.payloads[track.starts[index] : track.starts[index] + track.sizes[index]]


class Call:
    """A recorder in a folder, and a peer that speaks."""

    def __init__(self, folder: Path, channels: int, formats: dict[int, Format] | None = None) -> None:
        self.path = folder / "call.wav"
        self.warnings: list[str] = []
        self.formats = formats or {}
        self.recordings = Recordings(self.warnings.append)
        self.recorder = Recorder(self.recordings, str(self.path), channels, self.formats.get, self.warnings.append, START_NS)

    def hears(self, track: Track, payload_type: int, known: Format | None, from_ms: int = 0) -> None:
        for index, due_ns in enumerate(track.dues_ns):
            at_ns = START_NS + from_ms * MS + due_ns
            self.recorder.heard(known, payload_type, payload(track, index), index, track.timestamps[index], at_ns)

    def says(self, track: Track, payload_type: int, from_ms: int = 0) -> None:
        for index, due_ns in enumerate(track.dues_ns):
            at_ns = START_NS + from_ms * MS + due_ns
            GoingTap(self.recorder).sent(track, payload_type, payload(track, index), track.timestamps[index], at_ns)

    def end(self) -> tuple[int, list[array.array[int]]]:
        self.recorder.close(START_NS + 10_000 * MS)
        self.recordings.close()
        return read_wav(self.path)


@pytest.mark.parametrize(
    ("codec", "payload_type", "rate"),
    [(PCMU, 0, 8000), (PCMA, 8, 8000), (G722, 9, 16000), (l16(16000), 96, 16000), (l16(44100, 2), 10, 44100)],
    ids=["PCMU", "PCMA", "G722", "L16", "L16 stereo"],
)
def test_what_came_is_the_same_tone(tmp_path: Path, codec: Codec, payload_type: int, rate: int) -> None:
    samples = tone(440, 2, codec.sample_rate, level_db=-12)
    if codec.channels == 2:
        samples = array.array("h", (each for sample in samples for each in (sample, sample)))
    call = Call(tmp_path, 1)
    call.hears(track_of(codec, samples.tobytes(), payload_type), payload_type, format_of(codec), from_ms=500)
    found_rate, (recorded,) = call.end()
    assert found_rate == rate
    assert abs(len(recorded) - 2.5 * rate) <= rate // 50
    assert not any(recorded[: rate // 2 - 8])
    sounding = recorded[rate * 6 // 10 : rate * 24 // 10]
    assert dominant_hz(sounding, rate) == pytest.approx(440, rel=0.005)
    assert goertzel_db(sounding, rate, 440) == pytest.approx(-12, abs=1)
    assert call.warnings == []


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_any_number_of_channels_is_recorded_as_one(tmp_path: Path, channels: int) -> None:
    codec = l16(8000, channels)
    samples = array.array("h", [sample for sample in tone(440, 1) for _ in range(channels)])
    call = Call(tmp_path, 1)
    call.hears(track_of(codec, samples.tobytes(), 96), 96, format_of(codec))
    _, (recorded,) = call.end()
    assert len(recorded) == 8000
    assert dominant_hz(recorded, 8000) == pytest.approx(440, rel=0.005)
    assert goertzel_db(recorded, 8000, 440) == pytest.approx(-12, abs=1)


def test_both_ways_at_their_times(tmp_path: Path) -> None:
    call = Call(tmp_path, 2, {0: format_of(PCMU)})
    call.says(track_of(PCMU, tone(1000, 1).tobytes(), 0), 0, from_ms=0)
    call.hears(track_of(PCMU, tone(440, 1).tobytes(), 0), 0, None, from_ms=1500)
    rate, (sent, came) = call.end()
    assert (rate, len(came)) == (8000, 8000 * 5 // 2)
    assert dominant_hz(sent[:8000], 8000) == pytest.approx(1000, rel=0.005)
    assert not any(sent[8000:])
    assert not any(came[: 8000 * 3 // 2])
    assert dominant_hz(came[8000 * 3 // 2 :], 8000) == pytest.approx(440, rel=0.005)


def test_what_is_replayed_from_a_capture_is_recorded_too(tmp_path: Path) -> None:
    spoken = track_of(PCMA, tone(440, 1).tobytes(), 8)
    datagrams = [write_rtp(8, index, 160 * index, 7, payload(spoken, index)) for index in range(len(spoken))]
    sizes = [len(each) for each in datagrams]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    whole = Track(
        b"".join(datagrams), starts, sizes, spoken.dues_ns, [0] * len(sizes), [], period_ns=10**9, period_ticks=0, whole=True
    )
    call = Call(tmp_path, 2)
    call.says(whole, 0)
    _, (sent, came) = call.end()
    assert not any(came)
    assert dominant_hz(sent, 8000) == pytest.approx(440, rel=0.005)


def test_what_cannot_be_decoded_is_silence_and_told_once(tmp_path: Path) -> None:
    call = Call(tmp_path, 1)
    opus = even_track(bytes(500), 10, 20, clock_rate=48000, payload_type=111, codec="OPUS")
    call.hears(track_of(PCMU, tone(440, 0.5).tobytes(), 0), 0, format_of(PCMU))
    call.hears(opus, 111, format_of(OPUS), from_ms=500)
    call.hears(track_of(PCMU, tone(440, 0.5).tobytes(), 0), 0, format_of(PCMU), from_ms=1500)
    _, (recorded,) = call.end()
    assert len(recorded) == 8000 * 2
    assert not any(recorded[4000:12000])
    assert any(recorded[12000:])
    assert call.warnings == ["audio of opus cannot be decoded here: it is silence in recordings"]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 1399])
@pytest.mark.parametrize(
    "codec", [PCMU, PCMA, G722, l16(8000), l16(8000, 2)], ids=lambda codec: f"{codec.name}-{codec.channels}"
)
def test_packets_of_any_size_are_recorded_as_far_as_they_can_be(tmp_path: Path, codec: Codec, size: int) -> None:
    call = Call(tmp_path, 1)
    for number in range(3):
        arrived_ns = START_NS + number * 20 * MS
        call.recorder.heard(format_of(codec), 96, bytes(size), number, number * 160, arrived_ns)
    call.recorder.close(START_NS + 60 * MS)
    call.recordings.close()
    assert call.warnings == []
