# SPDX-License-Identifier: AGPL-3.0-or-later
"""What challenges and credentials say, whatever bytes they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.authentication.header import (
    MOST_BYTES,
    MOST_PARAMETERS,
    MOST_SCHEMES,
    AuthenticationError,
    Scheme,
    read_schemes,
)


@pytest.mark.parametrize(
    "value",
    [
        b'Digest realm="a b", nonce="n==", qop="auth,auth-int", algorithm=MD5',
        b'digest REALM="a b",NONCE="n==",qop="auth,auth-int",algorithm=MD5',
        b'  Digest   realm = "a b" ,, nonce= "n==" ,\tqop ="auth,auth-int", algorithm = MD5,',
        b'Digest realm="a b"\tnonce="n==" qop="auth,auth-int" algorithm=MD5',
        b'Digest realm="a b", nonce="n==", qop="auth,auth-int", algorithm=MD5, realm="again"',
    ],
)
def test_one_challenge_however_it_is_written(value: bytes) -> None:
    parameters = {b"realm": b"a b", b"nonce": b"n==", b"qop": b"auth,auth-int", b"algorithm": b"MD5"}
    assert read_schemes([value]) == [Scheme(b"digest", parameters)]


def test_several_challenges_in_one_header_and_in_several() -> None:
    values = [b'Basic realm="b", Digest realm="one", nonce="1", Digest realm="two"', b"Negotiate", b"Digest realm=three"]
    found = [(scheme.name, scheme.get(b"realm")) for scheme in read_schemes(values)]
    assert found == [(b"basic", b"b"), (b"digest", b"one"), (b"digest", b"two"), (b"negotiate", b""), (b"digest", b"three")]


@pytest.mark.parametrize(
    ("value", "realm"),
    [
        (b'Digest realm="a\\"b\\\\", x=1', b'a\\"b\\\\'),
        (b'Digest realm="", x=1', b""),
        (b"Digest realm=, x=1", b""),
        (b'Digest realm="a, Digest realm=b", x=1', b"a, Digest realm=b"),
        (b'Digest realm="\xc3\xa9", x=1', b"\xc3\xa9"),
        (b"Digest realm=a=b, x=1", b"a=b"),
    ],
)
def test_what_quotes_hold_is_left_as_it_is(value: bytes, realm: bytes) -> None:
    assert read_schemes([value]) == [Scheme(b"digest", {b"realm": realm, b"x": b"1"})]


def test_nothing_is_no_challenge() -> None:
    assert read_schemes([b"", b" , ,"]) == []


@pytest.mark.parametrize(
    "value",
    [
        b'Digest realm="never ends',
        b'Digest realm="never ends\\"',
        b"Digest =",
        b'Digest "a"',
        b"realm=x",
        b"Digest \x00",
        b"Digest realm=" + b"x" * MOST_BYTES,
        b"Digest " + b",".join(b"p%d=1" % number for number in range(MOST_PARAMETERS + 1)),
        b",".join([b"Digest a=1"] * (MOST_SCHEMES + 1)),
    ],
)
def test_what_is_refused(value: bytes) -> None:
    with pytest.raises(AuthenticationError):
        read_schemes([value])


def test_the_limit_of_challenges_holds_over_headers() -> None:
    with pytest.raises(AuthenticationError, match="challenges"):
        read_schemes([b"Digest a=1"] * (MOST_SCHEMES + 1))


PIECES = st.sampled_from([b"Digest ", b"realm", b"=", b'"', b"\\", b",", b" ", b"a", b"\r\n ", b"\xff", b"\x00", b"qop"])


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=60).map(b"".join)))
def test_no_bytes_raise_anything_but_its_own_error(value: bytes) -> None:
    try:
        schemes = read_schemes([value])
    except AuthenticationError:
        return
    for scheme in schemes:
        assert scheme.name == scheme.name.lower()


@given(PIECES, PIECES)
def test_time_does_not_grow_faster_than_the_input(one: bytes, other: bytes) -> None:
    """The longest header that is read, made of what could make a search go back and forth."""
    for repeated in (one, one + other, b"Digest " + one):
        value = (repeated * MOST_BYTES)[:MOST_BYTES]
        try:
            read_schemes([value])
        except AuthenticationError:
            continue
