# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each keyword becomes. The expected bytes are those that SIPp 3.6.1 puts on the wire."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ScenarioErrors
from engine.messages import Failure
from engine.scenario.program import SendStep
from engine.sip.message import Message
from tests.engine.scenario.helpers import REPLY, Call, message, problems_of, program_of, render

SET = '<nop><action><ereg regexp="q" search_in="msg" assign_to="v"/></action></nop>'


def line(keyword: str, call: Call | None = None, **facts: Any) -> bytes:
    rendered = render(f"K: {keyword}|\nL: 1\n", call, **facts)
    assert rendered.endswith(b"|\r\nL: 1\r\n\r\n")
    return rendered[3:].partition(b"|\r\n")[0]


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("[service]", b"service"),
        ("[service+1]", b"service"),
        ("[remote_host]", b"peer.example"),
        ("[remote_ip]", b"127.0.0.1"),
        ("[remote_port]", b"5070"),
        ("[remote_port+7]", b"5077"),
        ("[transport]", b"UDP"),
        ("[local_ip]", b"127.0.0.2"),
        ("[local_ip_type]", b"4"),
        ("[local_port]", b"5062"),
        ("[local_port-2]", b"5060"),
        ("[server_ip]", b"127.0.0.2"),
        ("[media_ip]", b"127.0.0.2"),
        ("[media_ip_type]", b"4"),
        ("m=audio [media_port]", b"m=audio 6000"),
        ("m=video 1 [media_port+2]", b"m=video 1 6002"),
        ("m=audio [auto_media_port]", b"m=audio 6024"),
        ("m=image [auto_media_port+2]", b"m=image 6026"),
        ("[media_port]", b"6000"),
        ("a=rtcp:[media_port+1] [media_port]", b"a=rtcp:6001 6000"),
        ("[auto_media_port-1]", b"6023"),
        ("[pid]", b"4242"),
        ("[pid+1]", b"4243"),
        ("[users]", b"-1"),
        ("[userid]", b"0"),
        ("[sipp_version]", b"3.6.1"),
        ("[call_number]", b"7"),
        ("[call_number+1]", b"7"),
        ("[call_id]", b"7-4242@127.0.0.2"),
        ("[cseq]", b"3"),
        ("[cseq+1]", b"4"),
        ("[cseq-10]", b"-7"),
        ("[cseq+01]", b"4"),
        ("[branch]", b"z9hG4bK-4242-7-0"),
        ("[branch+2]", b"z9hG4bK-4242-7-2"),
        ("[branch-5]", b"z9hG4bK-4242-7--5"),
        ("[msg_index]", b"0"),
        ("[msg_index+1]", b"0"),
        ("[dynamic_id] [dynamic_id+5]", b"10000 10004"),
        ("[last_Via:]", b""),
        ("[last_message]", b""),
        ("[last_Request_URI]", b""),
        ("[last_cseq_number]", b"0"),
        ("[last_cseq_number+1]", b"1"),
        ("[peer_tag_param][routes][next_url]", b""),
        (r"\x5b::1\x5D \x41", b"[::1] A"),
        (r"\xzz \x4 \n \\", rb"\xzz \x4 \n \\"),
        ("[::1] [fe80::1%lo] [] [ ] [1a]", b"[::1] [fe80::1%lo] [] [ ] [1a]"),
        ("[[local_ip]]:5060", b"[127.0.0.2]:5060"),
        ("service]", b"service]"),
        ("100%d %s %%", b"100%d %s %%"),
    ],
)
def test_without_a_message_received(keyword: str, expected: bytes) -> None:
    assert line(keyword) == expected


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("[remote_ip]", b"[::1]"),
        ("[local_ip]", b"[::2]"),
        ("[local_ip_type]", b"6"),
        ("[remote_host]", b"::1"),
        ("[server_ip]", b"::2"),
        ("[media_ip]", b"::2"),
        ("[media_ip_type]", b"6"),
    ],
)
def test_ipv6_has_brackets_where_sipp_has_them(keyword: str, expected: bytes) -> None:
    assert line(keyword, local_ip="::2", remote_ip="::1", remote_host="::1") == expected


def test_a_server_without_a_remote_host() -> None:
    assert line("[remote_ip][remote_host] [remote_port]", remote_ip="", remote_host="", remote_port=5060) == b" 5060"


def test_the_media_address_is_its_own() -> None:
    assert line("[media_ip] [media_ip_type]", local_ip="::2", media_ip="127.0.0.9") == b"127.0.0.9 4"


def test_the_port_of_a_call_that_has_a_socket_of_its_own() -> None:
    assert line("[local_port] [local_port+1]", local_port=0) == b"5099 5100"


