# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is refused, what is only warned of, and where: file, line, what it is, a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ScenarioErrors
from engine.messages import Role
from engine.scenario.load import load_scenario, read_scenario
from engine.scenario.model import Recv, Send
from tests.engine.scenario.helpers import OPTIONS, problems_of, scenario_bytes

FILES = Path(__file__).parent / "files"
SECOND = OPTIONS.replace("<send", "<send  ")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<foo/>", "8: unknown element <foo>"),
        ("<paus/>", "8: unknown element <paus> — did you mean <pause>?"),
        ("<RECV response='200'/>", "8: unknown element <RECV>"),
        ("<recvCmd src='a' timeout='5'/>", "8: <recvCmd> (3PCC) is not built yet"),
        ("<sendCmd dest='a'><![CDATA[Call-ID: [call_id]]]></sendCmd>", "8: <sendCmd> (3PCC) is not built yet"),
        ("<?foo bar?>", "8: '<' begins no tag here"),
        ("<send/>", "8: <send> holds no message — write it as <![CDATA["),
        ("<send>\nINVITE\n</send>", "8: <send> holds no message"),
        ("<send><![CDATA[ \n ]]></send>", "9: the message begins neither with a method nor with SIP/2.0"),
        ("<send>\n<![CDATA[\n\n[service] sip:x SIP/2.0\n\n]]></send>", "11: the message begins neither with a method"),
        ("<send><![CDATA[SIP/2.0 abc\n\n]]></send>", "8: the message begins neither with a method"),
        ("<recv/>", "8: <recv> has neither response nor request"),
        ('<recv\n response="200"\n request="BYE"/>', "8: <recv> has both response and request"),
        ('<recv response="2.."/>', '8: response="2.." is no status code'),
        ('<recv response="42"/>', '8: response="42" is no status code'),
        ('<recv request=""/>', '8: request="" is no method'),
        ('<recv response="200" optional="maybe"/>', '8: optional="maybe" is not known — it is true, false or global'),
        ('<recv response="200" rrs="yes"/>', '8: rrs="yes" is neither true nor false'),
        ('<recv response="200" timeout="1s"/>', '8: timeout="1s" is no whole number'),
        ('<recv response="401" auth="yes"/>', '8: auth="yes" is neither true nor false'),
        (
            '<recv response="200" chance="1.5"/>',
            '8: chance="1.5" is no probability — a number from 0 (never) to 1 (always)',
        ),
        ('<recv response="[" regexp_match="true"/>', "8: '[' is no regular expression"),
        ('<recv response="7.." regexp_match="true"/>', '8: response="7.." matches no status code'),
        ('<recv response="200,42"/>', '8: response="42" is no status code'),
        ('<recv response="200" advance_state="false"/>', "8: advance_state is for an optional <recv>"),
        ('<recv request="(" regexp_match="true"/>', "8: '(' is no regular expression"),
        ('<recv response="200" response_txn="a,b"/>', '8: response_txn="a,b" is no name of a transaction'),
        ('<recv response="200" response_txn="a"/>', "8: transaction 'a' is never started"),
        ('<nop><action><jump value="9"/></action></nop>', "8: jump leads out of the scenario, which has 2 steps"),
        ("<nop><action><jump/></action></nop>", "8: jump needs either value= or variable="),
        ('<pause milliseconds="abc"/>', '8: milliseconds="abc" is no number'),
        ('<recv response="200" lost="many"/>', '8: lost="many" is no number'),
        ('<recv response="200" next="9"/>', '8: next="9": there is no such label — add a <label>'),
        (
            '<recv response="200" ontimeout="on"/><label id="one"/>',
            '8: ontimeout="on": there is no such label — did you mean one?',
        ),
        ("<label/>", "8: <label> needs id="),
        ('<label id="1"/>\n<label id="1"/>', "9: label '1' stands here a second time"),
        ("<Reference/>", "8: <Reference> needs variables="),
        ('<Reference variables="v"/>', "8: Reference names $v, which is never used"),
        ("<Global/>", "8: <Global> needs variables="),
        ('<init>\n<recv response="200"/></init>', "9: <recv> has no place in <init> — it holds <nop>, <pause> and <label>"),
        ("<init><recvCmd/></init>", "8: <recvCmd> (3PCC) is not built yet"),
        ('<init><nop next="main"/></init><label id="main"/>', '8: next="main": there is no such label'),
        ('<init><label id="a"/>\n<label id="a"/></init>', "9: label 'a' stands here a second time"),
        ("<DefaultMessage><![CDATA[BYE sip:x SIP/2.0]]></DefaultMessage>", "8: <DefaultMessage> needs id="),
        (
            '<DefaultMessage id="by"><![CDATA[BYE sip:x SIP/2.0]]></DefaultMessage>',
            '8: id="by" is no default message — did you mean bye?',
        ),
        (
            '<DefaultMessage id="x"><![CDATA[BYE sip:x SIP/2.0]]></DefaultMessage>',
            '8: id="x" is no default message — they are 3pcc_abort, ack, ack2, bye, cancel, 200',
        ),
        ('<DefaultMessage id="bye"/>', "8: <DefaultMessage> holds no message — write it as <![CDATA["),
        ('<DefaultMessage id="bye"><![CDATA[nothing]]></DefaultMessage>', "8: the message begins neither with a method"),
        (
            '<DefaultMessage id="bye"><![CDATA[\nBYE sip:x SIP/2.0\nA: [locl_ip]]]></DefaultMessage>',
            "10: unknown keyword [locl_ip] — did you mean [local_ip]?",
        ),
        ('<Global variables="a"/>', '8: <Global> names $a, which is never used — or name it in <Reference variables="a"/>'),
        ('<User variables="u"/>', "8: <User> names $u, which is never used"),
        ('<ResponseTimeRepartition value="10, x"/>', '8: value="10, x" is no list of milliseconds'),
        ("<CallLengthRepartition/>", "8: <CallLengthRepartition> needs value="),
        ('<recv response="200" start_rtd="a"/>', "8: timer 'a' is started here and never stopped — stop it with rtd=\"a\""),
        ('<recv response="200" repeat_rtd="true"/>', "8: repeat_rtd without rtd"),
        ('<recv response="200" counter=""/>', "8: counter= names no counter"),
        ('<recv response="100" optional="true"/>\n<pause/>', "8: an optional <recv> stands before <pause> in line 9"),
        ('<timewait/>\n<recv response="200"/>', "8: <timewait> stands before other steps"),
        ('<recv response="200" next="a" test="v"/><label id="a"/>', "8: variable $v is used only here"),
        ("<nop><action>\n<foo/></action></nop>", "9: unknown action <foo>"),
        ("<nop><action>\n<erge/></action></nop>", "9: unknown action <erge> — did you mean <ereg>?"),
        ("<nop><action>\n<rtp_stream/></action></nop>", "9: unknown action <rtp_stream>"),
        ("<nop><action><log/></action></nop>", "8: log needs message="),
        ('<nop><action><log message="[locl_ip]"/></action></nop>', "8: unknown keyword [locl_ip] — did you mean [local_ip]?"),
    ],
)
def test_what_is_refused(body: str, expected: str) -> None:
    found = problems_of(OPTIONS + body)
    assert len(found) == 1
    assert found[0].startswith(f"s.xml:{expected}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<recv response="200" foo="1"/>', "8: warning: <recv> has no attribute foo; it is ignored"),
        (
            '<recv respnse="1" response="200"/>',
            "8: warning: <recv> has no attribute respnse; it is ignored — did you mean response?",
        ),
        ('<recv response="200" retrans="5"/>', "8: warning: <recv> has no attribute retrans; it is ignored"),
        ('<recv response="200" display="<b>"/>', "8: warning: '<' in attribute display: SIPp 3.6 refuses it"),
        ('<recv response="200"optional="true"/>', "8: warning: no space stands before optional=; it is ignored"),
        ('<recv response="200" response="404"/>', "8: warning: attribute response stands here twice; the first counts"),
        ('<recv response="200"><foo/></recv>', "8: warning: <foo> has no place in <recv>; it is ignored"),
        ("<nop><action/>\n<action/></nop>", "9: warning: a second <action> in one <nop> is ignored, as in SIPp"),
        (
            '<nop><action>\n<ereg regexp="a" seach_in="hdr" assign_to="v,v"/></action></nop>',
            "9: warning: <ereg> has no attribute seach_in; it is ignored — did you mean search_in?",
        ),
    ],
)
def test_what_is_only_warned_of(body: str, expected: str) -> None:
    assert [problem[: len(expected) + 6] for problem in problems_of(OPTIONS + body)] == [f"s.xml:{expected}"]
    assert len(load_scenario("s.xml", scenario_bytes(OPTIONS + body)).warnings) == 1


