# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call runs its scenario: steps, messages, timers, counters, and how it may end."""

from __future__ import annotations

import pytest

from engine.call import Behaviours
from engine.messages import Failure
from tests.engine.call.virtual import MS, UAC_CALL, World

UAS_CALL = """
  <recv request="INVITE"/>
  <send><![CDATA[
    SIP/2.0 180 Ringing
    [last_Via:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <recv request="ACK" optional="true"/>
  <recv request="BYE"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <timewait milliseconds="4000"/>
"""


def request(method: str, attributes: str = "") -> str:
    return f"""<send {attributes}><![CDATA[
    {method} sip:b@127.0.0.1 SIP/2.0
    Call-ID: [call_id]
    CSeq: 1 {method}

  ]]></send>"""


def balanced(world: World) -> bool:
    counters = world.counters
    return counters.created == counters.successful + counters.failed + counters.open


def test_a_whole_call_succeeds_and_is_measured() -> None:
    world = World(UAC_CALL)
    world.begin(late_ns=3 * MS)
    world.pass_ms(5)
    world.answer(100)
    world.answer(180)
    world.pass_ms(5)
    world.answer(200)
    world.pass_ms(1000)
    world.answer(200, "2 BYE")
    assert world.methods == ["INVITE", "ACK", "BYE"]
    measured = world.measured
    assert (measured.counters.successful, measured.counters.failed, measured.counters.open) == (1, 0, 0)
    assert measured.response_times["1"].max_ns == 10 * MS
    assert measured.response_times_from_due["1"].max_ns == 13 * MS
    assert measured.lateness.max_ns == 3 * MS
    assert measured.call_length.max_ns == 1010 * MS
    assert [step.messages for step in measured.steps] == [1, 1, 1, 1, 1, 1, 1, 1]
    assert world.over_at_ns == world.now_ns


def test_optional_messages_may_be_missing() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(200)
    assert world.methods == ["INVITE", "ACK"]
    assert [step.messages for step in world.measured.steps[:4]] == [1, 0, 0, 1]


def test_the_peers_tag_goes_into_later_requests() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(200)
    assert b"To: <sip:bob@127.0.0.1>;tag=peer\r\n" in world.sent[1]


def test_a_server_answers_and_waits_to_absorb_repetitions() -> None:
    world = World(UAS_CALL)
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.ask("ACK")
    world.ask("BYE", 2)
    assert world.methods == ["180", "200", "200"]
    assert (world.counters.successful, world.counters.open) == (1, 0)
    assert world.over_at_ns is None
    world.ask("BYE", 2)
    assert world.methods == ["180", "200", "200", "200"]
    world.pass_ms(4000)
    assert world.over_at_ns == world.now_ns
    assert world.counters.successful == 1


def test_a_lost_message_is_counted_and_not_sent() -> None:
    world = World(request("OPTIONS", 'retrans="500" lost="50"') + '<recv response="200"/>')
    world.draw = 0.4
    world.begin()
    assert (world.sent, world.counters.lost_on_purpose) == ([], 1)
    world.draw = 0.6
    world.pass_ms(500)
    assert world.methods == ["OPTIONS"]


def test_a_received_message_that_is_lost_never_came() -> None:
    world = World(request("OPTIONS") + '<recv response="200" lost="50"/>')
    world.begin()
    world.draw = 0.4
    world.answer(200, "1 OPTIONS")
    assert (world.counters.successful, world.measured.steps[1].lost) == (0, 1)
    world.draw = 0.6
    world.answer(200, "1 OPTIONS")
    assert world.counters.successful == 1


def test_next_jumps_and_test_decides() -> None:
    body = (
        request("OPTIONS")
        + """
      <recv response="200" optional="true" next="good"><action>
        <ereg regexp="yes" search_in="hdr" header="X-Go:" assign_to="go"/></action></recv>
      <recv response="404"/>
      <nop next="end"/>
      <label id="good"/>
      <nop test="go" next="end" counter="unmarked"/>
      <nop counter="not_reached"/>
      <label id="end"/>
      <nop counter="ended"/>"""
    )
    world = World(body)
    world.begin()
    world.answer(200, "1 OPTIONS", extra="X-Go: yes")
    assert world.counters.scenario == {"unmarked": 1, "not_reached": 0, "ended": 1}
    world = World(body)
    world.begin()
    world.answer(200, "1 OPTIONS", extra="X-Go: no")
    assert world.counters.scenario == {"unmarked": 1, "not_reached": 1, "ended": 1}


