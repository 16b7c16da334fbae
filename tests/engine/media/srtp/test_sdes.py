# SPDX-License-Identifier: AGPL-3.0-or-later
"""`a=crypto` is read, written and agreed on as RFC 4568 says."""

from __future__ import annotations

import os
import random
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.srtp.sdes import (
    Crypto,
    InlineKey,
    SdesError,
    agree,
    choose,
    keys_of,
    new_key,
    read_crypto,
    unusable,
    write_crypto,
)
from engine.media.srtp.session import Srtp
from engine.media.srtp.suites import AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_32, AES_CM_128_HMAC_SHA1_80, SUITES, Suite
from tests.engine.media.srtp.reference import rtp

_KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
_KEYS = (
    "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
    "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR",
    "NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj",
)


def line(tag: int, suite: Suite, *parameters: str) -> Crypto:
    return Crypto(tag, suite.name, (InlineKey(bytes(range(suite.master_bytes))),), parameters)


def test_the_example_of_section_6_1() -> None:
    crypto = read_crypto(f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|2^20|1:4")
    assert crypto == Crypto(1, "AES_CM_128_HMAC_SHA1_80", (InlineKey(b64decode(_KEY), 1 << 20, b"\0\0\0\1"),))
    assert crypto.known is AES_CM_128_HMAC_SHA1_80


def test_the_offer_of_section_5_1_4() -> None:
    crypto = read_crypto(f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEYS[0]}|2^20|1:4 FEC_ORDER=FEC_SRTP")
    assert crypto.parameters == ("FEC_ORDER=FEC_SRTP",)
    crypto = read_crypto(f"2 F8_128_HMAC_SHA1_80 inline:{_KEYS[0]}|2^20|1:4;inline:{_KEYS[1]}|2^20|2:4 FEC_ORDER=FEC_SRTP")
    assert [key.mki for key in crypto.keys] == [b"\0\0\0\1", b"\0\0\0\2"]
    assert crypto.known is None
    assert unusable(crypto) == "crypto suite F8_128_HMAC_SHA1_80 is not known"


@pytest.mark.parametrize(
    ("text", "lifetime", "mki"),
    [
        ("", None, b""),
        ("|2^31", 1 << 31, b""),
        ("|1048576", 1 << 20, b""),
        ("|1000", 1000, b""),
        ("|1:1", None, b"\1"),
        ("|2^48|65535:2", 1 << 48, b"\xff\xff"),
    ],
)
def test_lifetime_and_mki_may_both_be_missing(text: str, lifetime: int | None, mki: bytes) -> None:
    crypto = read_crypto(f"7 AES_CM_128_HMAC_SHA1_32 inline:{_KEY}{text}")
    assert crypto.keys == (InlineKey(b64decode(_KEY), lifetime, mki),)
    assert read_crypto(write_crypto(crypto)) == crypto


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "needs a tag, a suite and inline:KEY"),
        ("1 AES_CM_128_HMAC_SHA1_80", "needs a tag"),
        (f"x AES_CM_128_HMAC_SHA1_80 inline:{_KEY}", "needs a tag"),
        (f"1234567890 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}", "needs a tag"),
        (f"1 AES_CM_128_HMAC_SHA1_80 uri:{_KEY}", "needs a tag"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:|2^20", "not inline:BASE64"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY};uri:{_KEY}", "not inline:BASE64"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:d0Rm!!cm", "not base64"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|2^49", r"no lifetime from 1 to 2\^48"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|0", "no lifetime"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|soon", "no lifetime"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|2^20|256:1", "no MKI"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|2^20|1:0", "no MKI"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|1:129", "no MKI"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|2^20|1:4|2", "more behind its key"),
        ("1 X " + ";".join([f"inline:{_KEY}"] * 17), "more than 16 keys"),
    ],
)
def test_what_is_wrong_is_said(text: str, what: str) -> None:
    with pytest.raises(SdesError, match=what):
        read_crypto(text)


@given(
    st.builds(
        Crypto,
        st.integers(0, 999_999_999),
        st.sampled_from([suite.name for suite in SUITES] + ["F8_128_HMAC_SHA1_80"]),
        st.lists(
            st.builds(
                InlineKey,
                st.binary(min_size=1, max_size=64),
                st.none() | st.integers(1, 1 << 48),
                st.just(b"") | st.binary(min_size=1, max_size=16),
            ),
            min_size=1,
            max_size=16,
        ).map(tuple),
        st.lists(st.from_regex(r"[A-Z_]{1,9}(=[0-9]{1,4})?", fullmatch=True), max_size=16).map(tuple),
    )
)
def test_what_is_written_is_read(crypto: Crypto) -> None:
    assert read_crypto(write_crypto(crypto)) == crypto


@given(st.text(max_size=300) | st.from_regex(r"[0-9]{1,3} \w{1,20} inline:[A-Za-z0-9+/=|:;^]{0,80}( \w+)*", fullmatch=True))
def test_anything_may_come(text: str) -> None:
    try:
        said = unusable(read_crypto(text))
    except SdesError as error:
        said = str(error)
    assert said is None or "\n" not in said


def test_names_are_read_in_any_case() -> None:
    assert read_crypto(f"1 AeS_Cm_128_HmAC_shA1_80 inline:{_KEY}").known is AES_CM_128_HMAC_SHA1_80


