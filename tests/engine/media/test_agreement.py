# SPDX-License-Identifier: AGPL-3.0-or-later
"""What both sides have agreed on, by the SDP of each."""

from __future__ import annotations

import pytest

from engine.media.agreement import Agreement
from engine.media.sdp import MediaLine, read_sdp
from engine.media.srtp.sdes import SdesError

KEY = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
OTHER_KEY = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"


def line(text: str) -> MediaLine:
    found = read_sdp(text.encode()).first("audio")
    assert found is not None
    return found


def agreed(local: str, remote: str, *, we_offer: bool = True) -> Agreement:
    agreement = Agreement()
    if we_offer:
        agreement.sent(line(local))
    agreement.received(line(remote))
    if not we_offer:
        agreement.sent(line(local))
    return agreement


def test_packets_go_where_the_peer_says() -> None:
    agreement = agreed("m=audio 6000 RTP/AVP 0", "c=IN IP4 127.0.0.2\nm=audio 7000 RTP/AVP 0")
    assert agreement.place == ("127.0.0.2", 7000)
    assert agreement.rtcp_place == ("127.0.0.2", 7001)


@pytest.mark.parametrize(
    ("remote", "where"),
    [
        ("c=IN IP4 127.0.0.2\nm=audio 7000 RTP/AVP 0\na=rtcp:7009", ("127.0.0.2", 7009)),
        ("c=IN IP4 127.0.0.2\nm=audio 7000 RTP/AVP 0\na=rtcp:7009 IN IP4 127.0.0.3", ("127.0.0.3", 7009)),
        ("c=IN IP4 127.0.0.2\nm=audio 7000 RTP/AVP 0\na=rtcp-mux", ("127.0.0.2", 7000)),
    ],
)
def test_rtcp_goes_where_the_peer_says(remote: str, where: tuple[str, int]) -> None:
    assert agreed("m=audio 6000 RTP/AVP 0\na=rtcp-mux", remote).rtcp_place == where


def test_behind_the_last_port_there_is_none_for_rtcp() -> None:
    agreement = agreed("m=audio 6000 RTP/AVP 0", "c=IN IP4 127.0.0.2\nm=audio 65535 RTP/AVP 0")
    assert (agreement.place, agreement.rtcp_place) == (("127.0.0.2", 65535), None)


@pytest.mark.parametrize("remote", ["c=IN IP4 127.0.0.2\nm=audio 0 RTP/AVP 0", "c=IN IP4 0.0.0.0\nm=audio 7000 RTP/AVP 0"])
def test_a_peer_that_wants_nothing_gets_nothing(remote: str) -> None:
    assert agreed("m=audio 6000 RTP/AVP 0", remote).place is None


def test_payload_types_are_the_peers_on_the_way_out_and_ours_on_the_way_in() -> None:
    ours = "m=audio 6000 RTP/AVP 96 101\na=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000"
    theirs = "m=audio 7000 RTP/AVP 111 96\na=rtpmap:111 opus/48000/2\na=rtpmap:96 telephone-event/8000"
    agreement = agreed(ours, theirs)
    assert (agreement.payload_type_out("opus"), agreement.events_out) == (111, 96)
    assert agreement.is_events(101)
    assert not agreement.is_events(96)


@pytest.mark.parametrize("we_offer", [True, False])
def test_keys_are_those_of_the_line_that_the_answer_took(we_offer: bool) -> None:
    offer = (
        f"m=audio 1 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\n"
        f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 {KEY.replace('d0R', 'AAA')}"
    )
    answer = f"m=audio 2 RTP/SAVP 0\na=crypto:2 AES_CM_128_HMAC_SHA1_32 {OTHER_KEY}"
    local, remote = (offer, answer) if we_offer else (answer, offer)
    agreement = agreed(local, remote, we_offer=we_offer)
    assert agreement.is_keyed_in_sdp
    ours, theirs = agreement.keys()
    assert ours.suite.name == theirs.suite.name == "AES_CM_128_HMAC_SHA1_32"
    assert ours.master != theirs.master


def test_an_answer_that_takes_nothing_of_the_offer_is_told() -> None:
    agreement = agreed(
        f"m=audio 1 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}",
        f"m=audio 2 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_32 {KEY}",
    )
    with pytest.raises(SdesError, match="takes none of"):
        agreement.keys()


def test_an_answer_that_comes_twice_is_no_offer() -> None:
    agreement = agreed("m=audio 1 RTP/AVP 0", "m=audio 2 RTP/AVP 0")
    agreement.received(line("m=audio 2 RTP/AVP 0"))
    agreement.sent(line("m=audio 3 RTP/AVP 0"))
    agreement.received(line("m=audio 4 RTP/AVP 0"))
    assert agreement.offered_by_us


@pytest.mark.parametrize(
    ("ours", "theirs", "we_offer", "role"),
    [
        ("actpass", "active", True, "passive"),
        ("actpass", "passive", True, "active"),
        ("active", "actpass", False, "active"),
        ("passive", "actpass", False, "passive"),
        ("actpass", "actpass", True, "passive"),
        ("actpass", "actpass", False, "active"),
    ],
)
def test_who_begins_the_handshake(ours: str, theirs: str, we_offer: bool, role: str) -> None:
    text = "m=audio 1 UDP/TLS/RTP/SAVP 0\na=fingerprint:sha-256 AB\na=setup:"
    assert agreed(text + ours, text + theirs, we_offer=we_offer).dtls_role == role
    assert agreed("m=audio 1 RTP/AVP 0", text + theirs).dtls_role == ""


def test_an_offer_is_open_until_it_is_answered() -> None:
    first, second = line("m=audio 2 RTP/AVP 0"), line("m=audio 3 RTP/AVP 0")
    agreement = Agreement()
    agreement.sent(first, offers=True)
    assert agreement.is_open
    agreement.received(second)
    assert not agreement.is_open
    agreement.received(second)  # a provisional response had it, too
    assert not agreement.is_open
    agreement.received(second, offers=True)  # the session is refreshed with what was said before
    assert agreement.is_ours_to_answer
    agreement.sent(second)
    assert not agreement.is_open
    assert not agreement.offered_by_us
    agreement.sent(first)  # the answer once more, with other words
    assert not agreement.is_open


def test_a_response_may_offer_and_the_acknowledgement_answer() -> None:
    agreement = Agreement()
    agreement.received(line("m=audio 2 RTP/AVP 0"))
    assert agreement.is_ours_to_answer
    agreement.sent(line("m=audio 3 RTP/AVP 0"))
    assert not agreement.is_open
