# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keywords of `a=crypto`: SIPp's names, and what they say in an offer and in an answer."""

from __future__ import annotations

import random
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from engine.media.kinds import MediaKind
from engine.media.srtp.crypto_places import CryptoPlaces
from engine.media.srtp.crypto_words import CRYPTO_WORDS, Says
from engine.media.srtp.sdes import agree, read_crypto
from engine.media.srtp.suites import AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_32, AES_CM_128_HMAC_SHA1_80, Suite


def fill(places: CryptoPlaces, name: str, suite: Suite | None = None, **more: Any) -> str:
    """What a word stands for; `suite`: of the text that it stands in."""
    word = CRYPTO_WORDS[name]
    word = replace(word, suite=word.suite or suite)
    match word.says:
        case Says.TAG:
            return places.tag(word, **more)
        case Says.SUITE:
            return places.suite(word)
        case Says.KEY:
            return places.key(word, random.Random(7).randbytes, **more)
        case Says.UNENCRYPTED:
            return places.unencrypted(word)


@pytest.mark.parametrize(
    "name",
    [
        "cryptotag1audio",
        "cryptotag2video",
        "cryptosuiteaescm128sha1801audio",
        "cryptosuiteaescm128sha1322video",
        "cryptosuiteaescm256sha1801audio",
        "cryptosuitenullsha1802audio",
        "cryptosuiteaeadaes128gcm1audio",
        "cryptosuiteaeadaes256gcm2video",
        "cryptokeyparams1audio",
        "cryptokeyparams2video",
        "ueaescm128sha1801audio",
        "ueaescm128sha1322video",
    ],
)
def test_sipps_names_and_ours_are_there(name: str) -> None:
    word = CRYPTO_WORDS[name]
    assert word.kind is (MediaKind.VIDEO if name.endswith("video") else MediaKind.AUDIO)
    assert word.place == (2 if name[-6] == "2" else 1)


def test_an_offer_of_two_lines() -> None:
    places = CryptoPlaces()
    assert fill(places, "cryptotag1audio") == "1"
    assert fill(places, "cryptosuiteaescm128sha1801audio") == "AES_CM_128_HMAC_SHA1_80"
    assert len(b64decode(fill(places, "cryptokeyparams1audio"))) == 30
    assert fill(places, "cryptotag2audio") == "2"
    assert fill(places, "cryptosuiteaeadaes256gcm2audio") == "AEAD_AES_256_GCM"
    assert len(b64decode(fill(places, "cryptokeyparams2audio", AEAD_AES_256_GCM))) == 44
    assert len(b64decode(fill(places, "cryptokeyparams1video"))) == 30
    assert fill(places, "ueaescm128sha1801audio") == "UNENCRYPTED_SRTP"


def test_a_key_is_new_each_time_and_an_offset_gives_the_old_one_again() -> None:
    places, source = CryptoPlaces(), random.Random(1)
    word = CRYPTO_WORDS["cryptokeyparams1audio"]
    first = places.key(word, source.randbytes)
    assert places.key(word, source.randbytes, again=True) == first
    assert places.key(word, source.randbytes) != first
    assert len(b64decode(CryptoPlaces().key(word, source.randbytes, again=True))) == 30


def test_an_answer_has_the_tag_of_what_it_takes() -> None:
    key = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
    offered = [read_crypto(f"11 AES_CM_128_HMAC_SHA1_80 {key}"), read_crypto(f"12 AES_CM_128_HMAC_SHA1_32 {key}")]
    places = CryptoPlaces()
    assert fill(places, "cryptotag1audio", offered=offered) == "11"
    assert fill(places, "cryptotag1audio", offered=offered, suite=AES_CM_128_HMAC_SHA1_32) == "12"
    assert fill(places, "cryptotag1audio", offered=offered[:1], suite=AES_CM_128_HMAC_SHA1_32) == "1"
    assert fill(places, "cryptotag2audio", offered=offered) == "2"


def test_lines_of_keywords_are_agreed_on() -> None:
    ours, theirs = CryptoPlaces(), CryptoPlaces()
    offer = [
        read_crypto(
            f"{fill(ours, f'cryptotag{n}audio')} {fill(ours, f'cryptosuiteaescm128sha1{suite}{n}audio')}"
            f" inline:{fill(ours, f'cryptokeyparams{n}audio')}"
        )
        for n, suite in ((1, 80), (2, 32))
    ]
    tag = fill(theirs, "cryptotag1audio", offered=offer, suite=AES_CM_128_HMAC_SHA1_32)
    answer = [
        read_crypto(f"{tag} {fill(theirs, 'cryptosuiteaescm128sha1321audio')} inline:{fill(theirs, 'cryptokeyparams1audio')}")
    ]
    assert agree(offer, answer)[0].known is AES_CM_128_HMAC_SHA1_32
    assert offer[0].known is AES_CM_128_HMAC_SHA1_80