@pytest.mark.parametrize(
    ("crypto", "why"),
    [
        (line(1, AES_CM_128_HMAC_SHA1_80, "UNAUTHENTICATED_SRTP"), "UNAUTHENTICATED_SRTP, which is not supported"),
        (line(1, AES_CM_128_HMAC_SHA1_80, "KDR=4"), "KDR=4"),
        (line(1, AES_CM_128_HMAC_SHA1_80, "FEC_KEY=inline:x"), "FEC_KEY"),
        (line(1, AEAD_AES_256_GCM, "UNENCRYPTED_SRTP"), "cannot leave packets unencrypted"),
        (Crypto(3, "AES_CM_128_HMAC_SHA1_80", (InlineKey(bytes(29)),)), "a=crypto:3 has a key of 29 bytes, .* needs 30"),
    ],
)
def test_what_we_cannot_do_is_named(crypto: Crypto, why: str) -> None:
    with pytest.raises(SdesError, match=why):
        keys_of(crypto)
    assert choose([crypto]) is None


def test_what_does_not_matter_to_us_stops_nothing() -> None:
    assert unusable(line(1, AES_CM_128_HMAC_SHA1_80, "KDR=0", "WSH=128", "SOMETHING_NEW")) is None


def test_parameters_and_mki_are_of_who_wrote_the_line() -> None:
    keys = keys_of(read_crypto(f"1 AES_CM_128_HMAC_SHA1_80 inline:{_KEY}|2^20|5:2 UNENCRYPTED_SRTP"))
    assert (keys.master, keys.mki, keys.encrypt_rtp, keys.encrypt_rtcp) == (b64decode(_KEY), b"\0\5", False, True)


@pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])
def test_two_sides_agree_and_understand_each_other(suite: Suite) -> None:
    offer = [read_crypto(f"{tag} {s.name} inline:{new_key(s, os.urandom)}") for tag, s in enumerate(SUITES, 1)]
    taken = choose(offer, suite)
    assert taken is not None
    answer = [read_crypto(f"{taken.tag} {suite.name} inline:{new_key(suite, os.urandom)}")]
    theirs, ours = agree(offer, answer)
    assert theirs is taken
    offerer, answerer = Srtp(keys_of(theirs), keys_of(ours)), Srtp(keys_of(ours), keys_of(theirs))
    assert answerer.unprotect(offerer.protect(rtp(1, b"hello"))) == rtp(1, b"hello")
    assert offerer.unprotect(answerer.protect(rtp(9, b"hello"))) == rtp(9, b"hello")


def test_the_first_that_we_can_take_is_taken() -> None:
    offer = [Crypto(4, "F8_128_HMAC_SHA1_80", (InlineKey(b"x"),)), line(9, AES_CM_128_HMAC_SHA1_32), line(1, AEAD_AES_256_GCM)]
    assert choose(offer) == offer[1]
    assert choose(offer, AEAD_AES_256_GCM) == offer[2]
    assert choose(offer, AES_CM_128_HMAC_SHA1_80) is None


def test_the_tag_decides_between_two_of_the_same_suite() -> None:
    offer = [line(1, AES_CM_128_HMAC_SHA1_80), line(2, AES_CM_128_HMAC_SHA1_80, "UNENCRYPTED_SRTCP")]
    assert agree(offer, [line(2, AES_CM_128_HMAC_SHA1_80)])[0] is offer[1]


def test_a_wrong_tag_as_sipp_gives_it_is_taken_by_its_suite() -> None:
    offer = [line(1, AES_CM_128_HMAC_SHA1_80), line(2, AES_CM_128_HMAC_SHA1_32)]
    assert agree(offer, [line(1, AES_CM_128_HMAC_SHA1_32)])[0] is offer[1]


@pytest.mark.parametrize(
    ("offer", "answer", "why"),
    [
        ([], [line(1, AES_CM_128_HMAC_SHA1_80)], "no a=crypto in the offer"),
        ([line(1, AES_CM_128_HMAC_SHA1_80)], [], "no a=crypto in the answer"),
        (
            [line(1, AES_CM_128_HMAC_SHA1_80)],
            [line(1, AES_CM_128_HMAC_SHA1_32)],
            "takes none .*: AES_CM_128_HMAC_SHA1_80 offered, AES_CM_128_HMAC_SHA1_32 answered",
        ),
        ([line(1, AES_CM_128_HMAC_SHA1_80)], [Crypto(1, "F8", (InlineKey(b""),))], "crypto suite F8 is not known"),
    ],
)
def test_no_agreement_has_a_reason(offer: list[Crypto], answer: list[Crypto], why: str) -> None:
    with pytest.raises(SdesError, match=why):
        agree(offer, answer)


def test_a_seed_repeats_keys_and_a_run_without_one_does_not() -> None:
    def draw(seed: int | None) -> str:
        return new_key(AES_CM_128_HMAC_SHA1_80, random.Random(seed).randbytes)

    assert draw(1) == draw(1)
    assert draw(None) != draw(None)
    assert len(b64decode(draw(1))) == 30
    assert b64encode(b64decode(draw(1))).decode() == draw(1)
