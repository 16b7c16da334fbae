# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is sent again and when (RFC 3261 section 17), and what is known to have come before."""

from __future__ import annotations

from engine.messages import Failure
from tests.engine.call.test_call import UAS_CALL, request
from tests.engine.call.virtual import UAC_CALL, World


def times_sent(world: World, until_ms: int, step_ms: int = 100) -> list[int]:
    """When messages went out, in ms from now."""
    times = []
    for at_ms in range(step_ms, until_ms + 1, step_ms):
        before = len(world.sent)
        world.pass_ms(step_ms)
        times += [at_ms] * (len(world.sent) - before)
    return times


def test_an_invite_doubles_from_t1_without_cap_and_gives_up_after_five() -> None:
    world = World(UAC_CALL)
    world.begin()
    assert times_sent(world, 40_000) == [500, 1500, 3500, 7500, 15_500]
    assert world.failures == {Failure.MAX_RETRANSMISSIONS: 1}
    assert (world.counters.retransmissions, world.measured.steps[0].timeouts) == (5, 1)
    assert set(world.sent) == {world.sent[0]}


def test_other_requests_double_up_to_t2_and_give_up_after_seven() -> None:
    world = World(request("OPTIONS", 'retrans="500"') + '<recv response="200"/>')
    world.begin()
    assert times_sent(world, 40_000) == [500, 1500, 3500, 7500, 11_500, 15_500, 19_500]
    assert world.failures == {Failure.MAX_RETRANSMISSIONS: 1}


def test_a_provisional_answer_stops_an_invite_but_only_slows_others() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(100)
    assert times_sent(world, 40_000) == []
    world = World(request("OPTIONS", 'retrans="500"') + '<recv response="100" optional="true"/><recv response="200"/>')
    world.begin()
    world.answer(100, "1 OPTIONS")
    assert times_sent(world, 9_000) == [4000, 8000]


def test_nothing_is_retransmitted_over_a_reliable_transport() -> None:
    world = World(UAC_CALL, reliable=True)
    world.begin()
    assert times_sent(world, 10_000) == []
    assert world.counters.open == 1


def test_giving_up_may_jump_instead() -> None:
    body = request("OPTIONS", 'retrans="500" ontimeout="silent"') + '<recv response="200"/><nop next="end"/>'
    world = World(body + '<label id="silent"/><nop counter="silent"/><label id="end"/><nop/>', max_other_retransmissions=0)
    world.begin()
    world.pass_ms(500)
    assert (world.counters.scenario, world.counters.successful) == ({"silent": 1}, 1)


def test_a_repeated_final_response_gets_its_ack_again() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(200)
    world.answer(200)
    world.pass_ms(1000)
    world.answer(200)
    assert world.methods == ["INVITE", "ACK", "ACK", "BYE", "ACK"]
    steps = world.measured.steps
    assert (steps[3].messages, steps[3].retransmissions, steps[4].retransmissions) == (1, 2, 2)
    assert world.counters.open == 1


def test_a_repeated_provisional_response_is_counted_and_ignored() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(180)
    world.answer(180)
    assert (world.measured.steps[2].messages, world.measured.steps[2].retransmissions) == (1, 1)
    world.answer(200)
    world.answer(180)
    assert (world.counters.open, world.measured.steps[2].retransmissions) == (1, 2)


def test_an_old_response_in_other_bytes_is_known_by_its_transaction() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(200)
    world.answer(200, extra="X-Other: bytes")
    assert world.methods == ["INVITE", "ACK", "ACK"]
    assert world.counters.open == 1


def test_a_late_response_that_was_never_waited_for_is_unexpected() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(200)
    world.answer(180)
    assert (world.methods, world.counters.failed) == (["INVITE", "ACK", "BYE"], 1)


def test_a_repeated_request_gets_the_last_response_to_it() -> None:
    world = World(UAS_CALL)
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.ask("INVITE")
    assert world.methods == ["180", "200", "200"]
    world.ask("ACK")
    world.ask("BYE", 2)
    world.ask("BYE", 2)
    assert world.methods == ["180", "200", "200", "200", "200"]
    assert world.sent[4] == world.sent[3]


def test_an_ack_stops_the_final_response() -> None:
    world = World(UAS_CALL)
    world.begin(outgoing=False)
    world.ask("INVITE")
    assert times_sent(world, 1500) == [500, 1500]
    world.ask("ACK")
    assert times_sent(world, 10_000) == []


def test_loosely_checked_the_place_in_the_call_makes_a_repetition() -> None:
    world = World(UAS_CALL, loose=True)
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.ask("INVITE", extra="Max-Forwards: 69")
    assert world.methods == ["180", "200", "200"]


def test_nothing_new_is_sent_while_something_is_retransmitted() -> None:
    world = World(request("OPTIONS", 'retrans="500"') + request("INFO") + '<recv response="200"/>', max_other_retransmissions=2)
    world.begin()
    world.pass_ms(1000)
    assert world.methods == ["OPTIONS", "OPTIONS"]
    world.pass_ms(10_000)
    assert world.methods == ["OPTIONS", "OPTIONS", "OPTIONS"]
    assert world.failures == {Failure.MAX_RETRANSMISSIONS: 1}
