# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media commands of `exec`: what they have a call's media do, and what is refused."""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.messages import Failure
from engine.scenario.compile import compile_program
from engine.scenario.load import load_scenario
from engine.scenario.program import RunFacts
from engine.scenario.tracks import Tracks
from tests.engine.media.sources.captures import ethernet, ipv4, pcap, rtp, udp
from tests.engine.scenario.helpers import FACTS, OPTIONS, Call, problems_of, program_of, scenario_bytes
from tests.engine.scenario.told_media import ToldMedia


def in_nop(action: str) -> str:
    return f"{OPTIONS}<nop><action>\n{action}</action></nop>"


def act(action: str, call: Call | None = None, **facts: object) -> Call:
    """A call after the action."""
    call = call or Call()
    program = program_of(in_nop(action), **facts)
    call.variables = call.variables or [None] * len(program.variables)
    program.steps[1].actions[0](call)
    return call


def told(attributes: str, **facts: object) -> list[str]:
    return act(f"<exec {attributes}/>", **facts).media.told


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a second of sound in several files."""
    monkeypatch.chdir(tmp_path)
    with wave.open("hello.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    Path("hello.raw").write_bytes(bytes(8000))
    Path("grüße.raw").write_bytes(bytes(1600))
    return tmp_path


# --- playing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hello.wav", "plays 1000 ms of PCMA as 8 on audio, once"),
        ("hello.wav,3,0,PCMU/8000", "plays 1000 ms of PCMU as 0 on audio, 3 times"),
        ("hello.wav,-1,9", "plays 1000 ms of G722 as 9 on audio, for ever"),
        ("hello.raw,1,18", "plays 8000 ms of G729 as 18 on audio, once"),
        ("apattern,2,0,PCMU/8000", "plays 1000 ms of PCMU as 0 on audio, for ever"),
        ("synthetic,1,0,PCMU/8000,20,3000", "plays 3000 ms of PCMU as 0 on audio, once"),
        ("synthetic:tone:440,2,8,PCMA/8000,20,500", "plays 500 ms of PCMA as 8 on audio, 2 times"),
    ],
)
def test_what_is_streamed(value: str, expected: str) -> None:
    assert told(f'rtp_stream="{value}"') == [expected]


def test_a_video_pattern_goes_on_the_video() -> None:
    (said,) = told('rtp_stream="vpattern,1,99,H264/90000"')
    assert said.endswith("as 99 on video, for ever")


def test_the_payload_type_is_that_of_the_run_when_none_is_named() -> None:
    assert told('rtp_stream="hello.wav"', rtp_payload=0) == ["plays 1000 ms of PCMU as 0 on audio, once"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("pause", ["pauses audio", "pauses video", "pauses image"]),
        ("resume", ["resumes audio", "resumes video", "resumes image"]),
        ("pauseapattern", ["pauses audio"]),
        ("resumevpattern", ["resumes video"]),
        ("echo", ["echoes audio"]),
        ("stop", [f"{what} {kind}" for kind in ("audio", "video", "image") for what in ("stops", "echoes no")]),
    ],
)
def test_how_a_stream_is_steered(value: str, expected: list[str]) -> None:
    assert told(f'rtp_stream="{value}"') == expected


def test_a_file_is_looked_for_beside_the_scenario_and_then_here(folder: Path) -> None:
    (folder / "lab").mkdir()
    (folder / "lab" / "hello.raw").write_bytes(bytes(160))
    text = scenario_bytes(
        in_nop('<exec rtp_stream="hello.raw,1,0"/>') + '<nop><action><exec rtp_stream="hello.wav,1,0"/></action></nop>'
    )
    program = compile_program(load_scenario("lab/s.xml", text), RunFacts(**FACTS))
    call = Call()
    for step in program.steps[1:]:
        step.actions[0](call)
    assert call.media.told == [f"plays {ms} ms of PCMU as 0 on audio, once" for ms in (20, 1000)]


def test_a_file_may_have_any_name() -> None:
    text = scenario_bytes("").replace(b"</scenario>", in_nop('<exec rtp_stream="grüße.raw,1,0"/>').encode() + b"</scenario>")
    call = Call()
    compile_program(load_scenario("s.xml", text), RunFacts(**FACTS)).steps[1].actions[0](call)
    assert call.media.told == ["plays 200 ms of PCMU as 0 on audio, once"]


def test_a_track_is_made_once_and_shared() -> None:
    tracks = Tracks()
    calls = [act('<exec rtp_stream="hello.wav,1,0"/>', tracks=tracks) for _ in range(2)]
    Path("hello.wav").write_bytes(b"other by now")
    calls.append(act('<exec rtp_stream="hello.wav,1,0"/>', tracks=tracks))
    assert len({id(call.media.tracks[0]) for call in calls}) == 1


def test_a_file_that_a_keyword_names_is_played() -> None:
    call = act('<exec rtp_stream="[service].wav,1,0"/>', service="hello")
    assert call.media.told == ["plays 1000 ms of PCMU as 0 on audio, once"]
    assert act(
        '<exec rtp_stream="h[$name].wav,1,0"/>\n<assignstr assign_to="name" value=""/>', Call(variables=[b"ello"])
    ).media.told


def test_a_call_waits_for_a_file_that_it_names_first() -> None:
    work: list[Callable[[], None]] = []
    tracks = Tracks()
    tracks.beside = work.append
    action = '<exec rtp_stream="[call_number].wav,1,0"/>'
    os.rename("hello.wav", "7.wav")
    call = act(action, tracks=tracks)
    ((hold, timeout_ms),) = call.holds
    assert (call.media.told, hold.is_over(call, False), timeout_ms) == ([], False, 30_000)
    work.pop()()
    assert hold.is_over(call, False)
    assert call.media.told == ["plays 1000 ms of PCMU as 0 on audio, once"]
    assert act(action, tracks=tracks).media.told, "the next call has it at once"
    assert not work


@pytest.mark.parametrize("name", ["7.pcap", "[call_number].pcap"])
def test_what_a_person_should_know_of_a_file_is_told_by_the_first_call(name: str) -> None:
    frames = [ethernet(ipv4(udp(rtp(k), 9000 if k % 3 else 9002))) for k in range(9)]
    Path("7.pcap").write_bytes(pcap([(20_000_000 * k, frame) for k, frame in enumerate(frames)]))
    tracks = Tracks()
    first, second = (act(f'<exec play_pcap_audio="{name}"/>', tracks=tracks) for _ in range(2))
    assert [len(call.media.told) for call in (first, second)] == [1, 1]
    (note,) = first.warnings
    assert "3 packets of RTP to other places are left out" in note
    assert second.warnings == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (8, "No such file or directory"),
        (7, "7.wav: it names no audio"),
    ],
)
def test_a_file_of_a_call_that_cannot_be_played_fails_it(number: int, expected: str) -> None:
    Path("7.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    call = act('<exec rtp_stream="[call_number].wav,1,0"/>', Call(number=number))
    ((failure, reason),) = call.failures
    assert failure is Failure.CANNOT_SEND
    assert number == 7 or expected in reason


def test_a_file_that_is_never_read_fails_the_call_that_waits() -> None:
    tracks = Tracks()
    tracks.beside = lambda run: None
    call = act('<exec rtp_stream="[call_number].wav,1,0"/>', tracks=tracks)
    call.holds[0][0].is_over(call, True)
    assert call.failures == [(Failure.CANNOT_SEND, "a file could not be read within 30 s")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('rtp_stream=",1"', 'exec: rtp_stream=",1": it names no file — it is FILE,LOOPS,PAYLOAD TYPE,NAME/RATE'),
        ('rtp_stream="hello.wav,x"', "the number of loops is a whole number from -1 to 1000000000, not 'x'"),
        ('rtp_stream="hello.wav,1,0,G722/8000"', "payload type 0 is PCMU, not G722"),
        ('rtp_stream="hello.wav,1,77"', "payload type 77 does not say what it is — name it"),
        ('rtp_stream="mic,hw:0"', "no microphone can be played"),
        (
            'rtp_stream="no.wav"',
            "cannot read no.wav: No such file or directory — it is looked for beside the scenario, then in the",
        ),
        ('rtp_stream="."', "cannot read .: it is a directory"),
        ('play_pcap_audio="no.pcap"', "cannot read no.pcap: No such file or directory"),
        ('play_pcap_video=" "', 'exec: play_pcap_video=" ": it names no file'),
        ('play_dtmf="12x"', 'exec: play_dtmf="12x": digits are 0 to 9, A to D, * and #'),
        ('play_dtmf="12,49"', "the length of a tone in ms is a number from 50 to 2000"),
        ('play_dtmf="1,2,3"', "it is DIGITS,TONE MS"),
        ('send_dtmf=""', "digits are 0 to 9, A to D, * and #"),
        ('send_dtmf="1,100,100,128"', "the payload type is a number from 0 to 127"),
        ('rtp_echo="begin"', "begin is not known — it is one of startaudio, startvideo, start, "),
        ('rtp_echo="startaudi"', "startaudi is not known — did you mean startaudio?"),
        ('rtp_echo="startaudio,x"', "the payload type is a number from 0 to 127"),
        ('rtp_record="rec.wav"', "it is start,FILE or start,FILE,duplex or stop"),
        ('rtp_record="start,"', "it is start,FILE or start,FILE,duplex or stop"),
        ('rtpcheck="packets"', "packets is no condition; they are NAME=VALUE, as in min_packets=50 direction=both"),
        ('rtpcheck="min_mos=high"', "min_mos=high is no number from 0 to "),
        ('rtpcheck="max_jiter_ms=1"', "max_jiter_ms is not known — did you mean max_jitter_ms?"),
        ('rtpcheck="direction=up"', "the direction up is none of any, send, recv, both"),
        ('rtpcheck="media=smell"', "the media smell are none of audio, video, image"),
    ],
)
def test_what_is_refused(value: str, expected: str) -> None:
    (problem,) = problems_of(in_nop(f"<exec {value}/>"))
    assert problem.startswith("s.xml:9: exec: ")
    assert expected in problem


def test_a_file_is_only_looked_for_while_a_scenario_is_checked(folder: Path) -> None:
    (folder / "large.wav").write_bytes(b"no sound")
    assert problems_of(in_nop('<exec rtp_stream="large.wav"/>')) == []


def test_a_file_that_holds_nothing_that_can_be_played_ends_the_run_before_it_begins(folder: Path) -> None:
    (folder / "empty.wav").write_bytes(b"")
    with pytest.raises(Exception, match=r"s\.xml:9: exec: rtp_stream=\"empty\.wav\": the file is empty"):
        program_of(in_nop('<exec rtp_stream="empty.wav"/>'))


# --- digits, echo, recording ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('play_dtmf="12#*D"', "sends 12#*D, 200 ms each, 200 ms between"),
        ('play_dtmf="9,80"', "sends 9, 80 ms each, 80 ms between"),
        ('play_dtmf="[call_number],80"', "sends 7, 80 ms each, 80 ms between"),
        ('send_dtmf="123#"', "sends 123#, 100 ms each, 100 ms between"),
        ('send_dtmf="1,60,40,96"', "sends 1 as 96, 60 ms each, 40 ms between"),
        ('send_dtmf="1[call_number]2"', "sends 172, 100 ms each, 100 ms between"),
        ('rtp_record="start,a b.wav"', "records a b.wav with 1 channel"),
        ('rtp_record="start,call_[call_number].wav,duplex"', "records call_7.wav with 2 channels"),
        ('rtp_record="stop"', "stops recording"),
    ],
)
def test_what_else_media_are_told(attributes: str, expected: str) -> None:
    assert told(attributes) == [expected]


@pytest.mark.parametrize(
    ("call_id", "name"),
    [(b"../../etc/x", "_.._etc_x"), (b"..", ""), (b"a\0b\nc", "a_b_c"), (b"x" * 300, "x" * 120), (b"1-7@[::1]", "1-7@[::1]")],
)
def test_what_a_peer_has_sent_leads_a_recording_nowhere(call_id: bytes, name: str) -> None:
    call = Call()
    call.call_id = call_id
    act('<exec rtp_record="start,calls/[call_id]/[call_id].wav"/>', call)
    assert call.media.told == [f"records calls/{name}/{name}.wav with 1 channel"]


def test_digits_of_a_call_that_are_none_fail_it() -> None:
    call = act('<exec send_dtmf="[call_id]"/>')
    assert call.failures == [
        (Failure.CANNOT_SEND, 'send_dtmf="7-4242@127.0.0.2": digits are 0 to 9, A to D, * and #'),
    ]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('<exec rtp_echo="startaudio,0,PCMU/8000"/>', ["echoes audio"]),
        ('<exec rtp_echo="updatevideo,99,H264/90000"/>', ["echoes video"]),
        ('<exec rtp_echo="stopaudio"/>', ["echoes no audio"]),
        ('<exec rtp_echo="start"/>', ["echoes audio", "echoes video"]),
        ('<exec rtp_echo="stop"/>', ["echoes no audio", "echoes no video"]),
        ('<rtp_echo value="1"/>', ["echoes audio", "echoes video"]),
        ('<rtp_echo value="0"/>', ["echoes no audio", "echoes no video"]),
    ],
)
def test_what_is_echoed(action: str, expected: list[str]) -> None:
    assert act(action).media.told == expected


def test_an_echo_may_depend_on_a_variable() -> None:
    action = '<rtp_echo variable="on"/>\n<assign assign_to="on" value="1"/>'
    assert act(action, Call(variables=[1.0])).media.told == ["echoes audio", "echoes video"]
    assert act(action, Call(variables=[0.0])).media.told == ["echoes no audio", "echoes no video"]


# --- checks --------------------------------------------------------------------------------------------------------------


def checked(text: str, timeout: bool = True, **figures: float) -> tuple[Call, bool]:
    """A call after the check, and whether it waits."""
    call = act(f'<exec rtpcheck="{text}"/>', Call(media=ToldMedia(figures_now=figures)))
    waits = bool(call.holds)
    if waits and timeout:
        assert call.holds[0][0].is_over(call, True)
    return call, waits


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("10", {"packets": 10}),
        ("10", {"sent": 6, "packets": 4}),
        ("min_packets=5 direction=both", {"sent": 5, "packets": 5}),
        ("min_packets=5, direction=send", {"sent": 5}),
        ("min_packets=5 direction=recv media=video", {"packets": 5}),
        ("max_loss=1 min_mos=4 max_jitter_ms=5", {"packets": 9, "loss": 0.01, "mos": 4.2, "jitter": 5}),
    ],
)
def test_media_that_are_as_they_should_be(text: str, figures: dict[str, float]) -> None:
    call, waits = checked(text, **figures)
    assert not waits
    assert not call.failures
    assert len(call.media.told) == 1, "it is counted once"


@pytest.mark.parametrize(
    ("text", "figures", "reason"),
    [
        ("10", {"packets": 9}, "9 packets sent and received, at least 10 wanted"),
        ("3 direction=both", {"packets": 9}, "0 packets sent, at least 3 wanted"),
        ("3 direction=bidirectional", {"sent": 9, "packets": 2}, "2 packets received, at least 3 wanted"),
        ("max_loss=0.5", {"packets": 9, "loss": 0.0125}, "loss 1.25 %, at most 0.5 % wanted"),
        (
            "min_mos=4 max_peak_jitter_ms=20",
            {"packets": 9, "mos": 3.5, "jitter_max": 33.25},
            "MOS 3.5, at least 4 wanted; peak jitter 33.25 ms, at most 20 ms wanted",
        ),
    ],
)
def test_media_that_are_not(text: str, figures: dict[str, float], reason: str) -> None:
    call, _ = checked(text, **figures)
    assert call.failures == [(Failure.RTP_CHECK, f"rtpcheck of audio: {reason}")]
    assert len(call.media.told) == 1


def test_a_check_waits_for_packets_and_not_for_quality() -> None:
    assert checked("min_packets=50 timeout_ms=3000", timeout=False, packets=49)[1]
    assert not checked("max_loss=1", packets=1, loss=0.5)[1]
    assert not checked("min_packets=50 timeout_ms=0", packets=49)[1]
    call, _ = checked("min_packets=50 timeout_ms=3000", timeout=False, packets=49)
    ((hold, timeout_ms),) = call.holds
    assert (timeout_ms, hold.is_over(call, False)) == (3000, False)
    call.media.figures_now["packets"] = 50
    assert hold.is_over(call, False)
    assert not call.failures
