# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a call goes: conditions, chances, jumps, transactions, what an unexpected message leads to. As SIPp 3.6.1 does it."""

from __future__ import annotations

import pytest

from engine.messages import Failure
from tests.engine.call.virtual import World
from tests.engine.scenario.helpers import problems_of


def ask(name: str, attributes: str = "", *, method: str = "OPTIONS", branch: str = "[branch]") -> str:
    """A <send> of a request whose Subject is `name`."""
    return f"""<send {attributes}><![CDATA[
    {method} sip:b@127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch={branch}
    Subject: {name}
    Call-ID: [call_id]
    CSeq: 1 {method}

  ]]></send>"""


OK = '<recv response="200"/>'


def act(actions: str, attributes: str = "") -> str:
    return f"<nop {attributes}><action>{actions}</action></nop>"


def subjects(world: World) -> list[str]:
    """The Subject of each message sent."""
    return [data.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode() for data in world.sent]


def run(body: str, *, steps: int = 10) -> World:
    """A call whose requests are answered at once."""
    world = World(body)
    world.begin()
    for _ in range(steps):
        if world.over_at_ns is None:
            world.answer(200, "1 OPTIONS", extra=f"X: {len(world.sent)}")
    return world


UNSET = '<Reference variables="no"/>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ask("1", 'condexec="no"') + ask("2") + OK + UNSET, ["2"]),
        (ask("1", 'condexec="no" condexec_inverse="true"') + OK + UNSET, ["1"]),
        # a step that is passed over still leads where its `next` says
        (act("", 'condexec="no" next="e"') + ask("1") + OK + '<label id="e"/>' + ask("2") + OK + UNSET, ["2"]),
        (act('<assignstr assign_to="s" value="x"/>') + ask("1", 'condexec="s"') + OK, ["1"]),
        (ask("1") + '<recv response="200" condexec="no"/>' + ask("2") + OK + UNSET, ["1", "2"]),
    ],
)
def test_condexec(body: str, expected: list[str]) -> None:
    world = run(body)
    assert subjects(world) == expected
    assert world.counters.successful == 1


@pytest.mark.parametrize(
    ("chance", "drawn", "expected"), [("0", 0.0, ["1"]), ("1", 0.99, ["2"]), ("0.3", 0.2, ["2"]), ("0.3", 0.3, ["1"])]
)
def test_chance_is_that_of_following_next(chance: str, drawn: float, expected: list[str]) -> None:
    world = World(
        act("", f'next="e" chance="{chance}"') + ask("1", 'next="end"') + '<label id="e"/>' + ask("2") + '<label id="end"/>'
    )
    world.draw = drawn
    world.begin()
    assert subjects(world) == expected


def test_a_chance_that_fails_lets_an_optional_lead_to_the_next_step() -> None:
    world = World(
        ask("1") + '<recv response="180" optional="true" next="e" chance="0.5"/>' + OK + ask("2") + '<label id="e"/>' + ask("3")
    )
    world.draw = 0.9
    world.begin()
    world.answer(180, "1 OPTIONS")
    world.answer(200, "1 OPTIONS")
    assert subjects(world) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (act('<jump value="3"/>') + ask("1") + OK + ask("2") + OK, ["2"]),
        # what was received leads on whatever its actions say
        (
            ask("1") + '<recv response="200"><action><jump value="4"/></action></recv>' + ask("2") + OK + ask("3"),
            ["1", "2", "3"],
        ),
        # the step before the target has a next
        (act('<jump value="2"/>') + act("", 'next="e"') + ask("1") + OK + '<label id="e"/>' + ask("2") + OK, ["2"]),
        (act("") + act('<index assign_to="z"/><assignstr assign_to="i" value="[$z]"/>') + ask("[$i]") + OK, ["1.000000"]),
        (act('<jump value="3"/>', 'next="e"') + ask("1") + '<label id="e"/>' + ask("2") + ask("3"), ["3"]),
    ],
)
def test_jumps(body: str, expected: list[str]) -> None:
    assert subjects(run(body)) == expected