@pytest.mark.parametrize(
    "body",
    [
        "text between",
        '<nop><action><log message="from [media_port] and [auto_media_port+2]"/></action></nop>',
        '<recv response = "200"  crlf="yes"/>',
        '<recv response="200" display="a&b>&amp;"/>',
        '<recv response="100" optional="true"/>',
        '<recv response="100" optional="true"/><label id="1"/><recv response="200"/>',
        '<pause milliseconds="-5.5"/>',
        '<recv response="200" rtd="false"/>',
        '<recv response="200" timeout=""/>',
        "<!-- a -- b --- -->",
        '<recv response="200"><![CDATA[x]]></recv>',
        '<timewait milliseconds="5"/><ResponseTimeRepartition value="10, 20"/>',
    ],
)
def test_what_sipp_takes_we_take(body: str) -> None:
    assert problems_of(OPTIONS + body) == []


def test_all_problems_at_once_by_line() -> None:
    found = problems_of(
        '<recv/>\n<foo/>\n<send><![CDATA[\nX [one_a] [two_b]\nY: [three_c]\n\n]]></send>\n<recv response="200" next="8"/>\n'
    )
    assert [problem.split(":")[1] for problem in found] == ["3", "4", "6", "6", "7", "10"]
    with pytest.raises(ScenarioErrors) as caught:
        load_scenario("s.xml", scenario_bytes("<foo/>\n<bar/>\n" + OPTIONS))
    assert [problem.line for problem in caught.value.problems] == [3, 4]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "s.xml: the file is empty"),
        (b" \n\t\n", "s.xml: the file is empty"),
        (b"junk", "s.xml:1: there is no element in this file"),
        (b"\x01\x02", "s.xml:1: there is no element in this file"),
        (b"\xff\xfe\x00", "s.xml:1: there is no element in this file"),
        (b"<foo/>", "s.xml:1: <foo> is no scenario"),
        (b"<scenario/>", "s.xml: the scenario has no steps"),
        (b"<scenario><nop/></scenario>", "s.xml: the scenario sends and receives nothing"),
        (b"<scenario>\n<recv></send>\n</scenario>", "s.xml:2: </send> stands where </recv> is due"),
        (b"<scenario>\n<recv response='200/>\n</scenario>", "s.xml:2: the value of response never ends"),
    ],
)
def test_what_is_no_scenario_is_one_problem(data: bytes, expected: str) -> None:
    found = problems_of(data)
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize("data", [b"<scenario>", b"\xef\xbb\xbf<?xml version='1.0'?>\n<scenario>", b"\n\n<scenario>"])
def test_a_declaration_is_not_needed(data: bytes) -> None:
    assert problems_of(data + OPTIONS.encode() + b"</scenario>\n<!-- the end -->\n") == []


