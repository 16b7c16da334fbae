# SPDX-License-Identifier: AGPL-3.0-or-later
"""[authentication] in messages and verifyauth in actions, from the text of a scenario. The lines are those of SIPp 3.6.1."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from typing import Any

import pytest

from engine.scenario.program import SendStep, Unsendable
from engine.scenario.variables import Value
from engine.sip.authentication import Authentication
from tests.engine.scenario.helpers import OPTIONS, Call, data_file, message, problems_of, program_of, render

CHALLENGE = 'Digest realm="r", nonce="n"'
HEAD = 'Authorization: Digest username="{}",realm="r",uri="sip:127.0.0.1:5070",nonce="n",response="{}",algorithm=MD5'
SET = '<nop><action><assignstr assign_to="u" value="zoe"/></action></nop>'


def challenged(*values: str, status: int = 401) -> Call:
    return Call(authentication=Authentication(status, [value.encode() for value in values or (CHALLENGE,)]))


def line(keyword: str, call: Call | None = None, **facts: Any) -> str:
    """The first line of a message that the keyword stands in."""
    rendered = render(f"{keyword}\nL: 1\n", call or challenged(), **facts).decode("latin-1")
    first, _, rest = rendered.partition("\r\n")
    assert rest == "L: 1\r\n\r\n"
    return first


def user(keyword: str, call: Call | None = None, **facts: Any) -> tuple[str, str]:
    """The user name in the line, and the response."""
    found = re.fullmatch(HEAD.format("(.*)", r"(\w+)"), line(keyword, call, **facts))
    assert found
    return found[1], found[2]


JOE = user("[authentication username=joe password=schmo]")


def test_the_response_is_of_the_method_and_the_peers_uri() -> None:
    """MD5(MD5(joe:r:schmo):n:MD5(OPTIONS:sip:127.0.0.1:5070)), as md5sum has it."""
    assert JOE == ("joe", "18e1235a7dc9de0fd299e8bb6e557702")


@pytest.mark.parametrize(
    "keyword",
    [
        "[authentication password=schmo username=joe]",
        '[authentication username="joe" password="schmo"]',
        "[authentication username=0x6a6f65 password=schmo]",
        "[authentication+1 username=joe password=schmo]",
        r"[authentication username=\x6aoe password=schmo]",
    ],
)
def test_forms_of_the_same(keyword: str) -> None:
    assert user(keyword) == JOE


def test_who_is_named_nowhere_is_told_by_options() -> None:
    assert user("[authentication]") == user("[authentication username=service password=password]")
    assert user("[authentication]", service="joe", auth_password="schmo") == JOE
    assert user("[authentication]", service="x", auth_username="joe", auth_password="schmo") == JOE
    assert user("[authentication username= password=]", auth_username="joe", auth_password="schmo") == JOE
    assert user("[authentication username=joe password=schmo]", auth_username="x", auth_password="y") == JOE


@pytest.mark.parametrize("uri", ["foo@bar:99", "sip:foo@bar:99"])
def test_the_uri_may_be_given(uri: str) -> None:
    assert ',uri="sip:foo@bar:99",' in line("[authentication]", auth_uri=uri)


def test_the_uri_of_ipv6_has_brackets() -> None:
    assert ',uri="sip:[::1]:5070",' in line("[authentication]", remote_ip="::1")


def test_keywords_in_arguments() -> None:
    call = challenged()
    call.variables = [b"joe"]
    names = {"data_files": {"d.csv": data_file("SEQUENTIAL\njoe;schmo\n")}}
    assert user("[authentication username=[field0] password=[field1]]", **names) == JOE
    assert user('[authentication username="[field0]" password="[field1]"]', **names) == JOE
    assert user('[authentication username=[field0 file="d.csv" line="0"] password=schmo]', **names) == JOE
    body = f"{SET}<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n[authentication username=[$u] password=schmo]]]></send>"
    step = program_of(body).steps[-1]
    assert isinstance(step, SendStep)
    assert b'username="joe"' in step.render(call)


def test_a_data_file_may_hold_the_keyword() -> None:
    data = b"SEQUENTIAL\n1;[authentication username=joe password=schmo]\n2;[authentication username=ann password=x]\n"
    files = {"data_files": {"d.csv": data_file(data)}}
    assert user("[field1]", **files) == JOE
    second = challenged()
    second.number = 2
    assert user("[field1]", second, **files)[0] == "ann"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_the_body_counts_for_auth_int() -> None:
    call = challenged('Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5')
    text = "[authentication username=joe password=schmo]\nContent-Length: [len]\n\nv=[call_number]\n"
    rendered = render(text, call).decode()
    head, _, body = rendered.partition("\r\n\r\n")
    assert body == "v=7\r\n"
    assert "Content-Length:     5" in head
    values = dict(re.findall(r'(\w+)="?([^",\r]+)', head.partition("Digest ")[2]))
    a1, a2 = md5("joe:r:schmo"), md5(f"OPTIONS:sip:127.0.0.1:5070:{md5(body)}")
    assert values["response"] == md5(f"{a1}:n:00000001:{values['cnonce']}:auth-int:{a2}")


def test_text_around_it_stays() -> None:
    assert line("X: 1[authentication username=joe password=schmo]y") == "X: 1" + HEAD.format(*JOE) + "y"


def test_a_407_is_answered_with_the_proxys_header() -> None:
    assert line("[authentication]", challenged(status=407)).startswith("Proxy-Authorization: Digest ")


AKA_K, AKA_OP, AKA_OPC = (
    "90dca4eda45b53cf0f12d7c9c3bc6a89",
    "3ffcfe5b7b1111589920d3528e84e655",
    "cb9cccc4b9258e6dca4760379fb82581",
)
"""3GPP TS 35.208, test set 20; below its RAND and what an AUTN with its SQN and AMF is."""
AKA_NONCE = b64encode(bytes.fromhex("9fddc72092c6ad036b6e464789315b78a337c6f0f85261df09db94eab4f8149e")).decode()
RES = bytes.fromhex("a95100e2760952cd")


@pytest.mark.parametrize(
    "keys",
    [
        f"aka_K=0x{AKA_K} aka_OP=0x{AKA_OP} aka_AMF=0x61df",
        f"aka_OP=0x{AKA_OP.upper()} aka_K=0x{AKA_K.upper()}",
        f"aka_K=0x{AKA_K} aka_OPc=0x{AKA_OPC}",
        f"password=0x{AKA_K} aka_OP=0x{AKA_OP}",
        f"aka_K=[service] aka_OP=0x{AKA_OP}",
    ],
)
def test_an_aka_challenge_is_answered_with_its_res(keys: str) -> None:
    call = challenged(f'Digest realm="r", nonce="{AKA_NONCE}", algorithm=AKAv1-MD5')
    rendered = render(f"[authentication username=ims {keys}]\nL: 1\n", call, service=f"0x{AKA_K}").decode()
    a1 = hashlib.md5(b"ims:r:" + RES).hexdigest()
    assert f'response="{md5(f"{a1}:{AKA_NONCE}:" + md5("OPTIONS:sip:127.0.0.1:5070"))}"' in rendered


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("[authentication aka_K=0x12]", "0x and 32 hexadecimal digits"),
        ("[authentication aka_OP=0xzz]", "0x and 32 hexadecimal digits"),
    ],
)
def test_a_key_of_another_length_is_refused(keyword: str, expected: str) -> None:
    send = f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n{keyword}\n\n]]></send>"
    (problem,) = problems_of(f'<recv response="401" auth="true"/>{send}')
    assert problem.startswith("s.xml:5: aka_")
    assert expected in problem


def test_a_challenge_that_nothing_keeps_is_told() -> None:
    send = "<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n[authentication]\n\n]]></send>"
    (problem,) = problems_of(f'<recv response="401" auth="false"/>{send}')
    assert problem.startswith("s.xml:5: warning: [authentication] answers a challenge, but no <recv> keeps one")
    assert problems_of(f'{send}<recv response="401" auth="true"/>') == []


def test_an_argument_that_there_is_not_is_told() -> None:
    (problem,) = problems_of(
        '<recv response="401" auth="true"/>'
        "<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n[authentication usrname=joe]\n\n]]></send>"
    )
    assert problem == "s.xml:5: warning: [authentication] has no argument usrname; it is ignored — did you mean username?"


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (Call(), "no challenge for"),
        (challenged("Basic realm=x"), "not Digest"),
        (challenged('Digest realm="r", nonce="n", algorithm=AKAv1-MD5'), "base64"),
    ],
)
def test_a_message_that_cannot_be_made_is_not_sent(call: Call, why: str) -> None:
    with pytest.raises(Unsendable, match=why):
        line("[authentication]", call)


def test_in_a_body_there_are_no_headers() -> None:
    with pytest.raises(Unsendable, match="body"):
        render("L: 1\n\n[authentication]\n", challenged())


def test_an_action_has_no_message_to_answer_with() -> None:
    program = program_of(OPTIONS + '<recv response="200"><action><log message="[authentication username=a]"/></action></recv>')
    call = challenged()
    program.steps[1].actions[0](call)
    assert call.logs == ["[authentication username=a]"]


# --- verifyauth --------------------------------------------------------------------------------------------------------


def verified(*headers: str, action: str = 'username="joe" password="schmo"', call: Call | None = None) -> Value:
    """What verifyauth says to an OPTIONS with these headers."""
    body = f'<recv request="OPTIONS"><action>{SET[13:-15]}<verifyauth assign_to="ok" {action}/></action></recv>'
    program = program_of(body + '<Reference variables="ok,u"/>')
    call = call or Call()
    call.message = message("OPTIONS sip:x SIP/2.0", *headers).data
    call.variables = [None] * len(program.variables)
    for each in program.steps[0].actions:
        each(call)
    return dict(zip(program.variables, call.variables, strict=True))["ok"]


def test_what_the_keyword_answers_the_action_believes() -> None:
    answer = line("[authentication username=joe password=schmo]")
    assert verified(answer) is True
    assert verified(line("[authentication username=joe password=schmo]", challenged(status=407))) is True
    assert verified(answer, action='username="joe" password="other"') is False
    assert verified(answer, action='username="ann" password="schmo"') is False
    assert verified() is False
    assert verified(answer, action='username="[$u]" password="schmo"') is False
    assert verified(line("[authentication username=zoe password=schmo]"), action='username="[$u]" password="schmo"') is True


@pytest.mark.parametrize(
    ("keys", "believed"),
    [
        (f'aka_K="0x{AKA_K}" aka_OP="0x{AKA_OP}"', True),
        (f'aka_K="0x{AKA_K}" aka_OPc="0x{AKA_OPC}"', True),
        (f'aka_K="0x{AKA_OPC}" aka_OP="0x{AKA_OP}"', False),
        (f'aka_K="0x{AKA_K}" aka_OP="0x{AKA_K}"', False),
    ],
)
def test_a_res_is_believed_of_who_has_the_keys(keys: str, believed: bool) -> None:
    call = challenged(f'Digest realm="r", nonce="{AKA_NONCE}", algorithm=AKAv1-MD5')
    answer = line(f"[authentication username=ims aka_K=0x{AKA_K} aka_OP=0x{AKA_OP}]", call)
    assert verified(answer, action=f'username="ims" password="x" {keys}') is believed


def test_a_message_that_is_none_is_not_believed() -> None:
    action = '<verifyauth assign_to="ok" username="a" password="b"/>'
    program = program_of(f'<recv request="OPTIONS"/><nop><action>{action}</action></nop><Reference variables="ok"/>')
    call = Call(message=b"", variables=[None])
    program.steps[1].actions[0](call)
    assert call.variables == [False]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('username="a" password="b"', "verifyauth needs assign_to="),
        ('assign_to="v" password="b"', "verifyauth needs username="),
        ('assign_to="v" username="a"', "verifyauth needs password="),
        ('assign_to="v,w" username="a" password="b"', "is not the name of one variable"),
    ],
)
def test_what_verifyauth_needs(attributes: str, expected: str) -> None:
    problems = problems_of(f'{OPTIONS}<nop><action>\n<verifyauth {attributes}/></action></nop><Reference variables="v,w"/>')
    assert any(expected in problem for problem in problems)
