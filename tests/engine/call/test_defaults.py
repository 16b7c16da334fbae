# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done with messages that the scenario does not know: SIPp's default behaviours."""

from __future__ import annotations

import pytest

from engine.call import Behaviours
from engine.errors import OptionError
from engine.messages import Failure
from tests.engine.call.virtual import UAC_CALL, World


def begun(**options: object) -> World:
    world = World(UAC_CALL, **options)  # type: ignore[arg-type]
    world.begin()
    return world


def test_an_error_response_gets_its_ack_and_fails_the_call() -> None:
    world = begun()
    world.answer(486)
    assert world.methods == ["INVITE", "ACK"]
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}
    assert list(world.counters.reasons) == ["unexpected 486 in step 3 (200)"]


def test_before_an_answer_an_aborted_call_is_cancelled() -> None:
    world = begun()
    world.answer(180)
    world.answer(183)
    assert world.methods == ["INVITE", "CANCEL"]


def test_a_call_whose_ack_is_due_is_acknowledged_and_ended() -> None:
    world = World(UAC_CALL.replace('rtd="true"/>', 'rtd="true"/><pause milliseconds="100"/>'))
    world.begin()
    world.answer(200)
    world.ask("REFER")
    assert world.methods == ["INVITE", "ACK", "BYE"]


def test_an_established_call_is_ended_with_bye() -> None:
    world = begun()
    world.answer(200)
    world.ask("REFER")
    assert world.methods == ["INVITE", "ACK", "BYE"]
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}


CHALLENGED_CALL = UAC_CALL[: UAC_CALL.index("<pause")].replace('response="200" rtd="true"', 'response="407"') + UAC_CALL


@pytest.mark.parametrize("events", [(403,), (183,), (180, 486)])
def test_whoever_has_acknowledged_anything_says_bye(events: tuple[int, ...]) -> None:
    """As after a 407: SIPp takes any ACK for that of a call that stands."""
    world = World(CHALLENGED_CALL)
    world.begin()
    world.answer(407)
    for status in events:
        world.answer(status)
    assert world.methods == ["INVITE", "ACK", "INVITE", "BYE"]


@pytest.mark.parametrize("method", ["BYE", "CANCEL"])
def test_the_peers_bye_is_answered_and_fails_the_call(method: str) -> None:
    world = begun()
    world.answer(200)
    world.ask(method)
    assert world.methods == ["INVITE", "ACK", "200"]
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}


OWN = """<DefaultMessage id="{id}"><![CDATA[
  {start}
  X-Own: {id} [msg_index] [branch]
  Call-ID: [call_id]
  Content-Length: [len]

  body
]]></DefaultMessage>"""


@pytest.mark.parametrize(
    ("own", "start", "happens", "expected"),
    [
        ("ack", "ACK sip:x SIP/2.0", (486,), "ack -2 z9hG4bK-7-1-0"),
        ("cancel", "CANCEL sip:x SIP/2.0", (180, 183), "cancel -1 z9hG4bK-7-1-0"),
        ("bye", "BYE sip:x SIP/2.0", (200, "REFER"), "bye -1 z9hG4bK-7-1--1"),
        ("200", "SIP/2.0 200 Fine", (200, "BYE"), "200 -1 z9hG4bK-7-1--1"),
    ],
)
def test_a_scenario_may_have_default_messages_of_its_own(
    own: str, start: str, happens: tuple[int | str, ...], expected: str
) -> None:
    """Their lines and their branch; the body keeps no line end behind it."""
    world = World(OWN.format(id=own, start=start) + UAC_CALL)
    world.begin()
    for event in happens:
        world.answer(event) if isinstance(event, int) else world.ask(event)
    head, _, body = world.sent[-1].partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [start, f"X-Own: {expected}", "Call-ID: 1-7@127.0.0.2", "Content-Length:     4"]
    assert body == b"body"


def test_the_ack_before_a_bye_has_a_message_of_its_own() -> None:
    own = OWN.format(id="ack2", start="ACK sip:x SIP/2.0")
    world = World(own + UAC_CALL.replace('rtd="true"/>', 'rtd="true"/><pause milliseconds="100"/>'))
    world.begin()
    world.answer(200)
    world.ask("REFER")
    assert [b"X-Own: ack2" in data for data in world.sent] == [False, True, False]
    assert world.methods == ["INVITE", "ACK", "BYE"]


def test_ping_is_answered_and_the_call_goes_on() -> None:
    world = begun()
    world.ask("PING")
    assert (world.methods, world.counters.auto_answered, world.counters.open) == (["INVITE", "200"], 1, 1)


@pytest.mark.parametrize("method", ["INFO", "NOTIFY", "OPTIONS", "UPDATE"])
def test_only_with_auto_answer_these_leave_the_call_alone(method: str) -> None:
    world = begun(behaviours=Behaviours(auto_answer=True))
    world.ask(method)
    assert (world.methods, world.counters.open) == (["INVITE", "200"], 1)
    world.answer(200)
    assert world.methods[-1] == "ACK"
    world = begun()
    world.ask(method)
    assert world.counters.failed == 1


def test_without_the_bye_behaviour_the_peer_is_told_nothing_more() -> None:
    world = begun(behaviours=Behaviours.parse("all,-bye"))
    world.answer(180)
    world.answer(486)
    assert (world.methods, world.counters.failed) == (["INVITE"], 1)


def test_an_unanswered_invite_needs_no_cancel() -> None:
    world = begun(max_invite_retransmissions=0)
    world.pass_ms(500)
    assert (world.methods, world.failures) == (["INVITE"], {Failure.MAX_RETRANSMISSIONS: 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", Behaviours()),
        ("none", Behaviours(bye=False, abort_unexpected=False, ping_reply=False, cseq=False)),
        ("bye,abortunexp", Behaviours(ping_reply=False, cseq=False)),
        ("all,-pingreply", Behaviours(ping_reply=False)),
    ],
)
def test_the_list_of_behaviours_is_sipps(text: str, expected: Behaviours) -> None:
    assert Behaviours.parse(text) == expected


def test_an_unknown_behaviour_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match="'byebye' is not one of all, none, bye"):
        Behaviours.parse("byebye")
