# SPDX-License-Identifier: AGPL-3.0-or-later
"""What scenarios and options say of media, done by two of us: one calls, one is called."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.interop.media.scenes import PCMU, callee, caller, do, media_ports, ports_filter, talking, wait
from tests.interop.media.tshark_rtp import StreamRow, capture, streams
from tests.interop.sides import Ours, at
from tests.programs import Program, Programs

SPOKEN = (*PCMU[:1], PCMU[1], "a=rtpmap:101 telephone-event/8000")
EVENTS = ("m=audio [rtpstream_audio_port] RTP/AVP 0 101", *SPOKEN[1:])
SHARED_EVENTS = ("m=audio [media_port] RTP/AVP 0 101", *SPOKEN[1:])
TONE = 'rtp_stream="synthetic:tone:440,-1,0,PCMU/8000"'
ECHO = do('rtp_echo="startaudio"')
PASSED, CALLS_FAILED, STOPPED, CHECK_FAILED = 0, 1, 97, 253


class Pair:
    """One who is called in a folder of its own, and one who calls."""

    def __init__(self, programs: Programs) -> None:
        self._ours = Ours(programs)
        self._callee = Ours(programs)
        self.folder = programs.folder
        self.ports, self.callee_ports = media_ports(), media_ports()

    def run(
        self, arguments: Sequence[str] = (), callee_arguments: Sequence[str] = (), *, calls: int = 1, callee_calls: int = 0
    ) -> Program:
        """Make the calls; the program that made them, when both are done."""
        server = self._callee.start(
            "-sf", "callee.xml", "-m", str(callee_calls or calls), "-mp", str(self.callee_ports), *callee_arguments
        )
        server.wait_bound(self._callee.port)
        client = self._ours.start(
            "-sf", "caller.xml", "-m", str(calls), "-mp", str(self.ports), *arguments, at(self._callee.host, self._callee.port)
        )
        client.wait()
        server.wait()
        return client


@pytest.fixture
def pair(programs: Programs) -> Pair:
    return Pair(programs)


# --- the language --------------------------------------------------------------------------------------------------------


def test_digits_are_waited_for_and_media_checked(pair: Pair) -> None:
    hears = '<recv dtmf="12#" timeout="5000"><action><exec rtp_record="start,heard_[dtmf_digits].wav"/></action></recv>'
    check = do('rtpcheck="min_packets=40 direction=both timeout_ms=5000 max_lost=0 min_mos=4"')
    caller(pair.folder, EVENTS, talking(do(TONE), do('send_dtmf="12#"'), hears, wait(200), check, do('rtp_stream="stop"')))
    callee(pair.folder, EVENTS, ECHO)
    client = pair.run()
    assert client.process.returncode == PASSED, client.output
    with wave.open(str(pair.folder / "heard_12#.wav")) as file:
        assert file.getnframes() > 0.1 * file.getframerate()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("min_packets=10 direction=send timeout_ms=2000", PASSED),
        ("min_packets=10 direction=both timeout_ms=300", CHECK_FAILED),
    ],
)
def test_a_check_that_fails_has_its_exit_code(pair: Pair, wanted: str, code: int) -> None:
    caller(pair.folder, PCMU, talking(do(TONE), do(f'rtpcheck="{wanted}"')))
    callee(pair.folder, PCMU)
    client = pair.run()
    assert client.process.returncode == code, client.output


def test_a_check_that_fails_for_want_of_keys_says_so(pair: Pair) -> None:
    words = "a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]"
    port = "m=audio [rtpstream_audio_port] RTP/SAVP 0"
    caller(pair.folder, (port, words), talking(do(TONE), do('rtpcheck="min_packets=10 timeout_ms=300"')))
    callee(pair.folder, (port,))
    client = pair.run()
    assert client.process.returncode == CHECK_FAILED, client.output
    assert "rtpcheck of audio: the peer answered SRTP" in client.output


def test_what_is_not_echoed_leads_elsewhere(pair: Pair) -> None:
    hears = '<recv dtmf="1" timeout="300" ontimeout="none"/><nop><action><warning message="heard"/></action></nop>'
    hears_nothing = '<label id="none"/><nop><action><warning message="nobody"/></action></nop>'
    caller(pair.folder, EVENTS, talking(do('play_dtmf="1"'), hears, hears_nothing))
    callee(pair.folder, EVENTS)
    client = pair.run()
    assert client.process.returncode == PASSED, client.output
    assert "nobody" in client.output
    assert "heard" not in client.output


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ('<recv dtmf="1"/>', PASSED),
        ('<recv dtmf="1"><action><exec int_cmd="stop_now"/></action></recv><pause/>', STOPPED),
        (
            '<recv dtmf="1"><action><setdest host="x" port="[dtmf_digits]x" protocol="UDP"/></action></recv><pause/>',
            CALLS_FAILED,
        ),
    ],
)
def test_digits_may_end_the_call_or_the_run(pair: Pair, step: str, code: int) -> None:
    path = pair.folder / caller(pair.folder, EVENTS, talking(do('send_dtmf="1"'), step, "<!-- the end -->"))
    text = path.read_text()
    path.write_text(text[: text.index("<!-- the end -->")] + "</scenario>")
    heard = '<recv dtmf="1" timeout="30000"/>'  # what is to be heard again goes back, however late it comes
    path = pair.folder / callee(pair.folder, SHARED_EVENTS, talking(heard, wait(1500), "<!-- the end -->"))
    text = path.read_text()
    path.write_text(text[: text.index("<!-- the end -->")] + "</scenario>")
    client = pair.run(callee_arguments=["-rtp_echo"])
    assert client.process.returncode == code, client.output
    assert "internal error" not in client.output


def test_a_file_that_each_call_names(pair: Pair) -> None:
    for number in (1, 2):
        (pair.folder / f"{number}.ulaw").write_bytes(bytes([number]) * 160 * 10 * number)
    check = do('rtpcheck="min_packets=10 direction=recv timeout_ms=3000"')
    caller(pair.folder, PCMU, talking(do('rtp_stream="[call_number].ulaw,1,0"'), check, wait(300)))
    callee(pair.folder, PCMU, ECHO)
    with capture(pair.folder, ports_filter(pair.callee_ports)) as captured:
        client = pair.run(calls=2)
    assert client.process.returncode == PASSED, client.output
    assert sorted(row.packets for row in rows_to(captured, pair.callee_ports)) == [10, 20]


def rows_to(captured: Path, ports: int) -> list[StreamRow]:
    return [row for row in streams(captured, rtp_ports=(ports,)) if row.target[1] >= ports]


# --- options -------------------------------------------------------------------------------------------------------------

SHARED = ("m=audio [media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")


def test_all_that_comes_is_echoed(pair: Pair) -> None:
    caller(pair.folder, PCMU, talking(do(TONE), do('rtpcheck="20 direction=both timeout_ms=3000"')))
    callee(pair.folder, SHARED)
    client = pair.run((), ("-rtp_echo",))
    assert client.process.returncode == PASSED, client.output


@pytest.mark.parametrize(
    ("expected", "echoes", "failed"),
    [("both", True, 0), ("both", False, 1), ("send", False, 0), ("recv", False, 1), ("none", False, 0)],
)
def test_audio_that_is_expected(pair: Pair, expected: str, echoes: bool, failed: int) -> None:
    caller(pair.folder, PCMU, talking(do(TONE), wait(600)))
    callee(pair.folder, PCMU, ECHO if echoes else "")
    client = pair.run(("-expect_audio", expected))
    assert client.process.returncode == (CALLS_FAILED if failed else PASSED), client.output


@pytest.mark.parametrize(
    ("tolerance", "echoes", "code"),
    [("0.05", True, PASSED), ("0.05", False, CHECK_FAILED), ("1", False, PASSED)],
)
@pytest.mark.parametrize("kind", ["audio", "video"])
def test_media_that_have_to_come_back(pair: Pair, kind: str, tolerance: str, echoes: bool, code: int) -> None:
    sdp = {"audio": PCMU, "video": ("m=video [rtpstream_video_port] RTP/AVP 99", "a=rtpmap:99 H264/90000")}
    plays = {"audio": "apattern,1,0,PCMU/8000", "video": "vpattern,1,99,H264/90000"}
    caller(pair.folder, sdp[kind], talking(do(f'rtp_stream="{plays[kind]}"'), wait(1500), do('rtp_stream="pause"'), wait(200)))
    callee(pair.folder, sdp[kind], do(f'rtp_echo="start{kind}"') if echoes else "")
    client = pair.run((f"-{kind}tolerance", tolerance))
    assert client.process.returncode == code, client.output


def test_digits_between_the_audio_need_not_come_back(pair: Pair) -> None:
    caller(pair.folder, EVENTS, talking(do('rtp_stream="apattern,1,0"', 'send_dtmf="123456"'), wait(1800)))
    callee(pair.folder, EVENTS, ECHO)
    client = pair.run(("-audiotolerance", "0.05"))
    assert client.process.returncode == PASSED, client.output


def test_media_that_a_call_does_not_have_take_no_ports(pair: Pair) -> None:
    steps = do('rtp_echo="start"', TONE), wait(300), do('rtp_stream="stop"', 'rtp_echo="stop"')
    caller(pair.folder, PCMU, talking(*steps))
    callee(pair.folder, PCMU)
    client = pair.run(("-r", "100", "-max_rtp_port", str(pair.ports + 23)), calls=11)
    assert client.process.returncode == PASSED, client.output


def test_answers_by_voice_are_timed(pair: Pair) -> None:
    caller(pair.folder, PCMU, talking(do('rtp_stream="synthetic:tone:440,1,0,PCMU/8000,20,300"'), wait(1200)))
    callee(pair.folder, PCMU, talking(wait(700), do(TONE)))
    client = pair.run(("-measure_audio",))
    assert client.process.returncode == PASSED, client.output
    assert "Answer by voice, p50" in client.output


def test_a_call_that_gets_no_port_has_failed(pair: Pair) -> None:
    """Of three pairs one is that of all calls."""
    caller(pair.folder, PCMU, wait(800))
    callee(pair.folder, PCMU)
    client = pair.run(("-max_rtp_port", str(pair.ports + 5), "-r", "100"), calls=6, callee_calls=2)
    assert client.process.returncode == CALLS_FAILED
    assert "2 ok · 4 failed" in client.output
    assert "No media port" in client.output


def test_all_calls_are_recorded(pair: Pair) -> None:
    caller(pair.folder, PCMU, talking(do(TONE), wait(400)))
    callee(pair.folder, PCMU, ECHO)
    client = pair.run(("-record_wav_dir", "heard", "-record_wav_duplex"), calls=2)
    assert client.process.returncode == PASSED, client.output
    files = sorted((pair.folder / "heard").iterdir())
    assert len(files) == 2
    for path in files:
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getnframes() > 0.2 * file.getframerate()) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "payload", "ssrc"),
    [
        (("-rtp_payload", "0", "-random_base_ssrc", "false"), "g711U", 0xCA11_0000),
        ((), "g711A", None),
    ],
)
def test_payload_types_and_sources_of_the_run(pair: Pair, arguments: tuple[str, ...], payload: str, ssrc: int | None) -> None:
    sdp = ("m=audio [rtpstream_audio_port] RTP/AVP 0 8",)
    caller(pair.folder, sdp, talking(do('rtp_stream="apattern,1"'), wait(300)))
    callee(pair.folder, sdp)
    with capture(pair.folder, ports_filter(pair.callee_ports)) as captured:
        client = pair.run(arguments)
    assert client.process.returncode == PASSED, client.output
    (row,) = rows_to(captured, pair.callee_ports)
    assert row.payload == payload
    assert (row.ssrc == 0xCA11_0000) == (ssrc is not None)


def test_media_have_an_address_of_their_own(pair: Pair) -> None:
    caller(pair.folder, PCMU, talking(do(TONE), wait(300)))
    callee(pair.folder, PCMU)
    with capture(pair.folder, ports_filter(pair.callee_ports)) as captured:
        client = pair.run(("-mi", "127.0.0.3"))
    assert client.process.returncode == PASSED, client.output
    (row,) = rows_to(captured, pair.callee_ports)
    assert row.source[0] == "127.0.0.3"
    assert pair.ports <= row.source[1] < pair.ports + 10
