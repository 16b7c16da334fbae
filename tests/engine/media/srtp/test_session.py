# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `Srtp` sends is SRTP to the letter; what comes in is read, or refused for what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.srtp.session import MOST_SSRCS, Refused, Srtp
from engine.media.srtp.suites import AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_32, AES_CM_128_HMAC_SHA1_80, SUITES, Keys, Suite
from tests.engine.media.srtp import reference
from tests.engine.media.srtp.reference import keys_for, rtp

_REPORT = b"\x81\xc8\x00\x0b\xca\xfe\xba\xbe" + bytes(range(40))
_COUNTER_SUITES = [suite for suite in SUITES if not suite.aead]
suites = pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])


def pair(suite: Suite = AES_CM_128_HMAC_SHA1_80) -> tuple[Srtp, Srtp]:
    a, b = keys_for(suite, 1), keys_for(suite, 99)
    return Srtp(a, b), Srtp(b, a)


def test_the_test_packets_of_libsrtp() -> None:
    master = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6")
    srtp = Srtp(Keys(AES_CM_128_HMAC_SHA1_80, master), None)
    assert srtp.protect(bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16).hex() == (
        "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"
    )
    assert srtp.protect_rtcp(bytes.fromhex("81c8000bcafebabe") + b"\xab" * 16).hex() == (
        "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798"
    )


@suites
def test_what_goes_out_is_what_the_rfcs_say(suite: Suite) -> None:
    keys = keys_for(suite)
    srtp = Srtp(keys, None)
    for sequence in (1, 2, 700):
        packet = rtp(sequence, bytes(range(160)), timestamp=sequence * 160)
        assert srtp.protect(packet) == reference.protect(keys, packet)
    assert srtp.protect_rtcp(_REPORT) == reference.protect_rtcp(keys, _REPORT, 1)
    assert srtp.protect_rtcp(_REPORT) == reference.protect_rtcp(keys, _REPORT, 2)


@suites
def test_what_the_rfcs_say_is_read(suite: Suite) -> None:
    keys = keys_for(suite)
    srtp = Srtp(None, keys)
    packet = rtp(77, b"the payload")
    assert srtp.unprotect(reference.protect(keys, packet)) == packet
    assert srtp.unprotect_rtcp(reference.protect_rtcp(keys, _REPORT, 5)) == _REPORT


@pytest.mark.parametrize("suite", _COUNTER_SUITES, ids=[suite.name for suite in _COUNTER_SUITES])
def test_only_authenticated_when_that_was_agreed_on(suite: Suite) -> None:
    keys = keys_for(suite, encrypt_rtp=False)
    srtp = Srtp(keys, keys)
    packet = rtp(3, b"can be read by everybody")
    assert srtp.protect(packet) == reference.protect(keys, packet)
    assert packet in srtp.protect(packet)
    assert srtp.protect_rtcp(_REPORT) == reference.protect_rtcp(keys, _REPORT, 1)
    keys = keys_for(suite, encrypt_rtcp=False)
    assert Srtp(keys, None).protect_rtcp(_REPORT) == reference.protect_rtcp(keys, _REPORT, 1)
    assert Srtp(keys, None).protect(packet) == reference.protect(keys, packet)


def test_aead_always_encrypts() -> None:
    with pytest.raises(ValueError, match="AEAD_AES_128_GCM cannot leave packets unencrypted"):
        Srtp(keys_for(AEAD_AES_128_GCM, encrypt_rtp=False), None)