@pytest.mark.parametrize(
    ("facts", "call_ip", "expected"),
    [
        ({}, "127.0.1.7", b"127.0.0.2 127.0.0.2 4"),
        ({"server_ip_of_call": True}, "127.0.1.7", b"127.0.1.7 127.0.0.2 4"),
        ({"server_ip_of_call": True}, "", b"127.0.0.2 127.0.0.2 4"),
        ({"server_ip_of_call": True, "local_ip_of_call": True}, "127.0.1.7", b"127.0.1.7 127.0.1.7 4"),
        ({"server_ip_of_call": True, "local_ip_of_call": True}, "fe80::1%lo", b"fe80::1 [fe80::1] 6"),
        ({"server_ip_of_call": True, "local_ip_of_call": True}, "", b"127.0.0.2 127.0.0.2 4"),
    ],
)
def test_the_address_of_a_call_that_has_one_of_its_own(facts: dict[str, Any], call_ip: str, expected: bytes) -> None:
    assert line("[server_ip] [local_ip] [local_ip_type]", Call(local_ip=call_ip), **facts) == expected


def test_users() -> None:
    assert line("[users] [userid]", Call(user=2), users=5) == b"5 2"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Via:", b"Via: SIP/2.0/UDP h1;branch=z1"),
        ("Via", b"Via: SIP/2.0/UDP h1;branch=z1"),
        ("via:", b"Via: SIP/2.0/UDP h1;branch=z1"),
        ("Subject:", b"s:  in short"),
        ("s:", b"s:  in short"),
        ("X-A:", b"X-A: one, two, three"),
        ("x-a", b"X-A: one, two, three"),
        ("X-Empty:", b"X-Empty:"),
        ("X-Fold:", b"X-Fold: a\r\n b"),
        ("Call-ID:", b"Call-ID: 1@peer"),
        ("X", b""),
        ("X-Body:", b""),
    ],
)
def test_headers_of_the_last_message(name: str, expected: bytes) -> None:
    last = message(
        "SIP/2.0 200 OK",
        "Via: SIP/2.0/UDP h1;branch=z1",
        "s:  in short  ",
        "X-A: one",
        "X-A:two",
        "X-Empty: ",
        "X-Fold: a\r\n b",
        "x-a: three  ",
        body="X-Body: 1\r\n",
    )
    assert line(f"[last_{name}]", Call(last=last)) == expected


def test_other_parts_of_the_last_message() -> None:
    call = Call(last=REPLY)
    assert line("[last_cseq_number] [last_cseq_number-1]", call) == b"5 4"
    assert line("[last_Request_URI]", call) == b"sip:bob@b;x=1"
    assert REPLY.data in render("[last_message]\n", call)


@pytest.mark.parametrize("to", ["sip:bob@b;tag=1", "", "<sip:bob@b", "bob>"])
def test_a_to_without_a_uri_in_brackets_has_no_request_uri(to: str) -> None:
    assert line("[last_Request_URI]", Call(last=message("SIP/2.0 200 OK", f"To: {to}"))) == b""


def test_the_dialog() -> None:
    call = Call(peer_tag=b";tag=p", routes=b"Route: <sip:r>", next_url=b"sip:n")
    assert line("<x>[peer_tag_param] [next_url] [routes]", call) == b"<x>;tag=p sip:n Route: <sip:r>"


def test_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    facts: dict[str, Any] = {"wall_clock": lambda: 1795377600.25, "tick_ns": lambda: 5_250_000_000, "started_ns": 1_000_000_000}
    assert line("[date]", **facts) == b"Sun, 22 Nov 2026 20:00:00 GMT"
    assert line("[timestamp]", **facts).endswith(b":00.250000\t1795377600.250000")
    assert line("[clock_tick]", **facts) == b"4250"


def test_dynamic_ids_start_again_after_their_maximum() -> None:
    program = program_of(
        "<send><![CDATA[OPTIONS sip:x SIP/2.0\nK:[dynamic_id],[dynamic_id]\n]]></send>",
        dynamic_start=5,
        dynamic_max=12,
        dynamic_step=3,
    )
    rendered = b"".join(program.steps[0].render(Call()) for _ in range(3))  # type: ignore[union-attr]
    assert re.findall(rb"K:(\d+),(\d+)", rendered) == [(b"5", b"8"), (b"11", b"5"), (b"8", b"11")]


def test_circuits() -> None:
    program = program_of("<send><![CDATA[OPTIONS sip:x SIP/2.0\nK:[tdmmap]\n]]></send>", tdm_map="{0-3}{99}{5-8}{1-31}")
    assert program.circuits == 4 * 4 * 31
    names = {program.steps[0].render(Call(circuit=index)) for index in range(program.circuits)}  # type: ignore[union-attr]
    assert len(names) == program.circuits
    assert b"K:0.99.5/1\r\n" in min(names)


