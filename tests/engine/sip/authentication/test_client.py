# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a challenge is answered. The lines are those of SIPp 3.6.1, but for the values that are drawn."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.authentication import AkaKeys, Authentication, AuthenticationError, Credentials, SequenceNumbers, challenge_of
from engine.sip.message import Message
from tests.engine.sip.authentication.test_aka import KEYS, nonce

ALICE = Credentials(b"alice", b"secret", KEYS)
BODY = b"v=0\r\n"


def response(*headers: str, status: int = 401) -> Message:
    return Message("\r\n".join([f"SIP/2.0 {status} No", "Call-ID: 1", *headers, "", ""]).encode("latin-1"))


def challenged(*headers: str, status: int = 401, before: Authentication | None = None) -> Authentication:
    found = challenge_of(response(*headers, status=status), before)
    assert found is not None
    return found


def answer(challenge: Authentication, user: Credentials = ALICE, numbers: SequenceNumbers | None = None) -> str:
    """The line, the drawn and computed values replaced."""
    line = challenge.answer(
        user, method=b"REGISTER", uri=b"sip:a:5", body=BODY, random=Random(1), numbers=numbers or SequenceNumbers()
    ).decode("latin-1")
    return re.sub(r'(cnonce|response|auts)="[^"]+"', r'\1="…"', line)


@pytest.mark.parametrize(
    ("challenge", "expected"),
    [
        ('realm="r", nonce="n"', 'realm="r",uri="sip:a:5",nonce="n",response="…",algorithm=MD5'),
        ('realm="r", nonce="n", algorithm="md5"', 'realm="r",uri="sip:a:5",nonce="n",response="…",algorithm=md5'),
        ('nonce="n",realm="", opaque=""', 'realm="",uri="sip:a:5",nonce="n",response="…",algorithm=MD5'),
        ('realm="r", nonce="n", opaque="o"', 'realm="r",uri="sip:a:5",nonce="n",response="…",algorithm=MD5,opaque="o"'),
        ('realm="r", nonce="n", qop=""', 'realm="r",uri="sip:a:5",nonce="n",response="…",algorithm=MD5'),
        (
            'realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess, stale=false, domain="sip:x"',
            'realm="r",cnonce="…",nc=00000001,qop=auth,uri="sip:a:5",nonce="n",response="…",algorithm=SHA-256-sess',
        ),
        (
            'realm="r", nonce="n", qop="AUTH, auth-int, other"',
            'realm="r",cnonce="…",nc=00000001,qop=auth-int,uri="sip:a:5",nonce="n",response="…",algorithm=MD5',
        ),
    ],
)
def test_the_line_is_sipps(challenge: str, expected: str) -> None:
    assert answer(challenged(f"WWW-Authenticate: Digest {challenge}")) == f'Authorization: Digest username="alice",{expected}'


def test_the_example_of_rfc_2069() -> None:
    """As its errata correct it."""
    challenge = challenged(
        'WWW-Authenticate: Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    mufasa = Credentials(b"Mufasa", b"CircleOfLife", AkaKeys(b""))
    line = challenge.answer(
        mufasa, method=b"GET", uri=b"/dir/index.html", body=b"", random=Random(1), numbers=SequenceNumbers()
    )
    assert b'response="1949323746fe6a43ef61f9606e7febea"' in line


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
        (401, "Proxy-Authenticate", "Authorization"),
        (407, "www-authenticate ", "Proxy-Authorization"),
    ],
)
def test_the_header_goes_by_the_status(status: int, header: str, expected: str) -> None:
    line = answer(challenged(f'{header}: Digest realm="r", nonce="n"', status=status))
    assert line.partition(":")[0] == expected


def test_the_header_that_belongs_to_the_status_comes_first() -> None:
    headers = ('Proxy-Authenticate: Digest realm="proxy", nonce="n"', 'WWW-Authenticate: Digest realm="www", nonce="n"')
    assert 'realm="www"' in answer(challenged(*headers))
    assert 'realm="proxy"' in answer(challenged(*headers, status=407))


def test_a_response_without_a_challenge() -> None:
    assert challenge_of(response()) is None


@pytest.mark.parametrize(
    ("headers", "realm"),
    [
        (['Digest realm="a", nonce="n", algorithm=SHA-256', 'Digest realm="b", nonce="n"'], "a"),
        (['Digest realm="a", nonce="n"', 'Digest realm="b", nonce="n", algorithm=SHA-256'], "a"),
        (['Digest realm="a", nonce="n", algorithm=X', 'Digest realm="b", nonce="n"'], "b"),
        (['Digest realm="a", nonce="n", qop="other"', 'Digest realm="b", nonce="n"'], "b"),
        (['Digest realm="a"', 'Digest nonce="n"', 'Digest realm="b", nonce="n"'], "b"),
        (['Basic realm="a", Digest realm="b", nonce="n"'], "b"),
    ],
)
def test_of_several_challenges_the_topmost_that_can_be_answered(headers: list[str], realm: str) -> None:
    assert f'realm="{realm}"' in answer(challenged(*(f"WWW-Authenticate: {header}" for header in headers)))


