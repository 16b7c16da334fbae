# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever stands in a file: a scenario or its problems, and what was checked can be compiled and rendered."""

from __future__ import annotations

import contextlib
from itertools import chain

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.errors import ScenarioErrors
from engine.scenario.actions import ACTIONS
from engine.scenario.attributes import OF_ELEMENT
from engine.scenario.compile import compile_program
from engine.scenario.document import decode
from engine.scenario.library import read_source
from engine.scenario.load import load_scenario, read_scenario
from engine.scenario.program import RunFacts, SendStep, Unsendable
from engine.sip.authentication import Authentication
from tests.engine.scenario.helpers import FACTS, REPLY, Call, render, scenario_bytes

UAC = read_source("uac")[1]

PIECES = r"""
    <send> </send> <send/> <recv <![CDATA[ ]]> <!-- --> response= request= " ' > /> 200 INVITE next= test= <label id= <nop>
    <action> </action> <ereg regexp= assign_to= <log message= <?xml ?> <!DOCTYPE [ ] & &amp; \ \x5b SIP/2.0
    [len] [$v] [last_To:]
"""
WORDS = r"""
    [ ] [len] [len+1] [$v] [last_To:] [last_No:] [cseq+1] [field0] [::1] [[call_id]] a : % %d \x5b \x é = "
"""
SPACED_WORDS = [" ", "\t", "\n", "\n\n", "\x7f", "[media_port]", "[fill variable=v]", "[authentication username=[$v]]"]
any_piece = st.sampled_from(PIECES.split())
any_word = st.sampled_from(WORDS.split() + SPACED_WORDS)


def compile_and_render(data: bytes) -> None:
    """Whatever loads is compiled; whatever compiles is rendered."""
    try:
        scenario = load_scenario("s.xml", data)
        program = compile_program(scenario, RunFacts(**FACTS))
    except ScenarioErrors:
        return
    challenge = Authentication(401, [b'Digest realm="r", nonce="n", qop="auth-int"'])
    for call in (Call(), Call(last=REPLY, message=REPLY.data, authentication=challenge)):
        call.variables = [None] * len(program.variables)
        for step in program.steps:
            for action in step.actions:
                action(call)
            if isinstance(step, SendStep):
                with contextlib.suppress(Unsendable):
                    assert isinstance(step.render(call), bytes)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    compile_and_render(data)


@given(st.lists(any_piece, max_size=40).map(" ".join))
def test_any_pieces_of_a_scenario(body: str) -> None:
    compile_and_render(scenario_bytes(body))


@settings(max_examples=200)
@given(st.integers(0, len(UAC)), st.integers(0, 60), st.binary(max_size=5))
def test_a_damaged_scenario(start: int, length: int, instead: bytes) -> None:
    compile_and_render(UAC[:start] + instead + UAC[start + length :])


@given(st.lists(any_word, max_size=30).map("".join))
def test_any_message(text: str) -> None:
    action = '<action><assignstr assign_to="v" value="a"/></action>'
    body = f"<send><![CDATA[OPTIONS sip:x SIP/2.0\n{text}]]>{action}</send><Reference variables='v'/>"
    compile_and_render(scenario_bytes(body))


@given(st.text(alphabet="a\n\r\t \x1b\x7f\x85é[]\\", min_size=1, max_size=9))
def test_a_problem_is_one_line_without_control_characters(text: str) -> None:
    body = f'<recv response="{text}" next="{text}" {text}="1"/><send><![CDATA[X y\nA: [a{text}]\n]]></send>'
    problems = read_scenario("s.xml", scenario_bytes(body))[1]
    assert problems
    assert all(str(problem).isprintable() for problem in problems)


@given(st.lists(any_word, max_size=10).map("".join), st.integers(0, 5))
def test_lines_of_problems_are_those_of_the_file(text: str, blank: int) -> None:
    body = f"<send>{chr(10) * blank}<![CDATA[\n\nOPTIONS sip:x SIP/2.0\n{text}\nA: [nonsense]\n\n]]></send>"
    data = scenario_bytes(body)
    lines = decode(data).split("\n")
    found = [problem for problem in read_scenario("s.xml", data)[1] if "[nonsense]" in problem.message]
    assert ["[nonsense]" in lines[problem.line - 1] for problem in found] == [True]


