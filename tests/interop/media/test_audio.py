# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is heard in calls of ours with ours: how long answers let us wait, silence, clipping; and what recordings hold."""

from __future__ import annotations

import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.messages import Counters, Failure, MediaSummary
from tests.interop.media.scenes import callee, caller, do, media_ports, talking, wait
from tests.interop.sides import Ours, at
from tests.media_audio import dominant_hz, level_db, loud_part, read_wav, tone, write_wav
from tests.programs import Programs

CALLER_HZ, CALLEE_HZ = 450.0, 950.0
FEW = 3
SAYS = do('rtp_stream="said.wav,1,0"')


def silence(seconds: float) -> array.array[int]:
    return array.array("h", bytes(2 * round(8000 * seconds)))


class Sides:
    """A caller and a callee, each with a folder, a scenario and something to say (`said.wav`)."""

    def __init__(self, programs: Programs, calls: int = FEW) -> None:
        self._calls = calls
        self.homes: dict[str, Programs] = {}
        for name in ("caller", "callee"):
            home = programs.folder / name
            home.mkdir()
            self.homes[name] = Programs(home)
        self.ours = {name: Ours(home) for name, home in self.homes.items()}
        self.output = ""

    def folder(self, name: str) -> Path:
        return self.homes[name].folder

    def say(self, name: str, samples: array.array[int]) -> None:
        write_wav(self.folder(name) / "said.wav", samples)

    def talk(
        self, calling: str, called: str, of_caller: Sequence[str] = (), of_callee: Sequence[str] = (), code: int = 0
    ) -> None:
        """Make calls in which each does this once it is established."""
        caller(self.folder("caller"), talk=calling, name="scene.xml")
        callee(self.folder("callee"), talk=called, name="scene.xml")
        common = ("-sf", "scene.xml", "-m", str(self._calls))
        there, here = self.ours["callee"], self.ours["caller"]
        try:
            server = there.start(*common, "-mp", str(media_ports()), *of_callee)
            server.wait_bound(there.port)
            client = here.start(*common, "-mp", str(media_ports()), *of_caller, at(here.host, there.port))
            assert (client.wait(), server.wait()) == (code, 0), client.output + server.output
            self.output = client.output
        finally:
            for home in self.homes.values():
                home.end()

    def counted(self, name: str) -> Counters:
        return self.ours[name].summary().counters

    def media(self, name: str) -> MediaSummary:
        media = self.ours[name].summary().media
        assert media is not None
        return media


def test_the_time_to_the_answer_is_from_the_last_sound_to_the_first(programs: Programs) -> None:
    """We speak for 0.5 s, and are silent for 1.5 s that the file has at its end; the answer begins 1.2 s after the ACK."""
    sides = Sides(programs)
    sides.say("caller", tone(CALLER_HZ, 0.5) + silence(1.5))
    sides.say("callee", silence(0.2) + tone(CALLEE_HZ, 0.6))
    sides.talk(talking(SAYS, wait(2500)), talking(wait(1000), SAYS), ("-measure_audio",))
    latency = sides.media("caller").audio_latency
    assert latency.count == FEW
    assert 600 < latency.p50_ms < 1500, "some 0.7 s; a busy machine may add to it"


def test_an_answer_that_talks_over_us_is_none_to_be_timed(programs: Programs) -> None:
    sides = Sides(programs, calls=1)
    sides.say("caller", tone(CALLER_HZ, 1.0))
    sides.say("callee", tone(CALLEE_HZ, 1.5))
    sides.talk(talking(SAYS, wait(2000)), talking(wait(400), SAYS), ("-measure_audio",))
    assert sides.media("caller").audio_latency.count == 0


def test_silence_and_clipping_are_found(programs: Programs) -> None:
    sides = Sides(programs)
    sides.say("caller", array.array("h", (max(-32768, min(32767, 3 * each)) for each in tone(CALLER_HZ, 1.0, level_db=-3))))
    sides.say("callee", silence(1.0))
    sides.talk(talking(SAYS, wait(1200)), SAYS, ("-measure_audio",), ("-measure_audio",))
    heard, said = sides.media("caller").counters, sides.media("callee").counters
    assert (heard.silent, heard.clipped) == (FEW, 0)
    assert (said.silent, said.clipped) == (0, FEW)


def test_silence_all_along_is_no_audio_where_some_is_expected(programs: Programs) -> None:
    sides = Sides(programs)
    sides.say("caller", tone(CALLER_HZ, 0.5))
    sides.say("callee", silence(0.5))
    sides.talk(talking(SAYS, wait(800)), SAYS, ("-expect_audio", "both"), ("-expect_audio", "both"), code=1)
    assert sides.counted("caller").failures == {Failure.ONE_WAY_AUDIO: FEW}
    assert list(sides.counted("caller").reasons) == ["what came was silence all along"]
    assert sides.counted("callee").successful == FEW


def assert_sounds(samples: Sequence[int], rate: int, hz: float) -> None:
    """It is the tone that was said."""
    loud = loud_part(samples, rate)
    assert len(loud) > rate // 2
    assert dominant_hz(loud, rate) == pytest.approx(hz, rel=0.005)
    assert level_db(loud) == pytest.approx(-12, abs=1)


@pytest.mark.parametrize("name", ["caller", "callee"])
def test_every_call_has_a_recording_of_what_goes_and_what_comes(programs: Programs, name: str) -> None:
    sides = Sides(programs)
    sides.say("caller", tone(CALLER_HZ, 1.0))
    sides.say("callee", tone(CALLEE_HZ, 1.0))
    flags = ("-record_wav_dir", "calls", "-record_wav_duplex")
    of = {"caller": (), "callee": (), name: flags}
    sides.talk(talking(SAYS, wait(1300)), SAYS, of["caller"], of["callee"])
    files = sorted((sides.folder(name) / "calls").iterdir())
    assert [file.name[:7] for file in files] == ["000001-", "000002-", "000003-"]
    own, other = (CALLER_HZ, CALLEE_HZ) if name == "caller" else (CALLEE_HZ, CALLER_HZ)
    for file in files:
        rate, (went, came) = read_wav(file)
        assert_sounds(went, rate, own)
        assert_sounds(came, rate, other)
    assert sides.media(name).counters.recordings == FEW
    assert sides.media(name).counters.recording_drops == 0


def test_a_scenario_records_what_it_wants(programs: Programs) -> None:
    sides = Sides(programs)
    sides.say("callee", tone(CALLEE_HZ, 1.0))
    start = do('rtp_record="start,of_[call_number].wav"')
    sides.talk(talking(start, wait(700), do('rtp_record="stop"'), wait(600)), SAYS)
    for number in range(1, FEW + 1):
        rate, (came,) = read_wav(sides.folder("caller") / f"of_{number}.wav")
        assert len(came) < rate
        assert_sounds(came, rate, CALLEE_HZ)


def test_a_folder_that_cannot_be_written_is_told_and_calls_go_on(programs: Programs) -> None:
    sides = Sides(programs)
    sides.say("callee", tone(CALLEE_HZ, 0.5))
    (sides.folder("caller") / "calls").write_bytes(b"a file")
    sides.talk(wait(700), SAYS, ("-record_wav_dir", "calls"))
    assert sides.counted("caller").successful == FEW
    assert "cannot record to calls: " in sides.output
    assert sides.media("caller").counters.recording_drops > 0
