# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs whose calls come from many addresses: in the order of a list or of a data file, over whatever gives calls sockets; and
what is wrong with the addresses told before anything starts.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from engine import open_engine
from engine.bus import Bus
from engine.errors import OptionError
from engine.messages import CheckOptions, Outcome, StartRun
from engine.options import RunConfig
from tests.engine.run.runs import LIMIT_S, SHORT_CALLS, call, serve, start

OPTIONS = """<scenario name="s"><send><![CDATA[
OPTIONS sip:x SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Call-ID: [call_id]
CSeq: 1 OPTIONS
X: {text}
Content-Length: 0

]]></send>{then}</scenario>"""
HEARD = re.compile(rb"\r\nX: (.*?)\r\n")
ROWS = ["127.0.1.1;a", "127.0.1.2;b", "# comment", "127.0.1.1;c", "127.0.1.3;d"]


@asynccontextmanager
async def listening(stream: bool) -> AsyncIterator[tuple[int, list[tuple[str, str]]]]:
    """A peer on loopback that keeps where each message came from, and what its header X said."""
    heard: list[tuple[str, str]] = []

    async def take(connection: trio.SocketStream) -> None:
        async for data in connection:
            heard.extend((connection.socket.getpeername()[0], said.decode()) for said in HEARD.findall(data))

    async def drain(socket: Any) -> None:
        while True:
            data, source = await socket.recvfrom(65536)
            heard.extend((source[0], said.decode()) for said in HEARD.findall(data))

    async with trio.open_nursery() as nursery:
        if stream:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            nursery.start_soon(trio.serve_listeners, take, [listener])
            yield listener.socket.getsockname()[1], heard
        else:
            with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as socket:
                await socket.bind(("127.0.0.1", 0))
                nursery.start_soon(drain, socket)
                yield socket.getsockname()[1], heard
                nursery.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


async def sent(folder: Path, text: str, *, children: bool = False, calls: int = 5, **options: Any) -> list[tuple[str, str]]:
    """From where the calls of a run came and what they said, in the order of their numbers."""
    (folder / "s.xml").write_text(OPTIONS.format(text=f"[call_number] {text}", then='<pause milliseconds="50"/>'))
    async with (
        listening(options.get("transport", "u1")[0] != "u") as (port, heard),
        open_engine(in_process=not children) as bus,
    ):
        config = {**SHORT_CALLS, "remote": f"127.0.0.1:{port}", "scenario_file": str(folder / "s.xml"), **options}
        watched = await start(bus, max_calls=calls, **config)
        summary = await watched.finish()
        assert summary.outcome is Outcome.PASSED, summary.error
        with trio.fail_after(LIMIT_S):
            while len(heard) < calls:  # noqa: ASYNC110 — what a socket got is no event
                await trio.sleep(0.01)
    found = sorted((int(said.split()[0]), ip, said.partition(" ")[2]) for ip, said in heard)
    return [(ip, said) for _, ip, said in found]


def rows(folder: Path, order: str = "SEQUENTIAL", lines: list[str] = ROWS) -> tuple[str, ...]:
    (folder / "a.csv").write_text("\n".join((order, *lines, "")))
    return (str(folder / "a.csv"),)


@pytest.mark.parametrize("transport", ["ui", "un", "tn"])
async def test_a_field_tells_where_each_call_comes_from(tmp_path: Path, transport: str) -> None:
    text = "[server_ip] [local_ip] [field1]"
    heard = await sent(tmp_path, text, transport=transport, data_files=rows(tmp_path), source_field=0)
    ips = ["127.0.1.1", "127.0.1.2", "127.0.1.1", "127.0.1.3", "127.0.1.1"]
    assert heard == [(ip, f"{ip} 127.0.0.1 {said}") for ip, said in zip(ips, "abcda", strict=True)]


@pytest.mark.parametrize("transport", ["ui", "un", "tn"])
async def test_calls_take_a_list_in_turn(tmp_path: Path, transport: str) -> None:
    listed = "127.0.1.4,127.0.1.8/31,127.0.1.4"
    heard = await sent(tmp_path, "[server_ip] [local_ip]", transport=transport, source_list=listed)
    ips = ["127.0.1.4", "127.0.1.8", "127.0.1.9", "127.0.1.4", "127.0.1.4"]
    assert heard == [(ip, f"{ip} {ip}") for ip in ips]