TAGS = [*OF_ELEMENT, *ACTIONS, "label", "foo", "{urn:x}send"]
ATTRIBUTES = sorted(
    {*chain.from_iterable(OF_ELEMENT.values()), *chain.from_iterable(kind.attributes for kind in ACTIONS.values()), "x"}
)
VALUES_OF_ATTRIBUTES = [
    "",
    "1",
    "-1",
    "1e308",
    "true",
    "200,183",
    "a",
    "a,b",
    "[call_id]",
    "[$a]",
    "(a",
    "[",
    "<",
    '"',
    "\n",
    "é",
    "\U0001f600",
    "9" * 5000,
    "1e999",
    "nan",
    "\\",
    "a" * 3000,
]
xml_text = st.one_of(
    st.sampled_from(["", "\n", "OPTIONS sip:x SIP/2.0\n[$a]", "\U0001f600", "&", "<"]), st.text("a[]\n &<é", max_size=9)
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    """An element with any attributes and children, as lxml writes it."""
    element = etree.Element(draw(st.sampled_from(TAGS)))
    for name in draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=5)):
        element.set(name, draw(st.sampled_from(VALUES_OF_ATTRIBUTES)))
    text = draw(xml_text)
    element.text = etree.CDATA(text) if draw(st.booleans()) else text
    for child in draw(st.lists(elements(depth - 1), max_size=3)) if depth else ():
        element.append(child)
    element.tail = draw(xml_text)
    return element


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(elements(), max_size=5), st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "us-ascii"]))
def test_no_xml_makes_the_loader_raise_anything_but_its_own_error(children: list[etree._Element], encoding: str) -> None:
    root = etree.Element("scenario", name="x")
    root.extend(children)
    data = etree.tostring(root, encoding=encoding, xml_declaration=True)
    etree.fromstring(data)
    with contextlib.suppress(ScenarioErrors):
        load_scenario("s.xml", data)


VALUES = st.binary(max_size=40).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
HEADER_WORDS = [
    "[call_id]",
    "[$v]",
    "[last_To:]",
    "[last_No:]",
    "[cseq+1]",
    "[routes]",
    "[peer_tag_param]",
    "a",
    ":",
    " ",
    "%",
    "é",
    "[branch]",
]
header_line = st.lists(st.sampled_from(HEADER_WORDS), min_size=1, max_size=6).map("".join)


@settings(max_examples=300)
@given(st.lists(header_line, max_size=6), st.lists(st.one_of(st.just(""), header_line), max_size=6), VALUES)
def test_lines_end_in_crlf_and_the_length_is_that_of_the_body(headers: list[str], body: list[str], value: bytes) -> None:
    text = "\n".join(["OPTIONS sip:x SIP/2.0", *(f"X{line}" for line in headers), "Content-Length: [len]", "", *body])
    scenario = f'<send><![CDATA[\n{text}\n]]></send><nop><action><assignstr assign_to="v" value="x"/></action></nop>'
    program = compile_program(
        load_scenario("s.xml", scenario_bytes(scenario + '<Reference variables="v"/>')), RunFacts(**FACTS)
    )
    step = program.steps[0]
    assert isinstance(step, SendStep)
    rendered = step.render(Call(last=REPLY, message=REPLY.data, variables=[value for _ in program.variables]))
    assert b"\n" not in rendered.replace(b"\r\n", b"")
    assert b"\r" not in rendered.replace(b"\r\n", b"")
    head, blank, rest = rendered.partition(b"\r\n\r\n")
    assert blank
    assert int(head.rpartition(b"Content-Length:")[2]) == len(rest)


behind = st.lists(
    st.sampled_from(["[last_Gone:]", "[last_To:]", "[routes]", "[$v]", "[last_Gone:][$v]", "X: [$v][next_url]"]), max_size=3
)


@settings(max_examples=300)
@given(behind, st.lists(st.sampled_from(["", "a", "[call_id]", "[last_Gone:]"]), max_size=4), VALUES, st.booleans())
def test_the_length_is_that_of_the_body_whatever_follows_it(
    headers: list[str], body: list[str], value: bytes, received: bool
) -> None:
    """Where there is a body. Where there is none [len] writes over what is behind it, as in SIPp; `test_template` says how."""
    text = "\n".join(["Content-Length: [len]", *headers, "Z: 1", "", "a body", *body])
    known = '<Reference variables="v"/><nop><action><assignstr assign_to="v" value="x"/></action></nop>'
    rendered = render(text, Call(last=REPLY if received else None, variables=[value]), before=known)
    assert b"\n" not in rendered.replace(b"\r\n", b"")
    assert b"\r" not in rendered.replace(b"\r\n", b"")
    head, blank, rest = rendered.partition(b"\r\n\r\n")
    assert blank
    assert int(head.partition(b"\r\n")[0].removeprefix(b"Content-Length:")) == len(rest)