def test_what_follows_the_scenario_is_warned_of() -> None:
    found = problems_of(scenario_bytes(OPTIONS) + b"\n<!-- note -->\njunk <a")
    assert found == ["s.xml:11: warning: what follows </scenario> is ignored"]


def test_line_ends_of_any_kind_count_alike() -> None:
    data = scenario_bytes(OPTIONS + "\n<foo/>").replace(b"\n", b"\r\n")
    assert problems_of(data) == ["s.xml:9: unknown element <foo>"]


def test_the_first_cdata_of_a_send_is_the_message() -> None:
    actions = "<action><log message='x'/></action>"
    body = f"<send>\n<!-- <![CDATA[no]]> -->\n{actions}<![CDATA[INFO sip:x SIP/2.0\n]]><![CDATA[BYE]]></send>"
    step = load_scenario("s.xml", scenario_bytes(body)).steps[0]
    assert isinstance(step, Send)
    assert (step.method, step.text, step.message.line) == ("INFO", "INFO sip:x SIP/2.0\n\n", 5)
    assert [action.name for action in step.actions] == ["log"]


@pytest.mark.parametrize(
    ("body", "role"),
    [
        (OPTIONS, Role.UAC),
        ('<nop/><pause/><label id="1"/>' + OPTIONS, Role.UAC),
        ('<recv request="INVITE"/>' + OPTIONS, Role.UAS),
        ('<nop/><recv request="INVITE"/>' + OPTIONS, Role.UAS),
    ],
)
def test_the_first_message_decides_the_role(body: str, role: Role) -> None:
    assert load_scenario("s.xml", scenario_bytes(body)).role is role