def test_a_failed_check_lets_the_scenario_go_on_and_fails_the_call() -> None:
    check = '<ereg regexp="never" search_in="msg" check_it="true" assign_to="x"/><log message="[$x]"/>'
    world = World(request("OPTIONS") + f'<recv response="200"><action>{check}</action></recv>' + request("BYE"))
    world.begin()
    world.answer(200, "1 OPTIONS")
    assert world.methods == ["OPTIONS", "BYE"]
    assert world.failures == {Failure.REGEXP_DOES_NOT_MATCH: 1}
    assert world.logs == []
    assert balanced(world)


def test_a_call_whose_checks_fail_has_failed_for_the_last_of_them() -> None:
    first = '<recv response="200"><action><ereg regexp="never" check_it="true" assign_to="x"/></action></recv>'
    second = '<recv response="200"><action><strcmp variable="x" value="a" check_it="true"/></action></recv>'
    third = '<recv response="200"><action><ereg regexp="200" check_it="true" assign_to="x"/></action></recv>'
    world = World(request("OPTIONS") + first + request("INFO") + second + request("MESSAGE") + third)
    world.begin()
    for method in ("OPTIONS", "INFO", "MESSAGE"):
        world.answer(200, f"1 {method}")
    assert world.failures == {Failure.STRCMP_DOES_NOT_MATCH: 1}


def test_a_second_failing_step_skips_the_rest_of_its_own_actions() -> None:
    check = '<action><ereg regexp="never" search_in="msg" check_it="true" assign_to="x"/><log message="[$x]"/></action>'
    steps = f'<recv response="100" optional="true">{check}</recv><recv response="200">{check}</recv>'
    world = World(request("OPTIONS") + steps)
    world.begin()
    world.answer(100, "1 OPTIONS")
    world.answer(200, "1 OPTIONS")
    assert (world.logs, world.counters.failed) == ([], 1)


def test_a_pause_is_as_long_as_its_call_says() -> None:
    assigns = '<nop><action><assign assign_to="v" value="80"/></action></nop>'
    world = World(request("OPTIONS") + assigns + '<pause variable="v"/><pause min="30" max="30"/>' + request("INFO"))
    world.begin()
    world.pass_ms(79)
    assert (world.methods, world.measured.steps[2].open) == (["OPTIONS"], 1)
    world.pass_ms(1)
    assert (world.methods, [step.open for step in world.measured.steps]) == (["OPTIONS"], [0, 0, 0, 1, 0])
    world.pass_ms(30)
    assert world.methods == ["OPTIONS", "INFO"]


def test_a_pause_that_is_drawn_to_be_nothing_is_none() -> None:
    world = World(request("OPTIONS") + '<pause distribution="normal" mean="-60" stdev="1"/>' + request("INFO"))
    world.begin()
    assert world.methods == ["OPTIONS", "INFO"]


def test_a_timewait_may_be_drawn() -> None:
    world = World(request("OPTIONS") + '<timewait min="50" max="50"/>')
    world.begin()
    assert (world.counters.successful, world.over_at_ns) == (1, None)
    world.pass_ms(50)
    assert world.over_at_ns is not None


def test_media_hang_up_when_the_call_is_counted_and_are_closed_when_it_is_over() -> None:
    echo = '<nop><action><exec rtp_echo="startaudio"/></action></nop>'
    world = World(request("OPTIONS") + echo + '<timewait milliseconds="50"/>', with_media=True)
    world.begin()
    assert (world.media.told[1:], world.over_at_ns) == (["hung up"], None)
    world.pass_ms(50)
    assert world.media.told[1:] == ["hung up", "closed"]


def test_the_route_set_is_kept_reversed_with_its_quoted_names() -> None:
    world = World(request("OPTIONS") + '<recv response="200" rrs="true"/><pause milliseconds="10"/>')
    world.begin()
    routes = 'Record-Route: "a, b" <sip:p1;lr>, <sip:p2;lr>\r\nContact: <sip:c@d>;x=y'
    world.answer(200, "1 OPTIONS", extra=routes)
    assert (world.call.routes, world.call.next_url) == (b'Route: <sip:p2;lr>, "a, b" <sip:p1;lr>', b"sip:c@d")


