# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a request comes from who it says: what the client answers, and what nobody should be able to."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.authentication import Authentication, Credentials, SequenceNumbers, is_authentic
from engine.sip.authentication.digest import ALGORITHMS
from engine.sip.message import Message
from tests.engine.sip.authentication.test_aka import KEYS, nonce

ALICE = Credentials(b"alice", b"secret", KEYS)
BODY = b"v=0\r\n"


def request(*headers: bytes, method: bytes = b"INVITE", body: bytes = BODY) -> Message:
    head = [method + b" sip:b SIP/2.0", b"Call-ID: 1", *headers, b"Content-Length: %d" % len(body), b"", body]
    return Message(b"\r\n".join(head))


def credentials(more: str = "", *, status: int = 401, user: Credentials = ALICE, challenge: str = "") -> bytes:
    """The header line with which a client answers a challenge."""
    value = challenge or f'Digest realm="r", nonce="n"{more}'
    return Authentication(status, [value.encode()]).answer(
        user, method=b"INVITE", uri=b"sip:a:5", body=BODY, random=Random(1), numbers=SequenceNumbers()
    )


@pytest.mark.parametrize("algorithm", [name.decode() for name in ALGORITHMS if not name.startswith(b"aka")])
@pytest.mark.parametrize("qop", ["", ', qop="auth"', ', qop="auth-int"'])
def test_what_a_client_answers_is_authentic(algorithm: str, qop: str) -> None:
    line = credentials(f", algorithm={algorithm.upper()}{qop}")
    assert is_authentic(request(line), ALICE)
    assert not is_authentic(request(line), Credentials(b"alice", b"other", KEYS))
    assert not is_authentic(request(line), Credentials(b"bob", b"secret", KEYS))
    assert not is_authentic(request(line, method=b"BYE"), ALICE)
    assert is_authentic(request(line, body=b"v=1\r\n"), ALICE) is ("auth-int" not in qop)
    assert not is_authentic(request(line.replace(b'nonce="n"', b'nonce="m"')), ALICE)


def test_aka() -> None:
    line = credentials(challenge=f'Digest realm="r", nonce="{nonce().decode()}", algorithm=AKAv1-MD5, qop="auth"')
    assert is_authentic(request(line), ALICE)
    assert not is_authentic(request(line.replace(b"AKAv1-MD5", b"MD5")), ALICE)
    assert not is_authentic(request(line.replace(nonce(), b"1234")), ALICE)


def test_a_proxys_header_and_one_of_several() -> None:
    other = credentials(user=Credentials(b"bob", b"x", KEYS))
    assert is_authentic(request(credentials(status=407)), ALICE)
    assert is_authentic(request(other, credentials()), ALICE)
    assert not is_authentic(request(other, other), ALICE)


def test_upper_case_is_the_same_number() -> None:
    head, start, rest = credentials().partition(b'response="')
    assert is_authentic(request(head + start + rest[:32].upper() + rest[32:]), ALICE)


@pytest.mark.parametrize(
    "line",
    [
        b"X: 1",
        b"Authorization:",
        b"Authorization: Digest",
        b"Authorization: Basic YWxpY2U6c2VjcmV0",
        b'Authorization: Digest username="alice',
        b'Authorization: Digest username="alice", response=""',
        b'Authorization: Digest username="alice", algorithm=none, response=""',
        b'Authorization: Digest username="alice", algorithm=AKAv1-MD5, nonce="", response=""',
    ],
)
def test_what_is_not_authentic(line: bytes) -> None:
    assert not is_authentic(request(line), ALICE)


@given(st.binary(max_size=120))
def test_no_credentials_raise_anything(value: bytes) -> None:
    is_authentic(request(b"Authorization: Digest " + value), ALICE)
