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


@pytest.mark.parametrize("method", ["BYE", "CANCEL"])
def test_the_peers_bye_is_answered_and_fails_the_call(method: str) -> None:
    world = begun()
    world.answer(200)
    world.ask(method)
    assert world.methods == ["INVITE", "ACK", "200"]
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}


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