def uses(line: str) -> str:
    found = re.search(r"nc=(\w+)", line)
    return found[1] if found else ""


NONCE_1 = 'WWW-Authenticate: Digest realm="r", nonce="1", qop="auth"'
NONCE_2 = 'WWW-Authenticate: Digest realm="r", nonce="2", qop="auth"'


def test_the_uses_of_a_nonce_are_counted() -> None:
    challenge = challenged(NONCE_1)
    assert [uses(answer(challenge)) for _ in range(3)] == ["00000001", "00000002", "00000003"]
    other = challenged(NONCE_2, before=challenge)
    assert uses(answer(other)) == "00000001"


def test_a_nonce_that_comes_again_goes_on_counting() -> None:
    first = challenged(NONCE_1)
    answer(first)
    unanswered = challenged(NONCE_1, before=first)
    again = challenged(NONCE_1, before=unanswered)
    assert uses(answer(again)) == "00000002"


def test_challenges_that_nobody_answers_are_not_kept() -> None:
    challenge = challenged(NONCE_1)
    for _ in range(100_000):
        challenge = challenged(NONCE_1, before=challenge)
    assert uses(answer(challenge)) == "00000001"


def cnonce(line: bytes) -> bytes:
    return line.partition(b'cnonce="')[2].partition(b'"')[0]


@pytest.mark.parametrize(("algorithm", "kept"), [("MD5-sess", True), ("SHA-256-sess", True), ("MD5", False)])
def test_a_session_keeps_its_cnonce(algorithm: str, kept: bool) -> None:
    """Its secret is of the first cnonce; who computes it of the latest has the same then."""
    challenge = challenged(f"{NONCE_1}, algorithm={algorithm}")
    random, numbers = Random(1), SequenceNumbers()
    first, second = (
        cnonce(challenge.answer(ALICE, method=b"M", uri=b"sip:x", body=b"", random=random, numbers=numbers)) for _ in range(2)
    )
    assert first
    assert (first == second) is kept


def test_aka_is_answered_with_its_keys() -> None:
    header = f'WWW-Authenticate: Digest realm="r", nonce="{nonce(0x41).decode()}", algorithm=AKAv1-MD5'
    numbers = SequenceNumbers()
    expected = f'Authorization: Digest username="alice",realm="r",uri="sip:a:5",nonce="{nonce(0x41).decode()}"'
    assert answer(challenged(header), numbers=numbers) == expected + ',response="…",algorithm=AKAv1-MD5'
    low = header.replace(nonce(0x41).decode(), nonce(0x21).decode())
    assert answer(challenged(low), numbers=numbers).endswith(',response="…",algorithm=AKAv1-MD5,auts="…"')


def test_a_quote_in_a_user_name_ends_nothing() -> None:
    line = answer(challenged(NONCE_1), Credentials(b'a"b', b"p", KEYS))
    assert 'username="a\\"b",' in line


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ('Basic realm="x"', "not Digest but basic"),
        ('Digest realm="r", nonce="n", algorithm=MD4', "the algorithm MD4"),
        ('Digest realm="r", nonce="n", qop="conf"', "the qop conf"),
        ('Digest realm="r"', "no realm or no nonce"),
        ('Digest nonce="n"', "no realm or no nonce"),
        ('Digest realm="r\x01", nonce="n"', "control characters"),
        ('Digest realm="r', "no list"),
        ("", "empty"),
        ('Digest realm="r", nonce="n", algorithm=AKAv1-MD5', "base64"),
    ],
)
def test_what_cannot_be_answered(header: str, why: str) -> None:
    challenge = challenged(f"WWW-Authenticate: {header}")
    with pytest.raises(AuthenticationError, match=why) as caught:
        answer(challenge)
    assert str(caught.value).isprintable()


@given(st.binary(max_size=120))
def test_no_challenge_raises_anything_but_its_own_error_nor_breaks_the_line(value: bytes) -> None:
    message = Message(b"SIP/2.0 401 No\r\nCall-ID: 1\r\nWWW-Authenticate: Digest realm=r,nonce=n," + value + b"\r\n\r\n")
    challenge = challenge_of(message)
    assert challenge is not None
    try:
        line = answer(challenge)
    except AuthenticationError:
        return
    assert "\r" not in line
    assert "\n" not in line