@pytest.mark.parametrize(("text", "hint"), [("", "-tdmmap {0-3}"), ("{0-3}{99}", "-tdmmap {0-3}")])
def test_circuits_need_a_map(text: str, hint: str) -> None:
    with pytest.raises(ScenarioErrors, match=re.escape(hint)):
        line("[tdmmap]", tdm_map=text)


def test_keywords_of_the_run() -> None:
    pairs = (("own", "a[service]b"), ("own", "second"), ("service", "other"))
    assert line("[own] [own+1] [service]", keywords=pairs) == b"a[service]b a[service]b service"
    assert problems_of("<send><![CDATA[OPTIONS sip:x SIP/2.0\nK:[own]\n]]></send>", ("own",)) == []


def test_a_file_is_copied_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(b"[pid]\n\xe9%d")
    assert line(f'[file name="{tmp_path}/f.bin"]') == b"[pid]\n\xe9%d"
    assert line(f"[file name={tmp_path}/f.bin]") == b"[pid]\n\xe9%d"


def test_the_name_of_a_file_may_hold_keywords(tmp_path: Path) -> None:
    (tmp_path / "service").write_bytes(b"of the run")
    (tmp_path / "7").write_bytes(b"of the call")
    assert line(f'[file name="{tmp_path}/[service]"]') == b"of the run"
    assert line(f"[file name={tmp_path}/[call_number]]") == b"of the call"
    assert problems_of('<send><![CDATA[OPTIONS sip:x SIP/2.0\nK:[file name="[call_number]"]\n]]></send>') == []


def test_a_file_of_a_call_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "7").write_bytes(b"first")
    program = program_of(f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nK: [file name={tmp_path}/[call_number]]]]></send>")
    step = program.steps[0]
    assert isinstance(step, SendStep)
    assert b"K: first" in step.render(Call())
    (tmp_path / "7").write_bytes(b"second")
    assert b"K: first" in step.render(Call())


def test_a_file_that_a_call_cannot_have_fails_it(tmp_path: Path) -> None:
    for name, told in [
        ("7", "No such file or directory"),
        ("zero", "it is no regular file"),
        ("large", "it is larger than 1 MiB"),
    ]:
        (tmp_path / "zero").unlink(missing_ok=True)
        (tmp_path / "zero").symlink_to("/dev/zero")
        (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
        call = Call(next_url=name.encode())
        assert line(f'[file name="{tmp_path}/[next_url]"]', call) == b""
        told = f'[file name="{tmp_path}/[next_url]"]: cannot read {tmp_path}/{name}: {told}'
        assert call.failures == [(Failure.CANNOT_SEND, told)]


def test_variables_and_fill() -> None:
    for value, expected in [(None, b"|"), (b"abc", b"abc|"), (True, b"true|"), (False, b"false|"), (5.0, b"5.000000|abaab")]:
        call = Call(variables=[value])
        filled = b"abaab" if type(value) is float else b""
        assert line('[$v]|[fill text="aba" variable="v"]', call) == expected.partition(b"|")[0] + b"|" + filled


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("[locl_ip]", "[locl_ip] — did you mean [local_ip]? Or give it a value with -key locl_ip VALUE"),
        ("[Call_Number]", "unknown keyword [Call_Number] — did you mean [call_number]?"),
        ("[nothing_like_it]", r"write \x5b for a plain [, or give it a value with -key nothing_like_it VALUE"),
        ("[last]", "unknown keyword [last]"),
        ("[cseq+x]", "unknown keyword [cseq+x] — did you mean [cseq]?"),
        ("[service", "'[service' is never closed"),
        ("[file]", '[file] needs name= — write [file name="…"]'),
        ("[file name=no/such]", "cannot read the file: No such file or directory"),
        ("[fill]", "[fill] needs variable="),
        ("[$v]", "variable $v is used only here"),
        ("[field0 line=[nonsense]]", "unknown keyword [nonsense]"),
    ],
)
def test_what_cannot_be_a_keyword(keyword: str, message: str) -> None:
    found = problems_of(f"<send><![CDATA[\n\n  OPTIONS sip:x SIP/2.0\n  K: 1\n  L: {keyword}\n\n]]></send>")
    assert [problem.startswith("s.xml:7: ") for problem in found] == [True]
    assert message in found[0]


def test_a_view_of_a_message_is_not_changed_by_rendering() -> None:
    data = REPLY.data
    line("[last_Via:] [last_message]", Call(last=REPLY))
    assert Message(data).data == REPLY.data