async def test_without_a_field_ui_takes_the_first_of_the_first_file(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("SEQUENTIAL\nnobody\n")
    files = (*rows(tmp_path), str(tmp_path / "b.csv"))
    heard = await sent(tmp_path, "[field1] [field0 file=b.csv]", transport="ui", data_files=files, calls=2)
    assert heard == [("127.0.1.1", "a nobody"), ("127.0.1.2", "b nobody")]


@pytest.mark.parametrize(
    ("order", "options"), [("RANDOM", {"seed": 4}), ("USER", {"users": 4}), ("SEQUENTIAL", {"workers": 2})]
)
async def test_the_line_of_the_address_is_the_line_of_the_messages(tmp_path: Path, order: str, options: dict[str, Any]) -> None:
    files = rows(tmp_path, order, [f"name{number};127.0.1.{number}" for number in range(1, 31)])
    heard = await sent(
        tmp_path, "[field0] [field1]", children="workers" in options, calls=20, transport="ui", data_files=files,
        source_field=1, **options
    )  # fmt: skip
    assert len(heard) == 20
    assert all(said == f"name{ip.rpartition('.')[2]} {ip}" for ip, said in heard)
    if order == "SEQUENTIAL":
        assert [ip for ip, _ in heard] == [f"127.0.1.{number}" for number in range(1, 21)]
    else:
        assert 1 < len({ip for ip, _ in heard}) <= (4 if order == "USER" else 20)


async def test_workers_share_a_list_in_its_order(tmp_path: Path) -> None:
    heard = await sent(tmp_path, "[server_ip]", children=True, calls=12, transport="un", workers=3, source_list="127.0.1.1-5")
    assert [ip for ip, _ in heard] == [f"127.0.1.{1 + number % 5}" for number in range(12)]


@pytest.mark.parametrize("listed", [True, False])
async def test_a_server_listens_on_all_and_says_which_was_asked(tmp_path: Path, listed: bool) -> None:
    answer = "SIP/2.0 200 OK\n[last_Via:]\n[last_Call-ID:]\n[last_CSeq:]\nX: [server_ip] [local_ip]\nContent-Length: 0\n"
    (tmp_path / "uas.xml").write_text(
        f'<scenario name="u"><recv request="OPTIONS"/><send><![CDATA[\n{answer}\n]]></send></scenario>'
    )
    where = {"source_list": "127.0.1.1-3"} if listed else {"data_files": rows(tmp_path)}
    async with open_engine(in_process=True) as bus:
        server = await serve(bus, scenario_name="", scenario_file=str(tmp_path / "uas.xml"), transport="ui", **where)
        shown = re.fullmatch(r"127\.0\.1\.1:(\d+) and 2 more", server.started.local)
        assert shown
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as caller, trio.fail_after(LIMIT_S):
            await caller.bind(("127.0.0.1", 0))
            for number, ip in enumerate(("127.0.1.3", "127.0.1.1", "127.0.1.2", "127.0.1.1")):
                request = f"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n\r\n"
                await caller.sendto(request.encode(), (ip, int(shown[1])))
                data, source = await caller.recvfrom(65536)
                assert source == (ip, int(shown[1]))
                (said,) = HEARD.findall(data)
                assert said.decode() == f"{ip} {ip if listed else '127.0.0.1'}"
        server_end = await server.until(lambda snapshot: snapshot.counters.successful == 4)
        assert server_end.counters.failed == 0


async def test_whole_calls_between_two_of_ours(tmp_path: Path) -> None:
    async with open_engine(in_process=True) as bus:
        server = await serve(bus, transport="ui", source_list="127.0.2.1-2")
        port = server.port
        client = await call(bus, port, remote=f"127.0.2.2:{port}", transport="ui", source_list="127.0.1.0/28", max_calls=50)
        summary = await client.finish()
        assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 50)
        await server.until(lambda snapshot: snapshot.counters.successful == 50)


async def test_a_call_whose_line_was_changed_to_another_address_fails_and_says_why(tmp_path: Path) -> None:
    files = rows(tmp_path, lines=["127.0.1.1"])
    change = '<nop><action><replace file="a.csv" line="0" value="127.0.1.9"/></action></nop>'
    (tmp_path / "s.xml").write_text(OPTIONS.format(text="x", then=change))
    async with listening(False) as (port, heard), open_engine(in_process=True) as bus:
        options = {**SHORT_CALLS, "remote": f"127.0.0.1:{port}", "rate": 20.0, "scenario_file": str(tmp_path / "s.xml")}
        watched = await start(bus, transport="ui", data_files=files, max_calls=2, **options)
        summary = await watched.finish()
    assert (summary.counters.successful, summary.counters.failed) == (1, 1)
    assert [ip for ip, _ in heard] == ["127.0.1.1"]
    (reason,) = summary.counters.reasons
    assert "no socket is bound to '127.0.1.9': it was no source address when the run started" in reason


