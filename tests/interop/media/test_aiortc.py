# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls with a WebRTC end that is not ours, either side calling: ICE-lite, DTLS-SRTP, a tone each way, heard as it was said."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.interop.media.aiortc_peer import SPOKEN_DB, SPOKEN_HZ
from tests.interop.media.scenes import callee, caller, do, own_ports, talking, wait
from tests.interop.sides import Ours, at
from tests.media_audio import dominant_hz, level_db, loud_part, read_wav, tone, write_wav
from tests.programs import ROOT, Program, Programs, free_port

OUR_HZ, OUR_DB = 440.0, -10.0
WEBRTC = (
    "a=group:BUNDLE 0",
    "a=ice-lite",
    "m=audio [rtpstream_audio_port] UDP/TLS/RTP/SAVPF 0",
    "a=rtpmap:0 PCMU/8000",
    "a=mid:0",
    "a=sendrecv",
    "a=rtcp-mux",
    "a=ice-ufrag:[ice_ufrag]",
    "a=ice-pwd:[ice_pwd]",
    "a=candidate:1 1 UDP 2130706431 [media_ip] [rtpstream_audio_port] typ host",
    "a=end-of-candidates",
    "a=fingerprint:[dtls_fingerprint]",
    "a=setup:[dtls_setup]",
)
_TALK = do('rtp_record="start,heard.wav"', 'rtp_stream="said.wav,-1,0"')


def peer(programs: Programs, how: str, *more: str) -> tuple[Program, int]:
    """The other end, which can be called."""
    port = free_port()
    command = (sys.executable, "-m", "tests.interop.media.aiortc_peer", how, str(port), "theirs.wav", *more)
    # It is a module of the tests, also where the program that is tested is an installed one.
    program = programs.start(*command, environment={"PYTHONPATH": str(ROOT)})
    program.wait_bound(port)
    return program, port


def hears(path: Path, hz: float, level: float) -> None:
    """The recording is that tone, as loud as it was said."""
    rate, [samples] = read_wav(path)
    said = loud_part(samples, rate)
    assert len(said) > rate
    assert dominant_hz(said, rate) == pytest.approx(hz, abs=2)
    assert level_db(said) == pytest.approx(level, abs=0.5)


def check(ours: Ours, folder: Path) -> None:
    """Both have heard each other, and nothing was wrong with the packets."""
    summary = ours.summary()
    assert summary.media is not None
    counters = summary.media.counters
    assert counters.packets_sent > 100
    assert counters.packets_received > 100
    assert counters.rtcp_received > 0
    assert (counters.srtp_rejected, counters.srtp_replayed, counters.garbage, counters.lost) == (0, 0, 0, 0)
    assert (counters.dtls_failed, counters.keys_failed) == (0, 0)
    hears(folder / "theirs.wav", OUR_HZ, OUR_DB)
    hears(folder / "heard.wav", SPOKEN_HZ, SPOKEN_DB)


def test_we_call(programs: Programs) -> None:
    folder = programs.folder
    write_wav(folder / "said.wav", tone(OUR_HZ, 1.0, level_db=OUR_DB))
    caller(folder, WEBRTC, talking(_TALK, wait(4000)))
    other, port = peer(programs, "answer")
    ours = Ours(programs)
    call = ours.start("-sf", "caller.xml", "-m", "1", *own_ports(), at(ours.host, port))
    assert call.wait() == 0, call.output + other.output
    assert other.wait() == 0, other.output
    assert "connection connected" in other.output
    check(ours, folder)


def test_we_are_called(programs: Programs) -> None:
    folder = programs.folder
    write_wav(folder / "said.wav", tone(OUR_HZ, 1.0, level_db=OUR_DB))
    callee(folder, WEBRTC, _TALK)
    ours = Ours(programs)
    called = ours.start("-sf", "callee.xml", "-m", "1", *own_ports())
    called.wait_bound(ours.port)
    other, _ = peer(programs, "call", str(ours.port), "4")
    assert other.wait() == 0, other.output + called.output
    assert called.wait() == 0, called.output
    assert "connection connected" in other.output
    check(ours, folder)
