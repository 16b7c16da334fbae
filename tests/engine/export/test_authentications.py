# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests with credentials: each is told of once, with what came of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export import authentications
from engine.export.authentications import Authentications
from tests.engine.export.examples import call_ended, challenged, message, request, response
from tests.growth import grows_linearly

DIGEST = 'Digest username="joe", realm="a, b", nonce="n", uri="sip:x", response="1", algorithm=MD5, qop=auth'
TOLD = {"scheme": "digest", "username": "joe", "realm": "a, b", "algorithm": "MD5", "qop": "auth"}


def sent(method: str = "REGISTER", header: str = f"Authorization: {DIGEST}", cseq: int = 2) -> bytes:
    return request(method, header, cseq=cseq)


def test_credentials_that_are_accepted() -> None:
    taken = Authentications()
    taken.challenged(challenged(407))
    assert list(taken.sent(message(sent(), sent=True))) == []
    assert list(taken.received(message(response(100, "Trying", "REGISTER", 2)), 100)) == []
    answer = message(response(200, "OK", "REGISTER", 2))
    assert list(taken.received(answer, 200)) == [{**TOLD, "challenge.status": 407, "sip.status": 200, "result": "accepted"}]
    assert list(taken.received(answer, 200)) == list(taken.ended(call_ended())) == []


@pytest.mark.parametrize("status", [401, 403, 407])
def test_credentials_that_are_refused_and_sent_again(status: int) -> None:
    taken = Authentications()
    list(taken.sent(message(sent(header=f"proxy-authorization :  {DIGEST}"), sent=True)))
    assert list(taken.received(message(response(status, "No", "REGISTER", 2)), status)) == [
        {**TOLD, "sip.status": status, "result": "refused"}
    ]
    taken.challenged(challenged(status))
    list(taken.sent(message(sent(cseq=3), sent=True)))
    [told] = taken.received(message(response(404, "Not Found", "REGISTER", 3)), 404)
    assert (told["challenge.status"], told["sip.status"], told["result"]) == (status, 404, "accepted")


def test_a_response_to_another_request_says_nothing_of_them() -> None:
    taken = Authentications()
    list(taken.sent(message(sent("INVITE"), sent=True)))
    assert list(taken.received(message(response(200, "OK", "PRACK", 3)), 200)) == []
    assert list(taken.received(message(response(200, "OK", "INVITE", 2), call_id=b"8"), 200)) == []
    assert list(taken.ended(call_ended())) == [{**TOLD, "result": "unanswered"}]
    assert list(taken.ended(call_ended())) == []


def test_those_of_before_are_unanswered_when_others_are_sent() -> None:
    taken = Authentications()
    list(taken.sent(message(sent(), sent=True)))
    assert list(taken.sent(message(sent(cseq=3), sent=True))) == [{**TOLD, "result": "unanswered"}]


@pytest.mark.parametrize(
    "header",
    ["X: Authorization: Digest a=b", "Authorization:", "Authorization: ???", "Authorization: a=b", "Subject: uthorization"],
)
def test_what_has_no_credentials(header: str) -> None:
    taken = Authentications()
    assert list(taken.sent(message(sent(header=header), sent=True))) == list(taken.ended(call_ended())) == []


def test_a_body_has_none() -> None:
    taken = Authentications()
    list(taken.sent(message(request("MESSAGE") + f"Authorization: {DIGEST}\r\n\r\n".encode(), sent=True)))
    assert list(taken.ended(call_ended())) == []


def test_calls_whose_ends_are_lost_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentications, "MOST_OPEN", 10)
    taken = Authentications()
    for number in range(30):
        list(taken.sent(message(sent(), sent=True, call_id=b"%d" % number)))
    left = [number for number in range(30) if list(taken.ended(call_ended(call_id=b"%d" % number)))]
    assert left == list(range(20, 30))


@given(st.text(alphabet='aA=",\\ \t:uthorizationDigest', max_size=60))
def test_any_credentials_are_read(value: str) -> None:
    taken = Authentications()
    list(taken.sent(message(sent(header=f"Authorization:{value}"), sent=True)))
    for told in taken.ended(call_ended()):
        assert told["result"] == "unanswered"


@pytest.mark.parametrize(
    "header",
    [
        lambda size: "Authorization: " + "a" * size,
        lambda size: "Authorization: x\r\n" * size,
        lambda size: "Authorization: " + "a," * size,
    ],
)
def test_what_is_long_takes_no_more_than_its_share(header: Callable[[int], str]) -> None:
    def work(size: int) -> None:
        list(Authentications().sent(message(sent(header=header(size)), sent=True)))

    assert grows_linearly(work, 1000)