def test_a_receive_timeout_fails_or_jumps() -> None:
    world = World(request("OPTIONS") + '<recv response="200" timeout="2000"/>')
    world.begin()
    world.pass_ms(1999)
    assert world.counters.open == 1
    world.pass_ms(1)
    assert world.failures == {Failure.TIMEOUT_ON_RECV: 1}
    assert list(world.counters.reasons) == ["timeout in step 1 (200)"]
    assert world.measured.steps[1].timeouts == 1
    jump = '<recv response="200" timeout="2000" ontimeout="late"/><nop next="end"/><label id="late"/><nop counter="late"/>'
    world = World(request("OPTIONS") + jump + '<label id="end"/><nop/>')
    world.begin()
    world.pass_ms(2000)
    assert (world.counters.scenario, world.counters.successful) == ({"late": 1}, 1)


def test_what_cannot_be_sent_fails_the_call() -> None:
    world = World(UAC_CALL)
    world.wire_works = False
    world.begin()
    assert world.failures == {Failure.CANNOT_SEND: 1}
    assert list(world.counters.reasons) == ["cannot send in step 0 (INVITE): nobody carries it"]
    assert balanced(world)


def test_the_wire_says_what_a_call_fails_with() -> None:
    world = World(UAC_CALL)
    world.wire_works = False
    world.refused = (Failure.OUTBOUND_CONGESTION, "the send buffer is full")
    world.begin()
    assert world.failures == {Failure.OUTBOUND_CONGESTION: 1}
    assert list(world.counters.reasons) == ["cannot send in step 0 (INVITE): the send buffer is full"]


def test_a_scenario_that_jumps_in_a_circle_lets_others_have_their_turn() -> None:
    world = World(request("OPTIONS") + '<label id="again"/><nop next="again"/><nop/>')
    world.begin()
    assert world.call.wake_ns <= world.now_ns
    assert world.counters.open == 1


def test_cutting_a_call_off_tells_the_peer_and_leaves_it_open() -> None:
    world = World(UAC_CALL)
    world.begin()
    world.answer(180)
    world.call.stop(world.now_ns)
    assert world.methods == ["INVITE", "CANCEL"]
    assert (world.counters.open, world.counters.failed) == (1, 0)
    assert balanced(world)


@pytest.mark.parametrize("stop", [lambda name: f'{name}="1"', lambda name: f'{name}="1,2"'])
def test_timers_start_and_stop_where_the_scenario_says(stop: object) -> None:
    body = (
        request("OPTIONS", 'start_rtd="2"')
        + '<recv response="100" optional="true" rtd="1"/><recv response="200" rtd="2" repeat_rtd="true"/>'
    )
    world = World(body)
    world.begin()
    world.pass_ms(3)
    world.answer(100, "1 OPTIONS")
    world.pass_ms(4)
    world.answer(200, "1 OPTIONS")
    times = world.measured.response_times
    assert {name: histogram.max_ns for name, histogram in times.items()} == {"1": 3 * MS, "2": 7 * MS}


def test_being_late_to_read_does_not_lengthen_response_times() -> None:
    body = (
        request("OPTIONS")
        + '<recv response="200" rtd="1"/>'
        + request("BYE", 'start_rtd="2"')
        + '<recv response="202" rtd="2"/>'
    )
    world = World(body.replace("CSeq: 1 BYE", "CSeq: 2 BYE"))
    world.begin()
    world.read_late_ns = 2 * MS
    world.pass_ms(10)
    world.answer(200, "1 OPTIONS")
    world.pass_ms(10)
    world.answer(202, "2 BYE")
    assert {name: times.max_ns for name, times in world.measured.response_times.items()} == {"1": 8 * MS, "2": 8 * MS}


def test_without_default_behaviours_an_unexpected_message_changes_nothing() -> None:
    world = World(UAC_CALL, behaviours=Behaviours.parse("none"))
    world.begin()
    world.answer(486)
    assert (world.methods, world.counters.open, world.measured.steps[1].unexpected) == (["INVITE"], 1, 1)
    world.answer(200)
    assert world.methods == ["INVITE", "ACK"]
