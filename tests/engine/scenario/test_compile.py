# SPDX-License-Identifier: AGPL-3.0-or-later
"""From checked scenarios to programs: steps, jumps, timers, Call-IDs and the default messages."""

from __future__ import annotations

import pytest

from engine.messages import Role
from engine.scenario.compile import compile_program
from engine.scenario.library import read_source
from engine.scenario.load import load_scenario
from engine.scenario.program import NopStep, PauseStep, Program, RecvStep, RunFacts, SendStep, Step
from tests.engine.scenario.helpers import FACTS, OPTIONS, Call, message, program_of

MS = 1_000_000


def send(method: str, attributes: str = "") -> str:
    return f"<send {attributes}><![CDATA[{method} sip:x SIP/2.0\n\n]]></send>"


def step_of(body: str, **facts: object) -> Step:
    return program_of(OPTIONS + body, **facts).steps[1]


def test_steps_of_the_built_in_caller() -> None:
    program = compile_program(load_scenario(*read_source("uac")), RunFacts(**FACTS))
    assert [type(step) for step in program.steps] == [SendStep, *[RecvStep] * 4, SendStep, PauseStep, SendStep, RecvStep]
    assert program.role is Role.UAC
    assert program.timers == ("1",)
    assert program.response_bounds_ms == (10, 20, 30, 40, 50, 100, 150, 200)
    assert program.call_length_bounds_ms == (10, 50, 100, 500, 1000, 5000, 10000)
    assert [step.index for step in program.steps] == list(range(9))
    assert [step.stops for step in program.steps] == [(), (), (), (), (0,), (), (), (), ()]


def test_send() -> None:
    step = step_of(
        send("INFO", 'retrans="250" lost="10" timeout="5" ontimeout="a" start_rtd="b"') + '<label id="a"/><nop rtd="b"/>'
    )
    assert isinstance(step, SendStep)
    assert (step.method, step.raises_cseq, step.retransmit_ns, step.lost) == (b"INFO", True, 250 * MS, 0.1)
    assert (step.timeout_ns, step.on_timeout, step.starts) == (5 * MS, 2, (0,))


@pytest.mark.parametrize(
    ("method", "raises"), [("ACK", False), ("CANCEL", False), ("BYE", True), ("PRACK", True), ("options", True)]
)
def test_which_requests_raise_the_cseq(method: str, raises: bool) -> None:
    step = step_of(send(method))
    assert isinstance(step, SendStep)
    assert (step.method, step.raises_cseq) == (method.encode(), raises)


def test_a_response_has_no_method() -> None:
    step = step_of("<send><![CDATA[SIP/2.0 200 OK\n\n]]></send>")
    assert isinstance(step, SendStep)
    assert (step.method, step.raises_cseq) == (b"", False)


def test_nothing_is_retransmitted_where_it_need_not_be() -> None:
    step = step_of(send("INFO", 'retrans="500"'), retransmits=False)
    assert isinstance(step, SendStep)
    assert step.retransmit_ns == 0


def test_recv() -> None:
    program = program_of(
        OPTIONS + '<recv response="180" optional="true" rrs="true"/><recv response="200" timeout="7" lost="1"/>'
        f'{send("BYE")}<recv request="INFO"/><recv response="202" optional="global"/><recv response="200"/>',
        recv_timeout_ns=9 * MS,
        lost=50.0,
    )
    steps = [step for step in program.steps if isinstance(step, RecvStep)]
    assert [(step.statuses, step.method) for step in steps] == [
        ((180,), b""),
        ((200,), b""),
        ((), b"INFO"),
        ((202,), b""),
        ((200,), b""),
    ]
    assert [step.timeout_ns for step in steps] == [9 * MS, 7 * MS, 9 * MS, 9 * MS, 9 * MS]
    assert [step.lost for step in steps] == [0.5, 0.01, 0.5, 0.5, 0.5]
    assert [step.cseq_methods for step in steps] == [frozenset({b"OPTIONS"})] * 2 + [frozenset({b"OPTIONS", b"BYE"})] * 3
    assert [step.optional for step in steps] == [True, False, False, True, False]
    assert [step.is_global for step in steps] == [False, False, False, True, False]
    assert steps[0].record_routes


def test_an_optional_that_closes_the_scenario_ends_the_call() -> None:
    assert step_of('<recv response="200" optional="true"/>').next == 2
    assert step_of('<recv response="200" optional="true"/><recv response="202"/>').next is None
    assert step_of('<recv response="200"/>').next is None