def test_a_jump_to_where_a_variable_says_may_lead_nowhere() -> None:
    world = World(act('<jump variable="v"/>') + ask("1") + '<Reference variables="v"/>')
    world.begin()
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}
    assert "jump to the step itself" in str(world.counters.reasons)


HANDLER = (
    act("", 'next="end"')
    + '<label id="_unexp.main"/><recv request="INFO"/>'
    + """<send><![CDATA[
    SIP/2.0 200 OK
    Subject: info at [$_unexp.retaddr]
    [last_Call-ID:]
    [last_CSeq:]

  ]]></send>"""
    + act('<pauserestore variable="_unexp.pausedaddr"/><jump variable="_unexp.retaddr"/>')
    + '<label id="end"/>'
)


def test_an_unexpected_message_jumps_to_its_handler_and_back() -> None:
    world = World(ask("1") + OK + ask("2") + OK + HANDLER)
    world.begin()
    world.ask("INFO", 7)
    world.answer(200, "1 OPTIONS")
    assert subjects(world) == ["1", "info at 1.000000", "2"]


def test_a_pause_is_taken_up_where_an_unexpected_message_interrupted_it() -> None:
    world = World(ask("1") + OK + '<pause milliseconds="600"/>' + ask("2") + OK + HANDLER)
    world.begin()
    world.answer(200, "1 OPTIONS")
    world.pass_ms(400)
    world.ask("INFO", 7)
    world.pass_ms(150)
    assert subjects(world) == ["1", "info at 2.000000"]
    assert world.measured.steps[2].open == 1
    world.pass_ms(60)
    assert subjects(world) == ["1", "info at 2.000000", "2"]
    assert world.measured.steps[2].open == 0


def test_what_the_handler_does_not_expect_either_ends_the_call() -> None:
    world = World(ask("1") + OK + HANDLER)
    world.begin()
    world.ask("NOTIFY", 7)
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}


def test_a_handler_without_return_address_does_not_go_round_in_circles() -> None:
    world = World(ask("1") + OK + '<label id="_unexp.main"/><recv request="INFO"/>')
    world.begin()
    world.ask("NOTIFY", 7)
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}


def test_actions_of_a_pause_run_at_its_start() -> None:
    world = World('<pause milliseconds="50"><action><log message="begun"/></action></pause>' + ask("1"))
    world.begin()
    assert (world.logs, world.sent) == (["begun"], [])
    world.pass_ms(50)
    assert (world.logs, subjects(world)) == (["begun"], ["1"])


# --- receiving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 183])
def test_any_of_several_responses_will_do(status: int) -> None:
    world = World(ask("1") + '<recv response="200, 183"/>' + ask("2"))
    world.begin()
    world.answer(status, "1 OPTIONS")
    assert subjects(world) == ["1", "2"]


@pytest.mark.parametrize(("status", "sent"), [(183, ["1", "2"]), (202, ["1", "2"]), (404, ["1", ""])])
def test_responses_may_be_given_as_an_expression(status: int, sent: list[str]) -> None:
    world = World(ask("1") + '<recv response="^18[0-3]$|^2" regexp_match="true"/>' + ask("2"))
    world.begin()
    world.answer(status, "1 OPTIONS")
    assert subjects(world) == sent


def test_a_request_may_be_given_as_an_expression() -> None:
    world = World('<recv request="MESSAGE|PUBLISH" regexp_match="true"/>' + ask("1"))
    world.begin(outgoing=False)
    world.ask("PUBLISH")
    assert subjects(world) == ["1"]
    world = World('<recv request="MESSAGE|PUBLISH" regexp_match="true"/>' + ask("1"))
    world.begin(outgoing=False)
    world.ask("NOTIFY")
    assert world.counters.failed == 1


