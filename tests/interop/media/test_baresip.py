# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls with `baresip`, either calling: each hears the tone that the other sends, and the digits, plain and encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import pytest

from engine.messages import MediaCounters
from tests.interop.media.baresip_peer import SPOKEN_DB, SPOKEN_HZ, Baresip
from tests.interop.media.scenes import callee, caller, do, media_ports, talking, wait
from tests.interop.sides import Ours, at
from tests.media_audio import dominant_hz, level_db, loud_part, pcm, read_wav, tone, write_wav
from tests.programs import Program, Programs

OUR_HZ: Final = 1000.0
OUR_DB: Final = -15.0
TALK_S: Final = 0.6
"""At least so much of a tone is heard."""
_FILE_S: Final = 0.5
_OPUS_SAMPLES: Final = 960
_EVENTS: Final = ("a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20")
_DTLS: Final = ("a=fingerprint:[dtls_fingerprint]", "a=setup:[dtls_setup]")


@dataclass(frozen=True)
class Talk:
    """What our side says in SDP to a user of the phone, and what it plays; `decodes`: whether it understands the answer."""

    user: str
    media: Sequence[str]
    stream: str = "tone.wav,-1,0,PCMU/8000"
    decodes: bool = True


def _audio(profile: str, payload_type: int, codec: str, *more: str) -> tuple[str, ...]:
    line = f"m=audio [rtpstream_audio_port] {profile} {payload_type} 101"
    return (line, f"a=rtpmap:{payload_type} {codec}", *_EVENTS, *more)


def _sdes(suite: str) -> tuple[str, ...]:
    crypto = f"a=crypto:[cryptotag1audio] [cryptosuite{suite}1audio] inline:[cryptokeyparams1audio]"
    return _audio("RTP/SAVP", 0, "PCMU/8000", crypto)


TALKS: Final = {
    "PCMU": Talk("pcmu", _audio("RTP/AVP", 0, "PCMU/8000")),
    "PCMA": Talk("pcma", _audio("RTP/AVP", 8, "PCMA/8000"), "tone.wav,-1,8,PCMA/8000"),
    "G722": Talk("g722", _audio("RTP/AVP", 9, "G722/8000"), "tone.wav,-1,9,G722/8000"),
    "Opus": Talk("opus", _audio("RTP/AVP", 96, "opus/48000/2"), "tone.opus,-1,96,opus/48000/2", decodes=False),
    "SDES": Talk("sdes", _sdes("aescm128sha180")),
    "DTLS": Talk("dtls", _audio("UDP/TLS/RTP/SAVPF", 0, "PCMU/8000", *_DTLS)),
}
PINGED: Final = ((0, 0), (1, 0))
"""Garbage, and packets that did not prove their key: it sends one packet of RTCP in the clear before it has keys."""
SUITES_OFFERED: Final = ("aescm128sha132", "aeadaes128gcm", "aeadaes256gcm")


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Baresip]:
    """One for all tests."""
    programs = Programs(tmp_path_factory.mktemp("baresip"))
    try:
        yield Baresip(programs)
    finally:
        programs.end()


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tone that we play, as WAV at a rate of none of the codecs and as Ogg Opus."""
    folder = tmp_path_factory.mktemp("sounds")
    write_wav(folder / "tone.wav", tone(OUR_HZ, _FILE_S, 44_100, OUR_DB), 44_100, channels=2)
    write_opus(folder / "tone.opus", tone(OUR_HZ, 60, 48_000, OUR_DB))
    return folder


def write_opus(path: Path, samples: Sequence[int]) -> None:
    """An Ogg Opus file of 48 kHz in frames of 20 ms."""
    with av.open(str(path), "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=48_000, layout="mono")
        data = pcm(samples)
        for start in range(0, len(samples), _OPUS_SAMPLES):
            frame = av.AudioFrame(format="s16", layout="mono", samples=_OPUS_SAMPLES)
            frame.sample_rate, frame.pts = 48_000, start
            frame.planes[0].update(data[2 * start : 2 * (start + _OPUS_SAMPLES)])
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def steps(talk: Talk, sounds: Path) -> str:
    """What our side does in a call: plays, hears a digit, says some; at the last the phone hangs up, if it is to."""
    record = (do('rtp_record="start,heard.wav"'),) if talk.decodes else ()
    heard = '  <recv dtmf="7" timeout="8000"/>'
    said = (do('send_dtmf="5#"'), wait(1200), do('send_dtmf="0"'))
    return talking(*record, do(f'rtp_stream="{sounds}/{talk.stream}"'), heard, wait(100), *said)


def start(ours: Ours, *arguments: str) -> Program:
    """Our side, with ports that nobody else is likely to have."""
    ports = ("-min_rtp_port", str(media_ports()), "-nostdin", "-m", "1", "-expect_audio", "both")
    return ours.start(*arguments, *ports)


def talk_over(phone: Baresip, talk: Talk, ours: Ours, run: Program, *, hangs_up: bool = False) -> None:
    """The phone's part: it hears our audio, presses 7, and hears our digits. Then what it heard is looked at."""
    phone.expect("CALL_RTPESTAB", talk.user)
    phone.press(talk.user, "7")
    assert phone.digits(3) == "5#0"
    if hangs_up:
        phone.hang_up(talk.user)
    assert run.wait() == 0, run.output
    rate, samples = phone.heard(talk.user)
    is_tone(samples, rate, OUR_HZ, OUR_DB)
    counters = ours.summary().counters
    assert (counters.created, counters.successful) == (1, 1)


