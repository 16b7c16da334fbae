# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls with SRTP between two of ours: keys of SDP in each suite, keys of DTLS in each role, and who means harm.

What was heard is a tone, decoded: its frequency and its level are those of what was said.
"""

from __future__ import annotations

import os
import re
import socket
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.media.sdp import read_sdp
from engine.media.srtp.sdes import keys_of, read_crypto
from engine.media.srtp.session import Srtp
from engine.media.srtp.suites import AES_CM_128_HMAC_SHA1_80, SUITES, Keys, Suite
from engine.messages import Failure, MediaCounters, Summary
from tests.interop.media.scenes import callee, caller, do, own_ports, talking, wait
from tests.interop.sides import Ours, at
from tests.media_audio import dominant_hz, level_db, loud_part, read_wav, tone, write_wav
from tests.programs import Programs

CALLER_HZ, CALLEE_HZ = 450.0, 950.0
SPOKEN_DB = -12.0
_CALLS = 3


def sdes(keyword: str, more: Sequence[str] = (), parameter: str = "") -> tuple[str, ...]:
    """An `m=` line with one `a=crypto`."""
    line = f"a=crypto:[cryptotag1audio] [cryptosuite{keyword}1audio] inline:[cryptokeyparams1audio]{parameter}"
    return "m=audio [rtpstream_audio_port] RTP/SAVP 0", "a=rtpmap:0 PCMU/8000", line, *more


def dtls(setup: str) -> tuple[str, ...]:
    """An `m=` line for a handshake."""
    return (
        "m=audio [rtpstream_audio_port] UDP/TLS/RTP/SAVP 0",
        "a=rtpmap:0 PCMU/8000",
        "a=rtcp-mux",
        "a=fingerprint:[dtls_fingerprint]",
        f"a=setup:{setup}",
    )


class Call:
    """Two of ours that talk for a second, each with a tone of its own, each writing what it hears."""

    def __init__(
        self,
        programs: Programs,
        offer: Sequence[str],
        answer: Sequence[str],
        seconds: float = 1.5,
        more: tuple[str, str] = ("", ""),
    ) -> None:
        self.folder = programs.folder
        for name, hz in (("caller", CALLER_HZ), ("callee", CALLEE_HZ)):
            write_wav(self.folder / f"{name}.wav", tone(hz, 1.0, level_db=SPOKEN_DB))
        self.sides = {}
        for name, scene, media in (("callee", callee, answer), ("caller", caller, offer)):
            home = self.folder / name
            home.mkdir()
            (home / "said.wav").write_bytes((self.folder / f"{name}.wav").read_bytes())
            talk = do('rtp_record="start,heard.wav"', 'rtp_stream="said.wav,-1,0"')
            steps = (talk, more[0], wait(round(seconds * 1000))) if name == "caller" else (talk, more[1])
            scene(home, media, talking(*steps), "scene.xml")
            self.sides[name] = Ours(Programs(home))
        self._programs = programs

    def run(self, *more: str, code: int = 0) -> tuple[Summary, Summary]:
        """Let them talk; what each has written of it: the caller's, and the callee's."""
        server, client = self.sides["callee"], self.sides["caller"]
        called = server.start("-sf", "scene.xml", "-m", str(_CALLS), *own_ports())
        try:
            called.wait_bound(server.port)
            calls = client.start(
                "-sf", "scene.xml", "-m", str(_CALLS), "-l", "1", *own_ports(), *more, at(server.host, server.port)
            )
            try:
                assert calls.wait() == code, calls.output
            finally:
                calls.end()
            called.wait()
        finally:
            called.end()
        return client.summary(), server.summary()

    def heard(self, name: str) -> Path:
        return self.folder / name / "heard.wav"


def hears(path: Path, hz: float) -> None:
    """The recording is that tone, as loud as it was said."""
    rate, [samples] = read_wav(path)
    said = loud_part(samples, rate)
    assert len(said) > rate // 2
    assert dominant_hz(said, rate) == pytest.approx(hz, abs=2)
    assert level_db(said) == pytest.approx(SPOKEN_DB, abs=0.5)


@pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])
def test_each_suite_of_sdes(programs: Programs, suite: Suite) -> None:
    call = Call(programs, sdes(suite.keyword), sdes(suite.keyword))
    for summary in call.run():
        assert summary.media is not None
        counters = summary.media.counters
        assert counters.packets_received > 50 * _CALLS
        assert (counters.srtp_rejected, counters.srtp_replayed, counters.garbage, counters.lost) == (0, 0, 0, 0)
        assert (counters.keys_failed, counters.dtls_failed) == (0, 0)
    hears(call.heard("caller"), CALLEE_HZ)
    hears(call.heard("callee"), CALLER_HZ)


def test_an_offer_of_two_of_which_the_second_is_taken(programs: Programs) -> None:
    second = "a=crypto:[cryptotag2audio] [cryptosuiteaescm128sha1322audio] inline:[cryptokeyparams2audio]"
    call = Call(programs, sdes("aeadaes256gcm", (second,)), sdes("aescm128sha132"))
    for summary in call.run():
        assert summary.media is not None
        assert summary.media.counters.packets_received > 50 * _CALLS
        assert summary.media.counters.srtp_rejected == 0
    hears(call.heard("callee"), CALLER_HZ)


_SDP_HEAD = ("v=0", "o=- 1 2 IN IP[local_ip_type] [local_ip]", "s=-", "c=IN IP[media_ip_type] [media_ip]", "t=0 0")


def again(media: Sequence[str]) -> str:
    """The caller offers once more."""
    sdp = "\n".join((*_SDP_HEAD, *media))
    common = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]a[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70"""
    return f"""<send retrans="500"><![CDATA[INVITE [next_url] SIP/2.0
{common}
CSeq: 2 INVITE
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send><recv response="200"/><send><![CDATA[ACK [next_url] SIP/2.0
{common}
CSeq: 2 ACK
Content-Length: 0

]]></send>"""


