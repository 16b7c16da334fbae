# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for media: ports, keys, fingerprints, and digits that came."""

from __future__ import annotations

import base64
import re

import pytest

from engine.media.srtp.sdes import read_crypto
from engine.scenario.load import load_scenario
from engine.scenario.media_uses import uses_media
from engine.scenario.program import Unsendable
from tests.engine.scenario.helpers import OPTIONS, Call, problems_of, program_of, render, scenario_bytes
from tests.engine.scenario.told_media import FINGERPRINT, ToldMedia


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[rtpstream_audio_port]", b"6100"),
        ("[rtpstream_audio_port+1]", b"6101"),
        ("[rtpstream_video_port]", b"6102"),
        ("[rtpstream_image_port]", b"6104"),
        ("[dtls_fingerprint]", FINGERPRINT),
        ("[dtls_setup]", b"actpass"),
        ("[ice_ufrag]", b"8hhY"),
        ("[ice_pwd]", b"asd88fgpdd777uzjYhagZg"),
    ],
)
def test_what_the_media_of_a_call_say(text: str, expected: bytes) -> None:
    assert render(text) == expected + b"\r\n\r\n"
    assert problems_of(f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: [call_id]\nX: {text}]]></send>") == []


def test_digits_that_came_and_those_that_were_taken() -> None:
    assert render("[dtmf_digits]", Call(media=ToldMedia(digits_come=b"12#"))) == b"12#\r\n\r\n"
    assert render("[dtmf_digits]", Call(media=ToldMedia(digits_come=b"5", digits_taken=b"12"))) == b"12\r\n\r\n"
    assert render("digits:[dtmf_digits]") == b"digits:\r\n\r\n"


def test_a_crypto_line_as_sipp_writes_it() -> None:
    line = "a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]"
    made = re.fullmatch(rb"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:([\w+/]{40})\r\n\r\n", render(line))
    assert made
    assert len(base64.b64decode(made[1])) == 30


@pytest.mark.parametrize(
    ("line", "length"),
    [
        ("a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:", 46),
        ("a=crypto:[cryptotag1audio] AES_256_CM_HMAC_SHA1_32 inline:", 46),
        ("a=crypto:1 AEAD_AES_256_GCM\tinline:", 44),
        ("a=crypto:1 AEAD_AES_128_GCM inline:", 28),
        ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", 30),
        ("a=crypto:1 ANOTHER inline:", 30),
        ("s=AES_256_CM_HMAC_SHA1_80\na=crypto:1 inline:", 30),
    ],
)
def test_a_key_is_as_long_as_a_suite_that_is_written_out_asks_for(line: str, length: int) -> None:
    made = render(f"{line}[cryptokeyparams1audio]").rpartition(b"inline:")[2]
    assert len(base64.b64decode(made)) == length


@pytest.mark.parametrize(
    ("suite", "name", "characters"),
    [
        ("aescm256sha132", b"AES_256_CM_HMAC_SHA1_32", 64),
        ("aeadaes128gcm", b"AEAD_AES_128_GCM", 40),
        ("nullsha180", b"NULL_HMAC_SHA1_80", 40),
    ],
)
def test_a_key_is_as_long_as_its_suite_asks_for(suite: str, name: bytes, characters: int) -> None:
    lines = "\n".join(
        f"a=crypto:[cryptotag{n}audio] [cryptosuite{kind}{n}audio] inline:[cryptokeyparams{n}audio]"
        for n, kind in ((1, "aeadaes256gcm"), (2, suite))
    )
    made = re.fullmatch(rb"a=crypto:1 AEAD_AES_256_GCM inline:(\S+)\r\na=crypto:2 (\S+) inline:(\S+)\r\n\r\n", render(lines))
    assert made
    assert (len(made[1]), made[2], len(made[3])) == (60, name, characters)


def test_an_answer_has_the_tag_of_the_line_with_its_suite() -> None:
    key = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
    offered = [read_crypto(f"7 AES_CM_128_HMAC_SHA1_80 {key}"), read_crypto(f"9 AES_CM_128_HMAC_SHA1_32 {key}")]
    line = "a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1{}1audio] inline:[cryptokeyparams1audio]"
    for suite, tag in (("80", b"7"), ("32", b"9")):
        assert render(line.format(suite), Call(media=ToldMedia(offered=offered))).startswith(b"a=crypto:" + tag + b" AES_CM")


def test_a_key_may_be_said_again() -> None:
    made = render("[cryptokeyparams1video] [cryptokeyparams1video-1] [cryptokeyparams1video]").split()
    assert made[0] == made[1] != made[2]


def test_a_message_cannot_be_made_without_a_port() -> None:
    with pytest.raises(Unsendable, match="all ports for media are taken"):
        render("m=audio [rtpstream_audio_port] RTP/AVP 0", Call(media=ToldMedia(has_ports=False)))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (OPTIONS, False),
        (OPTIONS.replace("Call-ID: [call_id]", "Call-ID: [call_id]\nX: [media_port] [auto_media_port] [media_ip]"), False),
        (OPTIONS.replace("Call-ID: [call_id]", "Call-ID: [call_id]\nX: [rtpstream_video_port]"), True),
        (OPTIONS.replace("Call-ID: [call_id]", "Call-ID: [call_id]\nX: [cryptotag1audio]"), True),
        (OPTIONS + '<nop><action><exec command="ls"/></action></nop>', False),
        (OPTIONS + '<nop><action><exec send_dtmf="1"/></action></nop>', True),
        (OPTIONS + '<nop><action><exec rtp_stream="pause"/></action></nop>', True),
        (OPTIONS + '<nop><action><rtp_echo value="1"/></action></nop>', True),
        (OPTIONS + '<nop><action><log message="[dtmf_digits]"/></action></nop>', True),
        (OPTIONS + '<recv dtmf="1"/>', True),
    ],
)
def test_which_scenarios_have_media(body: str, expected: bool) -> None:
    assert uses_media(load_scenario("s.xml", scenario_bytes(body))) == expected


@pytest.mark.parametrize("action", ['<exec rtp_stream="pause"/>', '<log message="[dtmf_digits]"/>', '<rtp_echo value="1"/>'])
def test_there_are_no_media_before_there_is_a_call(action: str) -> None:
    (problem,) = problems_of(f"<init>\n<nop><action>{action}</action></nop></init>{OPTIONS}")
    assert problem.startswith("s.xml:4: there are no media in <init> — there is no call yet")


def test_a_program_has_media_when_its_run_has() -> None:
    assert not program_of(OPTIONS).uses_media
    assert program_of(OPTIONS, with_media=True).uses_media
