# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is sent again and when (RFC 3261 section 17), and what is known to have come before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.call.retransmission import MOST_HEARD, Heard
from engine.messages import Failure
from engine.sip.message import Message
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


def test_an_old_response_to_anything_else_in_other_bytes_is_unexpected() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(180)
    world.answer(200)
    world.answer(180, extra="X-Other: bytes")
    assert (world.methods, world.counters.failed) == (["INVITE", "ACK", "BYE"], 1)


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


def respond(status: int, cseq: str, via: str = "[last_Via:]") -> str:
    """A `send` of a response that says itself which request it answers."""
    return f"""<send><![CDATA[
    SIP/2.0 {status} Answer
    {via}
    [last_Call-ID:]
    CSeq: {cseq}
    X-Step: {status} {cseq}
    Content-Length: 0

  ]]></send>"""


def steps_of(sent: list[bytes]) -> list[str]:
    """The X-Step lines of messages."""
    return [data.partition(b"X-Step: ")[2].partition(b"\r\n")[0].decode() for data in sent]


UAS_100REL = (
    '<recv request="INVITE"/>'
    + respond(183, "1 INVITE")
    + '<recv request="PRACK"/>'
    + respond(200, "2 PRACK")
    + respond(180, "1 INVITE")
    + respond(200, "1 INVITE")
    + '<recv request="ACK"/><recv request="BYE"/>'
    + respond(200, "3 BYE")
    + '<pause milliseconds="4000"/>'
)


def test_a_repeated_request_gets_the_last_response_to_that_request() -> None:
    world = World(UAS_100REL)
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.ask("INVITE")
    world.ask("PRACK", 2)
    assert steps_of(world.sent) == ["183 1 INVITE", "183 1 INVITE", "200 2 PRACK", "180 1 INVITE", "200 1 INVITE"]
    world.sent.clear()
    world.ask("PRACK", 2)
    world.ask("INVITE")
    assert steps_of(world.sent) == ["200 2 PRACK", "200 1 INVITE"]
    world.ask("ACK")
    world.ask("BYE", 3)
    world.sent.clear()
    world.ask("INVITE")
    world.ask("BYE", 3)
    world.ask("PRACK", 2)
    assert steps_of(world.sent) == ["200 1 INVITE", "200 3 BYE", "200 2 PRACK"]


def test_a_cancel_and_the_invite_that_it_cancels_are_answered_each_for_itself() -> None:
    world = World(
        '<recv request="INVITE"/>'
        + respond(180, "1 INVITE")
        + '<recv request="CANCEL"/>'
        + respond(487, "1 INVITE")
        + respond(200, "1 CANCEL")
        + '<recv request="ACK"/>'
    )
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.bring("CANCEL sip:alice@127.0.0.2 SIP/2.0", "CSeq: 1 CANCEL")
    world.sent.clear()
    world.ask("INVITE")
    world.bring("CANCEL sip:alice@127.0.0.2 SIP/2.0", "CSeq: 1 CANCEL")
    assert steps_of(world.sent) == ["487 1 INVITE", "200 1 CANCEL"]


def test_requests_with_the_same_cseq_are_told_apart_by_their_branches() -> None:
    vias = ["Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKone", "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKtwo"]
    world = World(
        '<recv request="INVITE"/><recv request="INVITE"/>'
        + respond(482, "1 INVITE", vias[1])
        + respond(200, "1 INVITE", vias[0])
        + '<recv request="ACK"/>'
    )
    world.begin(outgoing=False)
    for via in [*vias, *vias]:
        world.bring("INVITE sip:alice@127.0.0.2 SIP/2.0", via, "CSeq: 1 INVITE")
    assert steps_of(world.sent) == ["482 1 INVITE", "200 1 INVITE", "200 1 INVITE", "482 1 INVITE"]


def test_a_response_without_a_cseq_answers_the_last_request() -> None:
    broken = "<send><![CDATA[\n    SIP/2.0 200 OK\n    X-Step: broken\n    Content-Length: 0\n\n  ]]></send>"
    world = World('<recv request="INVITE"/><recv request="INFO"/>' + broken + '<recv request="BYE"/>')
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.ask("INFO", 2)
    world.ask("INFO", 2)
    world.ask("INVITE")
    assert steps_of(world.sent) == ["broken", "broken"]


def test_a_scenario_that_takes_requests_for_days_remembers_the_last_ones() -> None:
    world = World('<label id="more"/><recv request="INFO"/>' + respond(200, "[last_cseq_number] INFO") + '<nop next="more"/>')
    world.begin(outgoing=False)
    for cseq in range(1, 200):
        world.ask("INFO", cseq)
    world.sent.clear()
    for cseq in range(190, 200):
        world.ask("INFO", cseq)
    assert steps_of(world.sent) == [f"200 {cseq} INFO" for cseq in range(190, 200)]


HEARD = [(1, "INVITE"), (1, "ACK"), (1, "CANCEL"), (2, "PRACK"), (3, "UPDATE"), (4, "INVITE"), (5, "BYE")]