@suites
def test_an_identifier_of_the_key_stands_in_each_packet(suite: Suite) -> None:
    keys, without = keys_for(suite, mki=b"\x00\x07"), keys_for(suite)
    srtp, packet = Srtp(keys, keys), rtp(9, b"payload")
    out, report = srtp.protect(packet), srtp.protect_rtcp(_REPORT)
    if suite.aead:
        assert out == reference.protect(without, packet) + b"\x00\x07"
        assert report == reference.protect_rtcp(without, _REPORT, 1) + b"\x00\x07"
    else:
        assert out == reference.protect(keys, packet)
        assert report == reference.protect_rtcp(keys, _REPORT, 1)
    assert srtp.unprotect(out) == packet
    assert srtp.unprotect_rtcp(report) == _REPORT
    assert Srtp(None, keys_for(suite, mki=b"\x00\x08")).unprotect(out) is Refused.REJECTED
    assert srtp.unprotect(out[:12] + bytes(suite.tag_bytes)) is Refused.REJECTED


def test_sequence_numbers_roll_over() -> None:
    ours, theirs = pair()
    for sequence in (65533, 65534, 65535, 0, 1, 2):
        packet = rtp(sequence, b"x" * 20)
        out = ours.protect(packet)
        assert out == reference.protect(keys_for(AES_CM_128_HMAC_SHA1_80), packet, rollovers=int(sequence < 10))
        assert theirs.unprotect(out) == packet
    late = rtp(65532, b"late, from before the rollover")
    assert theirs.unprotect(reference.protect(keys_for(AES_CM_128_HMAC_SHA1_80), late)) == late


@suites
def test_another_key_a_changed_packet_and_a_replayed_one_are_told_apart(suite: Suite) -> None:
    ours, theirs = pair(suite)
    out, report = ours.protect(rtp(1, b"hello there")), ours.protect_rtcp(_REPORT)
    stranger = Srtp(keys_for(suite, 55), None)
    assert theirs.unprotect(stranger.protect(rtp(2, b"hello there"))) is Refused.REJECTED
    assert theirs.unprotect_rtcp(stranger.protect_rtcp(_REPORT)) is Refused.REJECTED
    for k in (1, 5, len(out) - 1):
        assert theirs.unprotect(out[:k] + bytes((out[k] ^ 1,)) + out[k + 1 :]) is Refused.REJECTED
    assert (theirs.rejected, theirs.replayed, theirs.malformed) == (5, 0, 0)
    assert isinstance(theirs.unprotect(out), bytes)
    assert isinstance(theirs.unprotect_rtcp(report), bytes)
    assert theirs.unprotect(out) is Refused.REPLAYED
    assert theirs.unprotect_rtcp(report) is Refused.REPLAYED
    assert (theirs.rejected, theirs.replayed, theirs.malformed) == (5, 2, 0)


def test_packets_out_of_order_are_read_within_the_window() -> None:
    ours, theirs = pair()
    packets = [ours.protect(rtp(k, b"x")) for k in range(1, 301)]
    assert theirs.unprotect(packets[299]) == rtp(300, b"x")
    assert theirs.unprotect(packets[200]) == rtp(201, b"x")
    assert theirs.unprotect(packets[0]) is Refused.REPLAYED


@pytest.mark.parametrize("packet", [b"", b"\x80", bytes(11), b"\x8f" + bytes(15), b"\x90" + bytes(11), b"\x80" + bytes(13)])
@suites
def test_what_is_too_short_is_malformed(suite: Suite, packet: bytes) -> None:
    _, theirs = pair(suite)
    assert theirs.unprotect(packet) is Refused.MALFORMED
    assert theirs.unprotect_rtcp(packet) is Refused.MALFORMED
    assert theirs.malformed == 2


@given(data=st.binary(max_size=3000), number=st.integers(0, len(SUITES) - 1))
def test_anything_may_come_and_nothing_is_raised(data: bytes, number: int) -> None:
    ours, theirs = pair(SUITES[number])
    for function in (theirs.unprotect, theirs.unprotect_rtcp):
        assert isinstance(function(data), Refused)
    for function in (ours.protect, ours.protect_rtcp):
        assert isinstance(function(data), bytes)


