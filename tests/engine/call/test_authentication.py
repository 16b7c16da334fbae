# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call that is challenged: what it keeps, what it sends, and how it fails where SIPp gives up."""

from __future__ import annotations

from engine.messages import Failure
from tests.engine.call.virtual import World

CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'


def register(cseq: int, authentication: str = "") -> str:
    return f"""<send retrans="500"><![CDATA[
    REGISTER sip:127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch=[branch]
    Call-ID: [call_id]
    CSeq: {cseq} REGISTER
    {authentication or "X: none"}
    Content-Length: 0

  ]]></send>"""


ANSWER = register(2, "[authentication username=joe password=schmo]")


def challenged(recv: str, after: str = ANSWER + '<recv response="200"/>') -> World:
    """A call that has sent its first request."""
    world = World(register(1) + recv + after)
    world.begin()
    return world


def test_a_challenge_is_answered() -> None:
    world = challenged('<recv response="401" auth="true"/>')
    world.answer(401, "1 REGISTER", extra=CHALLENGE)
    assert b'\r\nAuthorization: Digest username="joe",realm="r",cnonce="' in world.sent[1]
    world.answer(200, "2 REGISTER")
    assert world.counters.successful == 1


def test_a_retransmission_has_the_same_bytes() -> None:
    world = challenged('<recv response="401" auth="true"/>')
    world.answer(401, "1 REGISTER", extra=CHALLENGE)
    world.pass_ms(600)
    assert len(world.sent) == 3
    assert world.sent[1] == world.sent[2]


def test_either_of_two_challenges_is_kept() -> None:
    world = challenged('<recv response="401" optional="true" auth="true"/><recv response="407" auth="true"/>')
    world.answer(407, "1 REGISTER", extra=CHALLENGE.replace("WWW-", "Proxy-"))
    assert b"\r\nProxy-Authorization: Digest " in world.sent[1]


def test_an_optional_challenge_is_kept() -> None:
    world = challenged('<recv response="401" optional="true" auth="true" next="a"/><recv response="200"/><label id="a"/>')
    world.answer(401, "1 REGISTER", extra=CHALLENGE)
    assert b"\r\nAuthorization: Digest " in world.sent[1]


def test_a_nonce_is_used_again_and_counted() -> None:
    again = '<recv response="200"/>' + register(3, "[authentication]") + '<recv response="200"/>'
    world = challenged('<recv response="401" auth="true"/>', ANSWER + again)
    world.answer(401, "1 REGISTER", extra=CHALLENGE)
    world.answer(200, "2 REGISTER")
    assert [b"nc=00000001" in world.sent[1], b"nc=00000002" in world.sent[2]] == [True, True]


def failed(world: World, failure: Failure, reason: str) -> bool:
    return world.failures == {failure: 1} and world.counters.reasons == {reason: 1} and world.call.is_over


def test_a_challenge_without_a_header_fails_the_call() -> None:
    world = challenged('<recv response="401" auth="true"/>')
    world.answer(401, "1 REGISTER")
    assert failed(world, Failure.UNEXPECTED_MESSAGE, "a 401 without a challenge in step 1 (401)")
    assert len(world.sent) == 1


def test_without_auth_the_challenge_is_not_kept() -> None:
    world = challenged('<recv response="401"/>')
    world.answer(401, "1 REGISTER", extra=CHALLENGE)
    reason = 'no challenge for [authentication]: it is kept by a <recv> with auth="true" in step 2 (REGISTER)'
    assert failed(world, Failure.CANNOT_SEND, reason)
    assert len(world.sent) == 1


def test_a_challenge_that_cannot_be_answered_fails_the_call() -> None:
    world = challenged('<recv response="401" auth="true"/>')
    world.answer(401, "1 REGISTER", extra="WWW-Authenticate: Basic realm=x")
    reason = "the challenge is not Digest but basic in step 2 (REGISTER)"
    assert failed(world, Failure.CANNOT_SEND, reason)


def test_nothing_is_looked_for_in_other_responses() -> None:
    world = challenged('<recv response="200" auth="true"/>')
    world.answer(200, "1 REGISTER", extra=CHALLENGE)
    assert world.failures == {Failure.CANNOT_SEND: 1}