@pytest.mark.parametrize(
    ("body", "duration_ns", "timewait"),
    [
        ("<pause/>", 40 * MS, False),
        ('<pause milliseconds="2.5"/>', 2_500_000, False),
        ('<pause milliseconds="-1"/>', 0, False),
        ('<pause milliseconds=""/>', 0, False),
        ("<timewait/>", 40 * MS, True),
        ('<timewait milliseconds="4000"/>', 4000 * MS, True),
    ],
)
def test_pauses(body: str, duration_ns: int, timewait: bool) -> None:
    step = step_of(body, pause_ns=40 * MS)
    assert isinstance(step, PauseStep)
    assert (step.duration_ns, step.timewait) == (duration_ns, timewait)


def test_jumps_are_indices_and_labels_are_no_steps() -> None:
    program = program_of(
        '<label id="start"/>' + OPTIONS + '<label id="mid"/><label id="also"/><nop next="end" test="v" counter="c"><action>'
        '<assignstr assign_to="v" value="1"/></action></nop><nop next="start"/><nop next="also" counter="d"/><label id="end"/>'
    )
    assert [type(step) for step in program.steps] == [SendStep, NopStep, NopStep, NopStep]
    assert [(step.next, step.test.index if step.test else None, step.counter) for step in program.steps] == [
        (None, None, None),
        (4, 0, 0),
        (0, None, None),
        (1, None, 1),
    ]
    assert program.counters == ("c", "d")
    assert [len(step.actions) for step in program.steps] == [0, 1, 0, 0]


def test_branches_in_messages_and_actions() -> None:
    program = program_of(
        OPTIONS + '<nop><action><assignstr assign_to="v" value="[branch] [branch-1]"/></action></nop>'
        "<send><![CDATA[INFO sip:x SIP/2.0\nB: [branch] [$v]\n\n]]></send>"
    )
    call = Call(variables=[None])
    program.steps[1].actions[0](call)
    step = program.steps[2]
    assert isinstance(step, SendStep)
    assert b"B: z9hG4bK-4242-7-2 z9hG4bK-4242-7-0 z9hG4bK-4242-7--1\r\n" in step.render(call)


def dialog(steps: str = "") -> tuple[Program, Call]:
    program = program_of("<pause/>" + OPTIONS.replace("OPTIONS", "INVITE") + '<pause/><recv response="200"/>' + steps)
    reply = message(
        "SIP/2.0 183 Ring", "Via: v", 'From: "Me" <sip:me@a>;tag=f', "To: You <sip:you@b;x=y>;tag=t", "CSeq: 5 INVITE"
    )
    return program, Call(last=reply, step_index=3)


def lines(data: bytes) -> list[str]:
    return data.decode().split("\r\n")


HEAD = [
    'From: "Me" <sip:me@a>;tag=f',
    "To: You <sip:you@b;x=y>;tag=t",
    "Call-ID: 7-4242@127.0.0.2",
]
CONTACT = "Contact: <sip:sipp@127.0.0.2:5062;transport=UDP>"


def test_default_ack() -> None:
    program, call = dialog()
    assert lines(program.defaults.ack(call)) == [
        "ACK sip:you@b;x=y SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.2:5062;branch=z9hG4bK-4242-7-1",
        *HEAD,
        "CSeq: 5 ACK",
        CONTACT,
        "Max-Forwards: 70",
        "Subject: Performance Test",
        "Content-Length: 0",
        "",
        "",
    ]


@pytest.mark.parametrize(("name", "cseq", "branch"), [("bye", "6 BYE", "-1"), ("cancel", "5 CANCEL", "1")])
def test_default_bye_and_cancel(name: str, cseq: str, branch: str) -> None:
    program, call = dialog()
    assert lines(getattr(program.defaults, name)(call)) == [
        f"{name.upper()} sip:you@b;x=y SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.2:5062;branch=z9hG4bK-4242-7-{branch}",
        *HEAD,
        f"CSeq: {cseq}",
        "Max-Forwards: 70",
        CONTACT,
        "Content-Length: 0",
        "",
        "",
    ]


def test_default_200() -> None:
    program, call = dialog()
    call.last = message("BYE sip:x SIP/2.0", "Via: a", "Via: b", "From: f", "To: t", "CSeq: 2 BYE", "Record-Route: <r>")
    assert lines(program.defaults.ok200(call)) == [
        "SIP/2.0 200 OK",
        "Via: a, b",
        "From: f",
        "To: t",
        "Call-ID: 1@peer",
        "CSeq: 2 BYE",
        "Contact: <sip:127.0.0.2:5062;transport=UDP>",
        "Content-Length: 0",
        "",
        "",
    ]


def test_the_cancel_belongs_to_the_last_request_before_the_step() -> None:
    program, call = dialog(send("ACK") + send("INFO") + '<recv response="200"/>')
    for index, branch in [(0, 0), (1, 0), (2, 1), (4, 1), (5, 1), (6, 5), (7, 5)]:
        call.step_index = index
        assert f"branch=z9hG4bK-4242-7-{branch}\r\n".encode() in program.defaults.cancel(call)