def test_large_packets_are_packets() -> None:
    ours, theirs = pair()
    for sequence, length in enumerate((2015, 2016, 2017, 2028, 9000, 65000)):
        packet = rtp(sequence, bytes(length))
        assert theirs.unprotect(ours.protect(packet)) == packet


def test_what_is_no_rtp_is_not_sent() -> None:
    ours, _ = pair()
    assert ours.protect(b"no RTP") == b""
    assert ours.protect_rtcp(b"no") == b""
    assert Srtp(None, keys_for(AES_CM_128_HMAC_SHA1_32)).protect(rtp(1, b"")) == b""
    assert ours.unprotected == 2


def test_a_packet_may_be_sent_again_but_an_index_of_long_ago_is_not() -> None:
    ours, theirs = pair()
    packet = rtp(5000, b"twice")
    assert ours.protect(packet) == ours.protect(packet)
    assert ours.protect(rtp(1000, b"of long ago")) == b""
    assert ours.unprotected == 1
    assert theirs.replayed == 0


def test_without_a_key_nothing_is_read() -> None:
    srtp = Srtp(keys_for(AES_CM_128_HMAC_SHA1_80), None)
    assert srtp.unprotect(rtp(1, b"plain")) is Refused.NO_KEY
    assert srtp.unprotect_rtcp(_REPORT) is Refused.NO_KEY
    assert srtp.rejected == 2


def test_all_ssrcs_are_read() -> None:
    ours, theirs = pair()
    for ssrc in (b"aaaa", b"bbbb", b"aaaa"):
        packet = rtp(1 if ssrc == b"bbbb" else 2, b"x", ssrc)
        assert ours.protect(packet)
    assert theirs.unprotect(ours.protect(rtp(10, b"x", b"cccc"))) == rtp(10, b"x", b"cccc")


def test_a_peer_that_makes_up_ssrcs_makes_nothing_grow() -> None:
    ours, theirs = pair()
    for k in range(10 * MOST_SSRCS):
        packet = rtp(1, b"x", k.to_bytes(4, "big"))
        assert theirs.unprotect(ours.protect(packet)) == packet
    for srtp in (ours._outgoing, theirs._incoming):
        assert srtp is not None
        assert len(srtp._ssrcs) == MOST_SSRCS
    first, last = (ours.protect(rtp(1, b"x", k.to_bytes(4, "big"))) for k in (0, 10 * MOST_SSRCS - 1))
    assert theirs.unprotect(first) == rtp(1, b"x", bytes(4))  # forgotten, and so it begins anew
    assert theirs.unprotect(last) is Refused.REPLAYED


def test_ssrcs_of_packets_that_are_not_authentic_are_not_remembered() -> None:
    _, theirs = pair()
    for k in range(1000):
        assert theirs.unprotect(rtp(1, bytes(170), k.to_bytes(4, "big"))) is Refused.REJECTED
    assert theirs._incoming is not None
    assert len(theirs._incoming._ssrcs) == 0


def test_a_direction_whose_keys_stay_goes_on_as_it_was() -> None:
    ours, theirs = pair()
    for sequence in (65534, 65535, 0, 1):
        assert theirs.unprotect(ours.protect(rtp(sequence, b"x"))) == rtp(sequence, b"x")
    first, second = keys_for(AES_CM_128_HMAC_SHA1_80, 1), keys_for(AES_CM_128_HMAC_SHA1_80, 99)
    other = keys_for(AEAD_AES_128_GCM, 7)
    ours.renew(first, other)
    theirs.renew(other, first)
    out = ours.protect(rtp(2, b"x"))
    assert out == reference.protect(first, rtp(2, b"x"), rollovers=1)
    assert theirs.unprotect(out) == rtp(2, b"x")
    assert theirs.unprotect(out) is Refused.REPLAYED
    assert ours.unprotect(theirs.protect(rtp(9, b"y"))) == rtp(9, b"y")
    assert ours.unprotect(Srtp(second, None).protect(rtp(10, bytes(40)))) is Refused.REJECTED
