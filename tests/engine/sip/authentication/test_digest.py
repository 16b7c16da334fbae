# SPDX-License-Identifier: AGPL-3.0-or-later
"""Responses against the examples of RFC 2617 and RFC 7616."""

from __future__ import annotations

import pytest

from engine.sip.authentication.digest import ALGORITHMS, DigestParameters, digest_response

RFC_2617 = DigestParameters(
    username=b"Mufasa",
    realm=b"testrealm@host.com",
    nonce=b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
    uri=b"/dir/index.html",
    qop=b"auth",
    nc=b"00000001",
    cnonce=b"0a4f113b",
)
RFC_7616 = DigestParameters(
    username=b"Mufasa",
    realm=b"http-auth@example.org",
    nonce=b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    uri=b"/dir/index.html",
    qop=b"auth",
    nc=b"00000001",
    cnonce=b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
)


def test_the_example_of_rfc_2617() -> None:
    response = digest_response(ALGORITHMS[b"md5"], RFC_2617, b"Circle Of Life", b"GET")
    assert response == b"6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (b"md5", b"8ca523f5e9506fed4657c9700eebdbec"),
        (b"sha-256", b"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: bytes, response: bytes) -> None:
    assert digest_response(ALGORITHMS[algorithm], RFC_7616, b"Circle of Life", b"GET") == response


def test_sha_512_256_is_the_hash_of_fips_180_4() -> None:
    algorithm = ALGORITHMS.get(b"sha-512-256")
    if algorithm is None:
        pytest.skip("this OpenSSL has no SHA-512/256")
    assert algorithm.digest(b"abc") == b"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"


def md5(text: str) -> str:
    return ALGORITHMS[b"md5"].digest(text.encode()).decode()


SECRET = md5("u:r:p")
SESSION = md5(f"{SECRET}:n:c")


@pytest.mark.parametrize(
    ("algorithm", "qop", "expected"),
    [
        (b"md5", b"", md5(f"{SECRET}:n:{md5('M:sip:x')}")),
        (b"md5", b"auth", md5(f"{SECRET}:n:01:c:auth:{md5('M:sip:x')}")),
        (b"md5", b"auth-int", md5(f"{SECRET}:n:01:c:auth-int:{md5('M:sip:x:' + md5('body'))}")),
        (b"md5-sess", b"auth", md5(f"{SESSION}:n:01:c:auth:{md5('M:sip:x')}")),
        (b"md5-sess", b"auth-int", md5(f"{SESSION}:n:01:c:auth-int:{md5('M:sip:x:' + md5('body'))}")),
        (b"akav1-md5", b"auth", md5(f"{SECRET}:n:01:c:auth:{md5('M:sip:x')}")),
    ],
)
def test_what_goes_into_a_response(algorithm: bytes, qop: bytes, expected: str) -> None:
    """The formulas of RFC 7616 section 3.4.1 to 3.4.3, and of RFC 2069 without a qop."""
    parameters = DigestParameters(username=b"u", realm=b"r", nonce=b"n", uri=b"sip:x", qop=qop, nc=b"01", cnonce=b"c")
    assert digest_response(ALGORITHMS[algorithm], parameters, b"p", b"M", b"body") == expected.encode()