def answer_again(media: Sequence[str]) -> str:
    """Who is called answers once more."""
    sdp = "\n".join((*_SDP_HEAD, *media))
    return f"""<recv request="INVITE"/><send retrans="500"><![CDATA[SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:callee@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send><recv request="ACK"/>"""


def test_other_keys_and_another_suite_in_the_midst_of_a_call(programs: Programs) -> None:
    before, after = sdes("aescm128sha180"), sdes("aeadaes256gcm")
    call = Call(programs, before, before, more=(wait(700) + again(after), answer_again(after)))
    for summary in call.run():
        assert summary.media is not None
        counters = summary.media.counters
        assert counters.packets_received > 80 * _CALLS
        assert counters.srtp_rejected + counters.unprotected + counters.garbage <= 5 * _CALLS  # on their way when keys changed
        assert counters.keys_failed == 0
    hears(call.heard("caller"), CALLEE_HZ)
    hears(call.heard("callee"), CALLER_HZ)


def test_an_answer_has_the_tag_of_the_line_that_it_takes(programs: Programs) -> None:
    with stranger_for(programs, sdes("aescm128sha132")) as stranger:
        stranger.offer = ("7 AES_CM_128_HMAC_SHA1_80", "12 AES_CM_128_HMAC_SHA1_32")
        stranger.call()
        assert (stranger.answer.tag, stranger.answer.suite) == (12, "AES_CM_128_HMAC_SHA1_32")


def test_only_authenticated(programs: Programs) -> None:
    media = sdes("aescm128sha180", parameter=" [ueaescm128sha1801audio]")
    call = Call(programs, media, media)
    for summary in call.run():
        assert summary.media is not None
        assert summary.media.counters.packets_received > 50 * _CALLS
    hears(call.heard("callee"), CALLER_HZ)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("[dtls_setup]", "[dtls_setup]"), ("actpass", "passive"), ("active", "[dtls_setup]")],
    ids=["who is called begins", "who calls begins", "who calls wants to begin"],
)
def test_each_role_of_dtls(programs: Programs, offered: str, answered: str) -> None:
    call = Call(programs, dtls(offered), dtls(answered))
    for summary in call.run():
        assert summary.media is not None
        counters = summary.media.counters
        assert counters.packets_received > 50 * _CALLS
        assert (counters.srtp_rejected, counters.garbage, counters.keys_failed, counters.dtls_failed) == (0, 0, 0, 0)
    hears(call.heard("caller"), CALLEE_HZ)
    hears(call.heard("callee"), CALLER_HZ)


def test_no_key_in_the_answer_fails_the_call_and_nothing_is_sent_in_the_clear(programs: Programs) -> None:
    call = Call(programs, sdes("aescm128sha180"), sdes("aescm128sha180")[:2])
    ours, theirs = call.run(code=1)
    assert ours.media is not None
    assert theirs.media is not None
    assert ours.media.counters.packets_sent == 0
    assert ours.media.counters.keys_failed == _CALLS
    assert ours.counters.failures[Failure.MEDIA_KEYS] == _CALLS


