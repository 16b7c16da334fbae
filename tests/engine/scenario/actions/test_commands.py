# SPDX-License-Identifier: AGPL-3.0-or-later
"""The action `exec`: what it hands on, what is refused, and what is doubtful."""

from __future__ import annotations

import pytest

from engine.scenario.program import RunAborted
from tests.engine.scenario.helpers import OPTIONS, REPLY, Call, problems_of, program_of


def in_nop(attributes: str) -> str:
    return f"<nop><action>\n<exec {attributes}/></action></nop>"


def in_recv(attributes: str) -> str:
    return f'<recv response="200"><action>\n<exec {attributes}/></action></recv>'


def act(attributes: str) -> Call:
    """A call after the action."""
    call = Call(last=REPLY)
    program_of(OPTIONS + in_recv(attributes)).steps[1].actions[0](call)
    return call


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('command="echo [call_number] &gt;&gt; x"', "echo [call_number] >> x: echo 7 >> x"),
        ('command="echo [cseq]"', "echo [cseq]: echo 3"),
        ('int_cmd="stop_call"', "stop_call"),
        ('int_cmd="stop_gracefully"', "end_run"),
        ('int_cmd="stop_now" command="ls"', "ls: ls"),
        ('int_cmd="stop_foo"', "stop_call"),
    ],
)
def test_what_is_handed_on(attributes: str, expected: str) -> None:
    assert act(attributes).logs == [expected]


def test_the_run_is_stopped_without_an_error() -> None:
    with pytest.raises(RunAborted, match=r"^$"):
        act('int_cmd="stop_now"')


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", "exec names nothing to do — it has one of command, int_cmd, rtp_stream, "),
        ('command=" "', "exec: command= is empty"),
        ('command="[foo]"', "unknown keyword [foo]"),
    ],
)
def test_what_is_refused(attributes: str, expected: str) -> None:
    (problem,) = problems_of(OPTIONS + in_nop(attributes))
    assert problem.startswith(f"s.xml:9: {expected}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (in_nop('int_cmd="stop_call"'), "stop_call stops no call in a <nop>, as in SIPp; only in a <recv>"),
        (in_recv('int_cmd="stop_nov"'), 'int_cmd="stop_nov" is not known and counts as stop_call, as in SIPp — did you'),
        (
            in_recv('command="echo [last_From] >>from.txt"'),
            "exec: what the peer sends for [last_From] is read by the shell, commands in it are run",
        ),
        (
            in_recv('rtp_stream="[last_Subject].wav"'),
            "exec: what the peer sends for [last_Subject] names the file that is sent to it, which may be any",
        ),
        (
            in_recv('rtp_record="start,[last_Subject].wav"'),
            "exec: what the peer sends for [last_Subject] names the file that is written, which may be any",
        ),
        (in_recv('int_cmd="x"'), "it is one of stop_call, stop_gracefully, stop_now"),
    ],
)
def test_what_is_doubtful(body: str, expected: str) -> None:
    (problem,) = problems_of(OPTIONS + body)
    assert "s.xml:9: warning: " in problem
    assert expected in problem


@pytest.mark.parametrize("body", [in_recv('int_cmd="stop_call"'), in_nop('int_cmd="stop_now"'), in_nop('command="ls"')])
def test_what_is_sound(body: str) -> None:
    assert problems_of(OPTIONS + body) == []
