# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fingerprints of certificates in SDP."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.srtp.fingerprints import Fingerprint, fingerprint_of, matches, read_fingerprint

_CERTIFICATE = b"any bytes will do"


def test_the_example_of_rfc_8122_section_5() -> None:
    text = "sha-256 12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD"
    fingerprint = read_fingerprint(text)
    assert (fingerprint.function, fingerprint.digest[:3]) == ("sha-256", b"\x12\xdf\x3e")
    assert str(fingerprint) == text


@pytest.mark.parametrize("function", ["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"])
def test_functions(function: str) -> None:
    fingerprint = fingerprint_of(_CERTIFICATE, function)
    assert fingerprint.digest == hashlib.new(function.replace("-", ""), _CERTIFICATE).digest()
    assert read_fingerprint(str(fingerprint)) == fingerprint
    assert read_fingerprint(f"  {str(fingerprint).lower()} ") == fingerprint
    assert matches(_CERTIFICATE, [fingerprint])
    assert not matches(_CERTIFICATE + b"!", [fingerprint])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "needs a hash function"),
        ("sha-256", "needs a hash function"),
        ("sha-256 ZZ:00", "needs a hash function"),
        ("md5 " + ":".join(["AA"] * 16), "md5, which is not supported"),
        ("sha-256 " + ":".join(["AA"] * 20), "20 bytes, and sha-256 has 32"),
    ],
)
def test_what_is_wrong_is_said(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        read_fingerprint(text)


def test_the_strongest_function_counts() -> None:
    weak, strong = fingerprint_of(_CERTIFICATE, "sha-1"), Fingerprint("sha-256", bytes(32))
    assert not matches(_CERTIFICATE, [weak, strong])
    assert matches(_CERTIFICATE, [strong, fingerprint_of(_CERTIFICATE)])
    assert not matches(_CERTIFICATE, [])


@given(st.text(max_size=300) | st.from_regex(r"sha-(1|256) ([0-9a-f]{2}:?){0,40}", fullmatch=True))
def test_anything_may_come(text: str) -> None:
    said = ""
    try:
        said = str(read_fingerprint(text))
    except ValueError as error:
        said = str(error)
    assert said
    assert "\n" not in said