def test_another_fingerprint_than_that_of_the_certificate_fails_the_call(programs: Programs) -> None:
    wrong = [
        line if "fingerprint" not in line else f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}" for line in dtls("[dtls_setup]")
    ]
    call = Call(programs, dtls("[dtls_setup]"), wrong)
    ours, _ = call.run(code=1)
    assert ours.media is not None
    assert ours.media.counters.packets_sent == 0
    assert ours.media.counters.dtls_failed == _CALLS


class Stranger:
    """A caller of the test's own, with a key of its own, that may send whatever it likes."""

    def __init__(self, port: int) -> None:
        self._to = "127.0.0.1", port
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock in (self._sip, self.media):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(10)
        self.keys = Keys(AES_CM_128_HMAC_SHA1_80, os.urandom(30))
        self.srtp = Srtp(self.keys, None)
        self.offer = ("1 AES_CM_128_HMAC_SHA1_80",)
        self.counted = MediaCounters()
        self._to_tag = ""

    def call(self) -> None:
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.media.getsockname()[1]} RTP/SAVP 0\r\n"
            + "".join(f"a=crypto:{line} inline:{b64encode(self.keys.master).decode()}\r\n" for line in self.offer)
        )
        self._send("INVITE", 1, sdp)
        answer = self._sip.recv(65536).decode()
        assert answer.startswith("SIP/2.0 200"), answer
        line = read_sdp(answer.partition("\r\n\r\n")[2].encode()).lines[0]
        self.there = line.address, line.port
        self.answer = read_crypto(line.crypto[0])
        self.srtp = Srtp(self.keys, keys_of(self.answer))
        self._to_tag = re.findall(r"To:.*?(;tag=\S+)", answer)[0]
        self._send("ACK", 1)

    def hang_up(self) -> None:
        self._send("BYE", 2)
        assert self._sip.recv(65536).startswith(b"SIP/2.0 200")

    def _send(self, method: str, number: int, body: str = "") -> None:
        here = f"127.0.0.1:{self._sip.getsockname()[1]}"
        head = (
            f"{method} sip:service@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{number}{method}\r\n"
            f"From: <sip:stranger@{here}>;tag=1\r\nTo: <sip:service@127.0.0.1>{self._to_tag}\r\nCall-ID: stranger-{here}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:stranger@{here}>\r\nMax-Forwards: 70\r\n"
        )
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._sip.sendto(f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}".encode(), self._to)

    def close(self) -> None:
        self._sip.close()
        self.media.close()


@contextmanager
def stranger_for(programs: Programs, media: Sequence[str]) -> Iterator[Stranger]:
    """One who can call a callee of ours with these media; he hangs up at the end, and has what was `counted` then."""
    ours = Ours(programs)
    callee(programs.folder, media)
    called = ours.start("-sf", "callee.xml", "-m", "1", *own_ports())
    called.wait_bound(ours.port)
    stranger = Stranger(ours.port)
    try:
        yield stranger
        stranger.hang_up()
    finally:
        stranger.close()
    assert called.wait() == 0, called.output
    summary = ours.summary()
    assert summary.media is not None
    stranger.counted = summary.media.counters


def packet(sequence: int, payload: bytes = b"\xff" * 160) -> bytes:
    return b"\x80\0" + sequence.to_bytes(2, "big") + (sequence * 160).to_bytes(4, "big") + b"abcd" + payload


def test_what_is_replayed_has_another_key_or_is_garbage_is_counted_as_that(programs: Programs) -> None:
    with stranger_for(programs, sdes("aescm128sha180")) as stranger:
        stranger.call()
        thief = Srtp(Keys(AES_CM_128_HMAC_SHA1_80, os.urandom(30)), None)
        good = [stranger.srtp.protect(packet(sequence)) for sequence in range(1, 41)]
        for number, datagram in enumerate(good):
            stranger.media.sendto(datagram, stranger.there)
            if number < 10:
                stranger.media.sendto(datagram, stranger.there)  # replayed
                stranger.media.sendto(thief.protect(packet(1000 + number)), stranger.there)
                stranger.media.sendto(packet(2000 + number), stranger.there)  # in the clear
                stranger.media.sendto(b"\xff" * (number + 1), stranger.there)
            time.sleep(0.005)
    counters = stranger.counted
    assert counters.packets_received == 40
    assert counters.srtp_replayed == 10
    assert counters.srtp_rejected == 10
    assert counters.unprotected == 10
    assert counters.garbage == 10
    assert (counters.lost, counters.duplicates, counters.ssrc_changes) == (0, 0, 0)
