# SPDX-License-Identifier: AGPL-3.0-or-later
"""[identity] in messages and verifyidentity in actions, from the text of a scenario."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.errors import ScenarioErrors
from engine.messages import Failure
from engine.scenario.program import Unsendable
from engine.scenario.variables import Value
from tests.engine.scenario.helpers import OPTIONS, Call, message, problems_of, program_of, render
from tests.engine.sip.stir.keys import OTHER, OTHER_PUBLIC, RFC_8225_PRIVATE, RFC_8225_PUBLIC, certificate, pem

NOW_S = 1_700_000_000.75
CLOCK: dict[str, Any] = {"wall_clock": lambda: NOW_S}


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of each test holds these keys."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "key.pem": RFC_8225_PRIVATE,
        "public.pem": RFC_8225_PUBLIC,
        "other.pem": OTHER_PUBLIC,
        "certificate.pem": certificate(OTHER),
        "other_key.pem": pem(OTHER),
        "text.pem": b"no key",
    }.items():
        (tmp_path / name).write_bytes(text)


ARGUMENTS = 'attest="A" orig="+1 215-555-1212" dest="sip:+12155551213@b" key="key.pem" x5u="https://c.example/a.cer"'


def signed(arguments: str = ARGUMENTS, call: Call | None = None, before: str = "Identity: ", **facts: Any) -> str:
    """The line that the keyword stands in."""
    rendered = render(f"{before}[identity {arguments}]\nL: 1\n", call, **{**CLOCK, **facts}).decode("latin-1")
    first, _, rest = rendered.partition("\r\n")
    assert rest == "L: 1\r\n\r\n"
    return first


def claims_of(line: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(line.split(".")[1] + "=="))
    return claims


def test_a_header_is_signed() -> None:
    line = signed()
    assert line.startswith("Identity: eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0IiwieDV1Ijo")
    assert line.endswith(';info=<https://c.example/a.cer>;alg=ES256;ppt="shaken"')
    claims = claims_of(line)
    origid = claims.pop("origid")
    assert claims == {"attest": "A", "dest": {"tn": ["12155551213"]}, "iat": 1_700_000_000, "orig": {"tn": "12155551212"}}
    assert (len(origid), origid[14]) == (36, "4")


def test_alone_in_its_line_it_is_the_whole_header() -> None:
    assert claims_of(signed(before=""))["attest"] == "A"
    assert signed(before="").startswith("Identity: ey")
    assert signed(before="y: ").startswith("y: ey")


def test_each_call_has_an_origid_that_a_seed_repeats() -> None:
    first, second = (claims_of(signed(random=Random(1)))["origid"] for _ in range(2))
    assert first == second
    assert claims_of(signed(random=Random(2)))["origid"] != first


def test_arguments_may_hold_keywords() -> None:
    arguments = 'attest=[service] orig="tel:[call_number]" dest="[pid], 7" key=key.pem x5u="http://[remote_host]/[call_number]"'
    line = signed(arguments + " origid=[call_id] iat=[cseq]", service="C")
    claims = {"attest": "C", "dest": {"tn": ["4242", "7"]}, "iat": 3, "orig": {"tn": "7"}, "origid": "7-4242@127.0.0.2"}
    assert claims_of(line) == claims
    assert "info=<http://peer.example/7>" in line


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({'attest="A"': ""}, "[identity] needs attest="),
        ({'attest="A"': 'attest="D"'}, "attest=D is not one of A, B, C"),
        ({'key="key.pem"': ""}, "needs key="),
        ({'key="key.pem"': 'key="none.pem"'}, "cannot read the key none.pem: No such file or directory"),
        ({'key="key.pem"': 'key="."'}, "cannot read the key .: it is a directory"),
        ({'key="key.pem"': 'key="/dev/zero"'}, "cannot read the key /dev/zero: it is no regular file"),
        ({'key="key.pem"': 'key="fifo"'}, "cannot read the key fifo: it is a pipe"),
        ({'key="key.pem"': 'key="large"'}, "cannot read the key large: it is larger than"),
        ({"+1 215-555-1212": "alice"}, "'alice' is neither a telephone number nor a URI"),
        ({"https://c.example/a.cer": "a b"}, "x5u= is no URL"),
        ({'attest="A"': 'attest="A" iat=now'}, "iat= is no number"),
    ],
)
def test_what_is_refused(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    arguments = ARGUMENTS
    for old, new in changes.items():
        assert old in arguments
        arguments = arguments.replace(old, new)
    (problem,) = problems_of(f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n[identity {arguments}]\n\n]]></send>")
    assert problem.startswith("s.xml:5: ")
    assert expected in problem


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("text.pem", "it holds no private key"),
        ("public.pem", "it holds no private key"),
        ("certificate.pem", "it holds no private key"),
    ],
)
def test_a_file_that_is_no_key_is_named_when_the_run_starts(file: str, why: str) -> None:
    """A check does not read it."""
    body = f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n[identity {ARGUMENTS.replace('key.pem', file)}]\n\n]]></send>"
    assert problems_of(body) == []
    with pytest.raises(ScenarioErrors) as caught:
        program_of(body)
    assert f"s.xml:5: cannot use the key {file}: {why}" in str(caught.value)


def test_what_a_call_cannot_claim_is_not_sent() -> None:
    with pytest.raises(Unsendable, match="'alice' is neither"):
        signed(ARGUMENTS.replace("+1 215-555-1212", "[service]"), service="alice")


def test_an_argument_that_there_is_not_is_told() -> None:
    body = f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n[identity {ARGUMENTS} atest=B]\n\n]]></send>"
    (problem,) = problems_of(body)
    assert problem == "s.xml:5: warning: [identity] has no argument atest; it is ignored — did you mean attest?"


# --- verifyidentity ----------------------------------------------------------------------------------------------------


def verified(line: str, attributes: str, names: str = "ok", **facts: Any) -> tuple[dict[str, Value], Call]:
    """What verifyidentity says to an INVITE with this header; all variables by name, and the call."""
    action = f'<verifyidentity assign_to="{names}" {attributes}/>'
    body = f'<recv request="INVITE"><action>{action}</action></recv><Reference variables="{names}"/>'
    program = program_of(body, **{**CLOCK, **facts})
    headers = ("From: <sip:+12155551212@a>;tag=1", "To: <sip:+12155551213@b>")
    call = Call(message=message("INVITE sip:x SIP/2.0", *headers, line).data, variables=[None] * len(names.split(",")))
    program.steps[0].actions[0](call)
    return dict(zip(program.variables, call.variables, strict=True)), call


OTHERS = ARGUMENTS.replace("key.pem", "other_key.pem")


@pytest.mark.parametrize(
    ("signed_with", "attributes", "expected"),
    [
        (ARGUMENTS, 'key="public.pem"', True),
        (ARGUMENTS, 'key="key.pem"', True),
        (ARGUMENTS, 'cert="public.pem"', True),
        (OTHERS, 'cert="certificate.pem"', True),
        (ARGUMENTS, 'cert="certificate.pem"', False),
        (f"{ARGUMENTS} iat=1699999940", 'key="public.pem" max_age="61"', True),
        (f"{ARGUMENTS} iat=1699999939", 'key="public.pem"', False),
        (f"{ARGUMENTS} iat=1699999939", 'key="public.pem" max_age="100"', True),
        (ARGUMENTS, 'key="public.pem" orig="12155551212" dest="tel:+1-215-555-1213"', True),
        (ARGUMENTS, 'key="public.pem" orig="[call_number]"', False),
        (ARGUMENTS, 'key="public.pem" orig="nobody"', False),
        (ARGUMENTS, 'key="public.pem" dest="12155551214"', False),
    ],
)
def test_what_is_believed(signed_with: str, attributes: str, expected: bool) -> None:
    assert verified(signed(signed_with), attributes)[0] == {"ok": expected}


def test_a_second_variable_says_why_not() -> None:
    assert verified("X: 1", 'key="public.pem"', "ok,why")[0] == {"ok": False, "why": b"there is no Identity"}
    assert verified(signed(), 'key="public.pem"', "ok,why")[0] == {"ok": True, "why": b""}
    assert verified(signed(), 'key="public.pem" orig="x"', "ok,why")[0]["why"] == (
        b"orig: 'x' is neither a telephone number nor a URI"
    )


def test_a_check_fails_the_call() -> None:
    _, call = verified("X: 1", 'key="public.pem" check_it="true"')
    assert call.failures == [(Failure.TEST_DOES_NOT_MATCH, "verifyidentity: there is no Identity")]
    _, call = verified(signed(), 'key="public.pem" check_it="true"')
    assert call.failures == []
    _, call = verified(signed(), 'key="public.pem" check_it_inverse="true"')
    assert call.failures == [(Failure.TEST_SHOULD_NOT_MATCH, "verifyidentity should have failed")]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('key="public.pem"', "needs assign_to="),
        ('assign_to="v"', "needs cert= or key="),
        ('assign_to="v" cert="public.pem" key="public.pem"', "has both cert and key"),
        ('assign_to="v" cert="none.pem"', "cannot read the key none.pem"),
        ('assign_to="v" key="public.pem" max_age="-1"', "max_age= is below 0"),
        ('assign_to="v" key="public.pem" max_age="x"', "is no number"),
        ('assign_to="v,w,x" key="public.pem"', "two results at most"),
        ('key="public.pem" check_it="true" check_it_inverse="true"', "keep one"),
    ],
)
def test_what_verifyidentity_needs(attributes: str, expected: str) -> None:
    problems = problems_of(
        f'{OPTIONS}<nop><action>\n<verifyidentity {attributes}/></action></nop><Reference variables="v,w,x"/>'
    )
    assert any(expected in problem for problem in problems)


def test_no_assign_to_is_needed_where_it_is_only_checked() -> None:
    body = f'{OPTIONS}<nop><action><verifyidentity key="public.pem" check_it="true"/></action></nop>'
    assert problems_of(body) == []
    call = Call()
    program_of(body).steps[1].actions[0](call)
    assert [failure for failure, _ in call.failures] == [Failure.TEST_DOES_NOT_MATCH]