def is_tone(samples: Sequence[int], rate: int, hz: float, db: float) -> None:
    """There is enough of it, and it is that tone as loud as it was."""
    part = loud_part(samples, rate)
    assert len(part) > TALK_S * rate, f"{len(part)} samples of {len(samples)} at {rate} Hz are loud"
    assert dominant_hz(part, rate) == pytest.approx(hz, rel=0.01)
    assert level_db(part) == pytest.approx(db, abs=2)


def we_heard_it(programs: Programs, talk: Talk) -> None:
    """What we recorded is what the phone plays."""
    if talk.decodes:
        rate, channels = read_wav(programs.folder / "heard.wav")
        is_tone(channels[0], rate, SPOKEN_HZ, SPOKEN_DB)


@pytest.mark.parametrize("name", TALKS)
def test_we_call_the_phone(programs: Programs, phone: Baresip, sounds: Path, name: str) -> None:
    talk, ours = TALKS[name], Ours(programs)
    caller(programs.folder, talk.media, talking(steps(talk, sounds), wait(300)))
    run = start(ours, "-sf", "caller.xml", "-s", talk.user, at(phone.host, phone.port))
    talk_over(phone, talk, ours, run)
    we_heard_it(programs, talk)


@pytest.mark.parametrize("name", TALKS)
def test_the_phone_calls_us(programs: Programs, phone: Baresip, sounds: Path, name: str) -> None:
    talk, ours = TALKS[name], Ours(programs)
    callee(programs.folder, talk.media, steps(talk, sounds))
    run = start(ours, "-sf", "callee.xml")
    run.wait_bound(ours.port)
    phone.dial(talk.user, f"sip:callee@{at(ours.host, ours.port)}")
    phone.expect("CALL_ESTABLISHED", talk.user)
    talk_over(phone, talk, ours, run, hangs_up=True)
    we_heard_it(programs, talk)


@pytest.mark.parametrize("suite", SUITES_OFFERED)
def test_the_phone_takes_the_suite_that_we_offer(programs: Programs, phone: Baresip, sounds: Path, suite: str) -> None:
    talk, ours = Talk("sdes", _sdes(suite)), Ours(programs)
    caller(programs.folder, talk.media, talking(steps(talk, sounds), wait(300)))
    run = start(ours, "-sf", "caller.xml", "-s", talk.user, at(phone.host, phone.port))
    talk_over(phone, talk, ours, run)
    we_heard_it(programs, talk)


def _reports(programs: Programs, phone: Baresip, sounds: Path, talk: Talk) -> MediaCounters:
    """What we counted in a call with many reports."""
    ours = Ours(programs)
    caller(programs.folder, talk.media, talking(do(f'rtp_stream="{sounds}/{talk.stream}"'), wait(1200)))
    run = start(ours, "-sf", "caller.xml", "-s", talk.user, at(phone.host, phone.port), "-rtcp_interval", "200")
    phone.expect("CALL_RTPESTAB", talk.user)
    assert run.wait() == 0, run.output
    phone.heard(talk.user)
    media = ours.summary().media
    assert media is not None
    return media.counters


@pytest.mark.parametrize("name", ["PCMU", "SDES"])
def test_the_phone_is_told_by_rtcp_how_it_goes(programs: Programs, phone: Baresip, sounds: Path, name: str) -> None:
    counted = _reports(programs, phone, sounds, TALKS[name])
    assert counted.rtcp_sent > 2
    assert (counted.garbage, counted.srtp_rejected) in PINGED
    assert "failed to decrypt" not in phone.program.output


def test_one_port_for_all_has_one_handshake(programs: Programs, sounds: Path) -> None:
    phone = Baresip(programs, rtcp_mux=True)
    media = _audio("UDP/TLS/RTP/SAVPF", 0, "PCMU/8000", *_DTLS, "a=rtcp-mux")
    counted = _reports(programs, phone, sounds, Talk("dtls", media))
    assert counted.rtcp_sent > 2
    assert (counted.garbage, counted.srtp_rejected) in PINGED
    assert "failed to decrypt" not in phone.program.output


def test_no_reports_go_to_a_port_that_wants_a_handshake_of_its_own(programs: Programs, phone: Baresip, sounds: Path) -> None:
    counted = _reports(programs, phone, sounds, TALKS["DTLS"])
    assert counted.rtcp_sent == 0
    assert (counted.garbage, counted.srtp_rejected) in PINGED
    assert "failed to decrypt" not in phone.program.output