FILE = {"data_files": ("a.csv",)}
LIST = {"source_list": "127.0.1.1"}
SHARED = "all calls share one {}, which has one address; use -t {}"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"transport": "ui"}, "-t: it needs to know its addresses; give -inf FILE with the addresses in its field 0"),
        ({"transport": "un", "source_field": 0}, "-ip_field: there is no data file with the addresses; name it with -inf FILE"),
        ({"transport": "u1", **LIST}, f"-ip_list: with -t u1 {SHARED.format('socket', 'ui')}"),
        ({"transport": "u1", "source_field": 0, **FILE}, f"-ip_field: with -t u1 {SHARED.format('socket', 'ui')}"),
        ({"transport": "t1", **LIST}, f"-ip_list: with -t t1 {SHARED.format('connection', 'tn')}"),
        ({"transport": "w1", **LIST}, f"-ip_list: with -t w1 {SHARED.format('connection', 'wn')}"),
        (
            {"transport": "tn", "scenario_name": "uas", **LIST},
            "-ip_list: a server listens on several addresses with -t ui only",
        ),
        (
            {"transport": "ui", "source_field": 0, **LIST, **FILE},
            "-ip_field: -ip_list tells the addresses already; give one of the two",
        ),
        ({"transport": "ui", "source_list": "127.0.1.1/24"}, "-ip_list: '127.0.1.1/24' is no network"),
    ],
)
async def test_what_does_not_fit_is_told_of_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows(tmp_path)
    config = RunConfig(**{**SHORT_CALLS, **options})
    async with open_engine() as bus:
        with pytest.raises(OptionError, match=re.escape(told)):
            await bus.call(StartRun(config=config))
        (problem,) = await bus.call(CheckOptions(config=config))
        assert told.partition(": ")[2] in problem.message


async def refused(bus: Bus, **options: Any) -> str:
    """Why a run does not start."""
    with pytest.raises(OptionError) as told:
        await bus.call(StartRun(config=RunConfig(**{**SHORT_CALLS, "transport": "ui", **options})))
    return str(told.value)


@pytest.mark.parametrize(
    ("order", "lines", "told"),
    [
        ("SEQUENTIAL", ["127.0.1.1", "#", "192.0.2.7"], "a.csv:4: 192.0.2.7 is no address of this machine; give it"),
        ("SEQUENTIAL", ["127.0.1.1", ";b"], "a.csv:3: field 0: '' is no IP address"),
        ("SEQUENTIAL", ["localhost"], "a.csv:2: field 0: 'localhost' is no IP address"),
        ("USER", ["127.0.1.1"], "has a line for each user, and the run has none; give -users N, or make it SEQUENTIAL"),
        ("SEQUENTIAL,PRINTF=200000000", ["127.0.1.1"], "has 200000000 lines; at most 20000000 can tell addresses"),
        ("SEQUENTIAL,PRINTF=300", ["127.0.1.%d"], "a.csv:2: field 0: '127.0.1.256' is no IP address"),
    ],
)  # fmt: skip
async def test_a_line_that_cannot_be_an_address_is_named_before_the_run(
    tmp_path: Path, order: str, lines: list[str], told: str
) -> None:
    async with open_engine() as bus:
        assert told in await refused(bus, data_files=rows(tmp_path, order, lines))


async def test_what_is_wrong_with_a_list_is_named_before_the_run(tmp_path: Path) -> None:
    async with open_engine() as bus:
        told = await refused(bus, source_list="127.0.1.1,192.0.2.7")
        assert told.startswith("-ip_list: 192.0.2.7 is no address of this machine")
        told = await refused(
            bus, source_list="127.0.1.1", data_files=rows(tmp_path), transport="ui", remote="[::1]:9", local_ip=""
        )
        assert told == "-ip_list: 127.0.1.1 cannot send to ::1: one is IPv4, the other IPv6"
        told = await refused(bus, source_list="::1", local_ip="")
        assert told == "-ip_list: ::1 cannot send to 127.0.0.1: one is IPv4, the other IPv6"
        told = await refused(bus, data_files=rows(tmp_path), source_field=2)
        assert told.endswith("a.csv:2 has 2 fields, and the address is in field 2, counted from 0")


async def test_a_name_with_addresses_of_both_kinds_is_called_at_that_of_the_sources(tmp_path: Path) -> None:
    async with open_engine(in_process=True) as bus:
        server = await serve(bus, local_ip="::1")
        client = await call(
            bus, server.port, remote=f"[::1]:{server.port}", local_ip="", transport="ui", source_list="::1", max_calls=3
        )
        assert (await client.finish()).counters.successful == 3