@given(st.data(), st.permutations(HEARD))
def test_whatever_the_order_each_request_gets_its_own_last_response(data: st.DataObject, heard: list[tuple[int, str]]) -> None:
    """A response is sent to any request that has no final one yet, at any time."""
    heard_so_far = Heard()
    last_sent: dict[tuple[int, str], bytes] = dict.fromkeys(heard, b"")
    open_requests: list[tuple[int, str]] = []
    for step, (number, method) in enumerate(heard):
        head = f"{method} sip:a SIP/2.0\r\nCall-ID: 1\r\nCSeq: {number} {method}\r\n\r\n"
        heard_so_far.remember((number, method), Message(head.encode()), step)
        if method != "ACK":
            open_requests.append((number, method))
        for answered in data.draw(st.lists(st.sampled_from(open_requests), max_size=4) if open_requests else st.just([])):
            status = data.draw(st.sampled_from([180, 200]))
            if answered not in open_requests:
                continue
            text = f"SIP/2.0 {status} X\r\nCall-ID: 1\r\nX-Step: {step}\r\nCSeq: {answered[0]} {answered[1]}\r\n\r\n"
            heard_so_far.answered(b"", text.encode(), 100 + step)
            last_sent[answered] = text.encode()
            if status == 200:
                open_requests.remove(answered)
    for key, sent in last_sent.items():
        answer = heard_so_far.find(key)
        assert answer is not None
        assert answer.data == sent


def test_requests_that_nobody_answers_are_forgotten_in_their_turn() -> None:
    world = World(
        '<label id="more"/><recv request="INFO" next="more" optional="true"/><recv request="BYE"/>' + respond(200, "999 BYE")
    )
    world.begin(outgoing=False)
    for cseq in range(1, 3 * MOST_HEARD):
        world.ask("INFO", cseq)
    world.ask("BYE", 999)
    world.ask("INFO", 3 * MOST_HEARD - 1)
    assert steps_of(world.sent) == ["200 999 BYE"]


def acknowledge(method: str, cseq: int, *lines: str) -> str:
    """A `send` of an ACK or PRACK that says itself what it acknowledges."""
    more = "".join(f"    {line}\n" for line in lines)
    return f"""<send><![CDATA[
    {method} sip:bob@127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch=[branch]
    Call-ID: [call_id]
    CSeq: {cseq} {method}
    X-Step: {method} {cseq}
{more}    Content-Length: 0

  ]]></send>"""


def test_a_repeated_response_gets_what_acknowledged_it() -> None:
    world = World(
        request("INVITE")
        + '<recv response="183"/><recv response="180"/>'
        + acknowledge("PRACK", 2, "RAck: 7 1 INVITE")
        + acknowledge("PRACK", 3, "RAck: 8 1 INVITE")
        + '<recv response="200"/><recv response="200"/><recv response="200"/>'
        + acknowledge("ACK", 1)
        + '<recv request="BYE"/>'
    )
    world.begin()
    responses = [
        ("SIP/2.0 183 Progress", "CSeq: 1 INVITE", "RSeq: 7"),
        ("SIP/2.0 180 Ringing", "CSeq: 1 INVITE", "RSeq: 8"),
        ("SIP/2.0 200 OK", "CSeq: 1 INVITE"),
        ("SIP/2.0 200 OK", "CSeq: 2 PRACK"),
        ("SIP/2.0 200 OK", "CSeq: 3 PRACK"),
    ]
    for lines in responses:
        world.bring(*lines)
    world.sent.clear()
    for lines in responses:
        world.bring(*lines)
    assert steps_of(world.sent) == ["PRACK 2", "PRACK 3", "ACK 1"]


def test_each_of_the_answers_to_a_forked_invite_gets_its_own_ack() -> None:
    tags = ["To: <sip:b@c>;tag=one", "To: <sip:b@c>;tag=two"]
    world = World(
        request("INVITE")
        + '<recv response="200"/><recv response="200"/>'
        + acknowledge("ACK", 1, tags[0], "Fork: one")
        + acknowledge("ACK", 1, tags[1], "Fork: two")
        + '<recv request="BYE"/>'
    )
    world.begin()
    for _ in range(2):
        for tag in tags:
            world.bring("SIP/2.0 200 OK", tag, "CSeq: 1 INVITE")
    assert [data.partition(b"Fork: ")[2][:3] for data in world.sent[1:]] == [b"one", b"two", b"one", b"two"]


def test_an_ack_that_cannot_be_read_belongs_to_the_last_response() -> None:
    world = World(
        request("INVITE")
        + '<recv response="200"/><recv response="200"/>'
        + "<send><![CDATA[\n    ACK sip:b SIP/2.0\n    X-Step: broken\n\n  ]]></send>"
        + '<recv request="BYE"/>'
    )
    world.begin()
    for _ in range(2):
        for tag in ("one", "two"):
            world.bring("SIP/2.0 200 OK", f"To: <sip:b@c>;tag={tag}", "CSeq: 1 INVITE")
    assert steps_of(world.sent) == ["", "broken", "broken"]