def test_an_expression_keeps_its_place_among_other_steps() -> None:
    body = '<recv request="INFO" optional="true" next="a"/><recv request="I.*" regexp_match="true"/>'
    world = World(body + ask("2") + '<label id="a"/>' + ask("1"))
    world.begin(outgoing=False)
    world.ask("INFO")
    assert subjects(world) == ["1"]


def test_optionals_right_before_the_step_are_still_open() -> None:
    body = ask("1") + '<recv response="100" optional="true"/><recv response="180" optional="true" next="w"/>'
    world = World(body + '<recv response="181" optional="true"/><label id="w"/><recv response="200"/>' + ask("2"))
    world.begin()
    world.answer(180, "1 OPTIONS")
    world.answer(181, "1 OPTIONS")
    world.answer(200, "1 OPTIONS")
    assert subjects(world) == ["1", "2"]
    assert world.counters.failed == 0


def test_without_advance_state_an_optional_never_leads_on() -> None:
    world = World(
        ask("1") + '<recv response="180" optional="true" next="e" advance_state="false"/>' + OK + ask("2") + '<label id="e"/>'
    )
    world.begin()
    world.answer(180, "1 OPTIONS")
    world.answer(200, "1 OPTIONS")
    assert subjects(world) == ["1", "2"]


def test_pause_msg_ign_lets_a_pause_pass_undisturbed() -> None:
    world = World(ask("1") + OK + '<pause milliseconds="100"/>' + ask("2"), ignores_in_pause=True)
    world.begin()
    world.answer(200, "1 OPTIONS")
    world.ask("BYE", 4)
    world.pass_ms(100)
    assert subjects(world) == ["1", "2"]


# --- transactions --------------------------------------------------------------------------------------------------------

INVITES = (
    ask("1", 'start_txn="one"', method="INVITE", branch="z9hG4bKone")
    + ask("2", 'start_txn="two"', method="INVITE", branch="z9hG4bKtwo")
    + '<recv response="200" response_txn="two"/>'
    + ask("3", 'ack_txn="two"', method="ACK")
    + '<recv response="200" response_txn="one"/>'
    + ask("4", 'ack_txn="one"', method="ACK")
    + OK.replace("200", "202")
)


def respond(world: World, branch: str, status: int = 200, extra: str = "") -> None:
    world.bring(
        f"SIP/2.0 {status} X",
        f"Via: SIP/2.0/UDP 127.0.0.2;branch={branch}",
        "CSeq: 1 INVITE",
        "To: <sip:b@h>;tag=t",
        *filter(None, [extra]),
    )


def test_a_response_belongs_to_the_transaction_of_its_branch() -> None:
    world = World(INVITES)
    world.begin()
    respond(world, "z9hG4bKtwo")
    respond(world, "z9hG4bKone")
    assert subjects(world) == ["1", "2", "3", "4"]


def test_a_response_to_another_transaction_is_unexpected() -> None:
    world = World(INVITES)
    world.begin()
    respond(world, "z9hG4bKone")
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}


def test_a_late_final_response_gets_the_ack_of_its_transaction() -> None:
    world = World(INVITES)
    world.begin()
    respond(world, "z9hG4bKtwo")
    respond(world, "z9hG4bKtwo", extra="X-Other: bytes")
    assert subjects(world) == ["1", "2", "3", "3"]
    assert world.counters.failed == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ask("1", 'start_txn="a"'), "transaction 'a' has no response"),
        (
            ask("1", 'start_txn="a"', method="INVITE") + '<recv response="200" response_txn="a"/>',
            "is that of an INVITE and has no ACK",
        ),
        (ask("1", 'ack_txn="a"'), "ack_txn is for an ACK"),
        (ask("1", 'start_txn="a"', method="ACK"), "an ACK cannot start a transaction"),
        (
            ask("1", 'start_txn="a"') + '<recv response="200" response_txn="a"/>' + ask("2", 'ack_txn="a"', method="ACK"),
            "is not that of an INVITE and needs no ACK",
        ),
    ],
)
def test_transactions_are_checked(body: str, expected: str) -> None:
    assert any(expected in problem for problem in problems_of(body))