def test_attributes_have_sipps_escapes_and_entities_only() -> None:
    body = r'<recv response="200" display="\n\t\\\"\x41\q &lt;&gt;&quot;&amp;&apos;&#65;&nbsp;" counter="a' + '\n  b"/><foo/>'
    scenario, problems = read_scenario("s.xml", scenario_bytes(OPTIONS + body))
    step = scenario.steps[1]
    assert step.display == '\n\t\\"\\x41\\q <>"&&apos;&#65;&nbsp;'
    assert step.counter == "a\n  b"
    assert [problem.line for problem in problems] == [9]


def test_bytes_reach_the_message_whatever_the_encoding_says() -> None:
    body = "<send><![CDATA[OPTIONS sip:x SIP/2.0\nA: \xe9 \xc3\xa9 \x80\n]]></send>"
    step = load_scenario("s.xml", scenario_bytes(body)).steps[0]
    assert isinstance(step, Send)
    assert step.text.encode("latin-1").splitlines()[1] == b"A: \xe9 \xc3\xa9 \x80"


def test_no_entity_is_read_or_expanded() -> None:
    data = (FILES / "entities.xml").read_bytes()
    step = load_scenario("s.xml", data).steps[0]
    assert isinstance(step, Send)
    assert "A: &bomb; &file;\n" in step.text
    assert step.display == "&bomb;&file;"


def test_the_dtd_is_not_fetched() -> None:
    data = (FILES / "dtd.xml").read_bytes()
    assert problems_of(data) == []


@pytest.mark.parametrize("path", sorted(FILES.glob("sound_*.xml")), ids=lambda path: path.stem)
def test_sound_files(path: Path) -> None:
    scenario = load_scenario(path.name, path.read_bytes())
    assert scenario.steps


def test_a_run_of_every_attribute() -> None:
    body = """<recv response="180" optional="true" rrs="true" rtd="true" start_rtd="b, c" repeat_rtd="1" crlf="true" hide="true"
      counter="rings" display="ring" lost="2.5" timeout="100" ontimeout="out" next="out" test="v">
      <action><assignstr assign_to="v" value="x"/></action></recv>
      <recv response="200" optional="global" rtd="b,c"/> <recv request="BYE"/> <label id="out"/>"""
    scenario = load_scenario("s.xml", scenario_bytes(OPTIONS + body))
    step, other = scenario.steps[1], scenario.steps[2]
    assert isinstance(step, Recv)
    assert isinstance(other, Recv)
    assert (step.statuses, step.optional, step.is_global, step.record_routes, step.repeat_rtd) == (
        (180,),
        True,
        False,
        True,
        True,
    )
    assert (step.stops, step.starts, step.counter, step.lost, step.timeout_ms) == (("1",), ("b", "c"), "rings", 2.5, 100)
    assert (step.hidden, step.blank_after, step.display, step.next, step.on_timeout, step.test) == (
        True,
        True,
        "ring",
        4,
        4,
        "v",
    )
    assert (other.optional, other.is_global) == (True, True)
    assert (scenario.timers, scenario.counters, scenario.variables) == (("b", "c", "1"), ("rings",), ("v",))


def test_a_command_of_3pcc_is_checked_though_it_cannot_run() -> None:
    found = problems_of(OPTIONS + "<sendCmd><![CDATA[\n\nFrom: [locl_ip]\n]]></sendCmd>")
    assert [problem.partition(" — ")[0] for problem in found] == [
        "s.xml:8: <sendCmd> (3PCC) is not built yet",
        "s.xml:10: unknown keyword [locl_ip]",
        "s.xml:10: the command of <sendCmd> has no Call-ID",
    ]
