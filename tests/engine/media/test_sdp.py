# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an SDP says about media."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.media.sdp import MOST_SECTIONS, Format, read_sdp, sdp_of

OFFER = b"""v=0
o=alice 2890844526 2890844526 IN IP4 host.example
s=-
c=IN IP4 192.0.2.1
t=0 0
a=fingerprint:sha-256 AB:CD
a=setup:actpass
m=audio 49170/2 RTP/SAVP 0 97 101
a=rtpmap:97 opus/48000/2
a=rtpmap:101 telephone-event/8000
a=ptime:30
a=rtcp:53020 IN IP6 2001:db8::1
a=rtcp-mux
a=sendonly
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc
a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:def
m=video 51372 RTP/AVP 31
c=IN IP4 192.0.2.9/127
a=ice-ufrag:frag
a=ice-pwd:secret
m=image 0 udptl t38
""".replace(b"\n", b"\r\n")


def test_an_audio_line_is_read_with_what_stands_below_it() -> None:
    audio = read_sdp(OFFER).lines[0]
    assert (audio.kind, audio.port, audio.protocol, audio.address) == ("audio", 49170, "RTP/SAVP", "192.0.2.1")
    assert audio.formats == (0, 97, 101)
    assert audio.format_of(0) == Format("PCMU", 8000)
    assert audio.format_of(97) == Format("OPUS", 48000, 2)
    assert audio.payload_type_of("telephone-event") == 101
    assert audio.payload_type_of("telephone-event", 48000) is None
    assert (audio.packet_ms, audio.rtcp_port, audio.rtcp_address, audio.rtcp_mux) == (30, 53020, "2001:db8::1", True)
    assert audio.direction == "sendonly"
    assert audio.crypto == ["1 AES_CM_128_HMAC_SHA1_80 inline:abc", "2 AES_CM_128_HMAC_SHA1_32 inline:def"]
    assert (audio.fingerprints, audio.setup) == (["sha-256 AB:CD"], "actpass")


def test_each_line_has_its_own_and_the_session_is_for_those_that_say_nothing() -> None:
    _, video, image = read_sdp(OFFER).lines
    assert (video.kind, video.address, video.ice_ufrag, video.ice_pwd) == ("video", "192.0.2.9", "frag", "secret")
    assert video.direction == "sendrecv"
    assert (image.kind, image.port, image.formats, image.address) == ("image", 0, (), "192.0.2.1")


def test_the_first_line_of_a_kind_is_one_with_a_port() -> None:
    description = read_sdp(b"m=audio 0 RTP/AVP 0\nm=audio 4000 RTP/AVP 8\nm=image 0 udptl t38\n")
    audio, image = description.first("audio"), description.first("image")
    assert audio is not None
    assert audio.port == 4000
    assert image is not None
    assert description.first("video") is None


def test_an_sdp_is_found_alone_and_among_the_parts_of_a_body() -> None:
    alone = b"INVITE sip:a SIP/2.0\r\nc: application/sdp\r\n\r\nm=audio 1 RTP/AVP 0\r\n"
    assert sdp_of(alone) == b"m=audio 1 RTP/AVP 0\r\n"
    parts = (
        b'INVITE sip:a SIP/2.0\r\nContent-Type: multipart/mixed;boundary="b1"\r\n\r\n'
        b"--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b"--b1\r\nContent-Type: application/sdp\r\n\r\nm=audio 2 RTP/AVP 0\r\n--b1--\r\n"
    )
    assert sdp_of(parts) == b"m=audio 2 RTP/AVP 0\r\n"
    assert sdp_of(b"INVITE sip:a SIP/2.0\r\nContent-Type: text/plain\r\n\r\nm=audio 1 RTP/AVP 0\r\n") == b""
    assert sdp_of(b"INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp") == b""


def test_lines_past_the_limit_are_not_looked_at() -> None:
    assert len(read_sdp(b"m=audio 4000 RTP/AVP 0\n" * 1000).lines) == MOST_SECTIONS


_WORDS = st.sampled_from([b"m=audio ", b"a=rtpmap:", b"c=IN IP4 ", b"a=rtcp:", b"a=crypto:", b"\r\n", b"\n", b"0 ", b"/", b":"])


@given(st.lists(st.one_of(_WORDS, st.binary(max_size=8)), max_size=60))
def test_anything_is_read_without_an_error(words: list[bytes]) -> None:
    text = b"".join(words)
    for line in read_sdp(text).lines:
        assert 0 <= line.port <= 65535
        for payload_type in line.formats:
            line.format_of(payload_type)
    sdp_of(text)
    sdp_of(b"x\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" + text)
