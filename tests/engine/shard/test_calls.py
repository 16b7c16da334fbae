# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of calls: whose message it is, what is remembered, and what a call that goes wrong may cost."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from engine.call import Behaviours, Call, CallContext
from engine.messages import Counters, Failure
from engine.options import RunConfig
from engine.scenario.compile import compile_program
from engine.scenario.data_files import Problem
from engine.scenario.load import load_scenario
from engine.scenario.program import RunFacts
from engine.shard.calls import CallTable
from engine.shard.notes import Notes
from engine.shard.protocol import Warned
from engine.shard.sources import Sources
from engine.shard.timers import Timers
from engine.stats.meter import Meter
from engine.transport import Addresses, Held, Poller, Transport
from engine.transport.base import Wire
from tests.engine.call.virtual import UAC_CALL

SOURCE = ("127.0.0.1", 5070)
DEAD_WAIT_NS = 1_000_000_000
SERVER = """
  <recv request="INVITE"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=1
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <recv request="BYE"/>
"""
ABORTS = """
  <recv response="200" rtd="true"><action><error message="call [call_number]\\nis too much"/></action></recv>
"""


class Line(Transport):
    """A transport whose wire is a list; `sockets` is how many calls it can carry."""

    protocol = "UDP"
    reliable = False
    sockets = 1000
    detached = 0

    def detach(self, wire: Wire) -> None:
        self.detached += 1
        super().detach(wire)

    async def open(self) -> None:
        """Nothing to open."""

    def attach(self, wire: Wire) -> bool:
        self.sockets -= 1
        self.asked.append(wire.local_ip)
        wire.peer = SOURCE
        return self.sockets >= 0

    def refusal(self, wire: Wire) -> tuple[Failure, str]:
        return Failure.OUTBOUND_CONGESTION, "the line is taken"

    def send(self, wire: Wire, data: bytes) -> bool:
        if isinstance(wire.peer, Held):
            return self.keep(wire, data)
        self.sent.append(data)
        return True

    def redirect(self, wire: Wire, address: tuple[str, int]) -> str:
        wire.peer = address
        return ""

    def drops(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing to close."""

    sent: list[bytes]
    asked: list[str]


class Switchboard:
    """A table of calls with everything that it needs."""

    def __init__(
        self,
        body: str,
        *,
        behaviours: Behaviours | None = None,
        cut_prefix: bool = True,
        incoming: str = "",
        out_of_call: str = "",
        **more: Any,
    ) -> None:
        self.notes = Notes()
        self.timers = Timers()
        self.table = CallTable(timers=self.timers, notes=self.notes, dead_call_wait_ns=DEAD_WAIT_NS, cut_prefix=cut_prefix)
        self.poller = Poller()
        self.line = Line(Addresses(local_ip="127.0.0.1"), self.poller, self.table, RunConfig())
        self.line.sent = []
        self.line.asked = []
        self.facts = RunFacts(local_ip="127.0.0.1", local_port=5060, **more)
        self.behaviours = behaviours or Behaviours()
        context = self.context_of(body)
        self.notes.counters = context.meter.counters
        self.table.call_limit = 100
        self.meter = context.meter
        others = [self.context_of(each) if each else None for each in (incoming, out_of_call)]
        self.table.connect(context, self.line, *others)

    def context_of(self, body: str) -> CallContext:
        program = compile_program(load_scenario("test.xml", f'<scenario name="t">{body}</scenario>'.encode()), self.facts)
        meter = Meter(steps=len(program.steps), timers=program.timers)
        return CallContext(program=program, meter=meter, host=self.table, behaviours=self.behaviours)

    def bring(self, first: str, *, call_id: str = "a@b", cseq: str = "1 INVITE", extra: str = "") -> None:
        head = (first, "Via: SIP/2.0/UDP h;branch=z9", "From: <sip:f@h>;tag=f", "To: <sip:t@h>", f"Call-ID: {call_id}")
        lines = [*head, f"CSeq: {cseq}", *filter(None, [extra]), "", ""]
        self.table.received("\r\n".join(lines).encode("latin-1"), SOURCE, (now_ns := time.monotonic_ns()), now_ns)

    def invite(self, call_id: str = "a@b") -> None:
        self.bring("INVITE sip:t@h SIP/2.0", call_id=call_id)

    def bye(self, call_id: str = "a@b") -> None:
        self.bring("BYE sip:t@h SIP/2.0", call_id=call_id, cseq="2 BYE")

    def start(self) -> None:
        now_ns = time.monotonic_ns()
        self.table.start_outgoing(now_ns, 0, now_ns)

    @property
    def counters(self) -> Counters:
        counters = self.meter.take().counters
        assert counters.created == counters.successful + counters.failed + counters.open
        return counters

    @property
    def warnings(self) -> list[str]:
        return [note.text for note in self.notes.take() if isinstance(note, Warned)]


class Alternating(Sources):
    """Calls with odd numbers come from an address, the others have none."""

    def address_of(self, number: int, user: int) -> str:
        if number % 2:
            return f"127.0.1.{number}"
        raise Problem(f"call {number} of user {user} has no address")


@pytest.fixture
def server() -> Iterator[Switchboard]:
    server = Switchboard(SERVER)
    yield server
    server.poller.close()


def test_a_call_has_its_address_before_its_socket_and_without_one_it_has_failed() -> None:
    client = Switchboard(UAC_CALL, server_ip_of_call=True)
    client.table.sources = Alternating()
    for _ in range(3):
        client.start()
    assert [call.local_ip for call in client.table.calls.values()] == ["127.0.1.1", "127.0.1.3"]
    assert client.line.asked == ["127.0.1.1", "127.0.1.3"]
    counters = client.counters
    assert (counters.created, counters.open, counters.failed) == (3, 2, 1)
    assert counters.failures == {Failure.CANNOT_SEND: 1}
    assert list(counters.reasons) == ["call 2 of user 0 has no address"]
    client.poller.close()


def test_a_message_belongs_to_the_call_with_its_call_id(server: Switchboard) -> None:
    server.invite("a@b")
    server.invite("c@d")
    server.bye("a@b")
    assert (server.counters.incoming, server.counters.successful, server.counters.open) == (2, 1, 1)
    assert list(server.table.calls) == [b"c@d"]


def test_a_server_takes_no_call_that_does_not_begin_as_its_scenario_does(server: Switchboard) -> None:
    server.bye("x@y")
    server.bring("SIP/2.0 200 OK", call_id="x@y")
    assert (server.counters.created, server.counters.out_of_call) == (0, 2)
    assert server.warnings == [
        "received a message that belongs to no call: BYE sip:t@h SIP/2.0",
        "received a message that belongs to no call: SIP/2.0 200 OK",
    ]


def test_a_server_takes_no_more_calls_than_it_may(server: Switchboard) -> None:
    server.table.max_calls = 1
    server.invite("a@b")
    server.invite("c@d")
    assert (server.counters.incoming, server.counters.out_of_call, server.table.all_created) == (1, 1, True)


def test_a_call_that_has_ended_is_remembered_and_then_forgotten(server: Switchboard) -> None:
    server.invite()
    server.bye()
    server.bye()
    server.table.forget_dead(time.monotonic_ns())
    server.bye()
    assert (server.counters.dead_call, server.counters.out_of_call) == (2, 0)
    server.table.forget_dead(time.monotonic_ns() + DEAD_WAIT_NS)
    server.bye()
    assert (server.counters.dead_call, server.counters.out_of_call) == (2, 1)


def test_the_dead_are_forgotten_a_few_at_a_time(server: Switchboard) -> None:
    for number in range(5):
        server.invite(f"{number}@b")
        server.bye(f"{number}@b")
    server.table.forget_dead(time.monotonic_ns() + DEAD_WAIT_NS, most=3)
    for number in range(5):
        server.bye(f"{number}@b")
    assert (server.counters.out_of_call, server.counters.dead_call) == (3, 2)


@pytest.mark.parametrize(("cut_prefix", "open_calls"), [(True, 0), (False, 1)])
def test_a_prefix_of_the_call_id_is_cut_off_unless_told_otherwise(cut_prefix: bool, open_calls: int) -> None:
    server = Switchboard(SERVER, cut_prefix=cut_prefix)
    server.invite("a@b")
    server.bye("leg-1///a@b")
    assert server.counters.open == open_calls
    server.poller.close()


@pytest.mark.parametrize("keep_alive", [b"", b"\r\n\r\n", b"\0\0\0\0", b"  "])
def test_a_keep_alive_is_no_garbage(server: Switchboard, keep_alive: bytes) -> None:
    server.table.received(keep_alive, SOURCE, (now_ns := time.monotonic_ns()), now_ns)
    assert (server.counters.garbage, server.warnings) == (0, [])


def test_garbage_is_counted_and_told(server: Switchboard) -> None:
    for data in (b"rubbish", b"SIP/2.0 xx\r\n\r\n", b"INVITE sip:a SIP/2.0\r\nVia: x\r\n\r\n"):
        server.table.received(data, SOURCE, (now_ns := time.monotonic_ns()), now_ns)
    assert server.counters.garbage == 3
    assert all(text.startswith("received what is no SIP message: ") for text in server.warnings)


def test_a_message_that_cannot_be_read_for_a_mistake_of_ours_costs_only_itself(
    server: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(data: bytes) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("engine.shard.calls.Message", explode)
    server.invite()
    assert server.warnings == ["internal error: ZeroDivisionError: on purpose at a message that belongs to no call"]
    assert server.counters.fatal_errors == 1


def test_a_warning_cannot_harm_a_terminal(server: Switchboard) -> None:
    server.bring("BYE sip:\x1b[2J\x07" + "x" * 5000 + " SIP/2.0")
    (text,) = server.warnings
    assert text.isprintable()
    assert len(text) < 300


def test_requests_out_of_call_are_answered_when_asked_for() -> None:
    server = Switchboard(SERVER, behaviours=Behaviours(auto_answer=True))
    server.bring("OPTIONS sip:t@h SIP/2.0", call_id="x@y", cseq="7 OPTIONS")
    assert (server.counters.auto_answered, server.counters.out_of_call, server.counters.created) == (1, 0, 0)
    assert server.line.detached == 1, "a connection would hold on to it"
    (answer,) = server.line.sent
    assert answer.startswith(b"SIP/2.0 200 OK\r\n")
    assert b"Call-ID: x@y\r\nCSeq: 7 OPTIONS\r\n" in answer
    server.bring("ACK sip:t@h SIP/2.0", call_id="x@y", cseq="7 ACK")
    server.bring("SIP/2.0 200 OK", call_id="x@y")
    assert (len(server.line.sent), server.counters.out_of_call) == (1, 2)
    server.poller.close()


def test_a_connection_that_ends_fails_its_calls_only(server: Switchboard) -> None:
    server.invite("a@b")
    server.invite("c@d")
    server.table.disconnected(server.table.calls[b"a@b"], Failure.TCP_CLOSED, "the connection ended: closed by the peer")
    assert server.counters.failures == {Failure.TCP_CLOSED: 1}
    assert server.counters.reasons == {"the connection ended: closed by the peer": 1}
    assert list(server.table.calls) == [b"c@d"]


def test_a_call_without_a_socket_fails_and_took_no_time() -> None:
    client = Switchboard(UAC_CALL)
    client.line.sockets = 0
    client.start()
    told = client.meter.take()
    assert told.counters.failures == {Failure.OUTBOUND_CONGESTION: 1}
    assert told.counters.reasons == {"the line is taken": 1}
    assert (told.counters.outgoing, client.table.calls, client.line.sent) == (1, {}, [])
    assert (told.call_length.count, told.call_length.max_ns) == (1, 0)
    client.poller.close()


def test_a_call_with_the_call_id_of_an_open_one_fails_and_the_open_one_goes_on() -> None:
    client = Switchboard(UAC_CALL, call_id_format="same", tdm_map="{0-1}{99}{5-5}{1-1}")
    for _ in range(2):
        client.start()
    assert (client.counters.outgoing, client.counters.failed, client.counters.open) == (2, 1, 1)
    assert client.counters.failures == {Failure.CANNOT_SEND: 1}
    assert client.counters.reasons == {"another open call has the same Call-ID: see -cid_str": 1}
    assert len(client.line.sent) == 1
    assert client.table.may_start(), "it gave its circuit back"
    (first,) = client.table.calls.values()
    client.bring("SIP/2.0 200 OK", call_id="same", extra="Contact: <sip:x@y>")
    assert first.wait_until_ns, "the first has been answered and pauses"
    first.stop(time.monotonic_ns())
    client.start()
    assert (client.counters.outgoing, client.counters.failed, client.counters.open) == (3, 1, 2)
    client.poller.close()


def test_no_call_is_lost_when_random_call_ids_meet() -> None:
    class Few(Random):
        def getrandbits(self, k: int) -> int:
            return super().getrandbits(4)

    client = Switchboard(UAC_CALL, call_id_format="%r", random=Few(1))
    for _ in range(60):
        client.start()
    assert client.counters.open == len(client.table.calls) == 16
    assert client.counters.failed == 44
    client.poller.close()


def test_each_open_call_has_a_circuit_of_its_own() -> None:
    client = Switchboard(UAC_CALL.replace("CSeq: 1", "Subject: [tdmmap]\n    CSeq: 1"), tdm_map="{0-1}{99}{5-5}{1-1}")
    for _ in range(2):
        assert client.table.may_start()
        client.start()
    assert not client.table.may_start()
    assert sorted(call.circuit for call in client.table.calls.values()) == [0, 1]
    next(iter(client.table.calls.values())).stop(time.monotonic_ns())
    assert client.table.may_start()
    client.poller.close()


def test_the_limit_of_open_calls_holds_back() -> None:
    client = Switchboard(UAC_CALL)
    client.table.call_limit = 1
    client.start()
    assert not client.table.may_start()
    client.table.call_limit = 2
    assert client.table.may_start()
    client.poller.close()


def test_a_message_that_cannot_be_dealt_with_fails_its_call_and_no_other(server: Switchboard) -> None:
    server.invite("a@b")
    server.invite("c@d")

    def explode(call: object, data: bytes) -> bool:
        raise ZeroDivisionError("on purpose")

    server.line.send = explode  # type: ignore[method-assign,assignment]
    server.invite("e@f")
    server.bring("INFO sip:t@h SIP/2.0", call_id="a@b", cseq="2 INFO")
    assert (server.counters.open, server.counters.failed) == (1, 2)
    assert server.counters.fatal_errors >= 1
    assert list(server.table.calls) == [b"c@d"]


def test_a_number_beyond_all_bounds_ends_nothing(server: Switchboard) -> None:
    server.invite("a@b")
    digits = "9" * 5000
    server.bring("SIP/2.0 200 OK", call_id="x@y", cseq=f"{digits} INVITE")
    server.bring("INVITE sip:t@h SIP/2.0", call_id="c@d", cseq=f"{digits} INVITE")
    server.bye("a@b")
    assert server.counters.successful == 1


def test_cutting_off_ends_every_call_though_one_raises() -> None:
    client = Switchboard(UAC_CALL)
    client.start()
    client.start()
    for number in (1, 2):
        call_id = next(call.call_id for call in client.table.calls.values() if call.number == number).decode()
        client.bring("SIP/2.0 180 Ringing", call_id=call_id)
    sent: list[bytes] = []

    def explode_once(call: object, data: bytes) -> bool:
        sent.append(data)
        if len(sent) == 1:
            raise ZeroDivisionError("on purpose")
        return True

    client.line.send = explode_once  # type: ignore[method-assign,assignment]
    client.table.cut_off()
    assert [data[:6] for data in sent] == [b"CANCEL", b"CANCEL"]
    assert (client.table.calls, client.counters.failed, client.counters.open) == ({}, 1, 1)
    client.poller.close()


def test_nothing_is_left_of_calls_that_ended_before_a_long_timeout() -> None:
    patient = Switchboard(SERVER.replace('request="BYE"', 'request="BYE" timeout="3600000"'))
    for number in range(1000):
        patient.invite(f"{number}@b")
        if number % 100:
            patient.bye(f"{number}@b")
    assert (patient.counters.successful, patient.counters.open) == (990, 10)
    assert patient.timers.held == 10
    context = patient.table.context
    assert sum(isinstance(each, Call) and each.context is context for each in gc.get_objects()) == 10
    patient.poller.close()


def test_calls_are_cut_off_a_few_at_a_time(server: Switchboard) -> None:
    for number in range(5):
        server.invite(f"{number}@b")
    server.table.cut_off(2)
    assert list(server.table.calls) == [b"2@b", b"3@b", b"4@b"]
    server.table.cut_off()
    assert (server.table.calls, server.counters.open) == ({}, 5)


def test_an_action_that_ends_the_run_ends_it_at_once_and_nobody_is_told() -> None:
    board = Switchboard(UAC_CALL.replace('<recv response="200" rtd="true"/>', ABORTS))
    for _ in range(2):
        board.start()
    board.bring("SIP/2.0 200 OK", call_id="1-0@127.0.0.1")
    assert (board.table.failure, board.table.closing) == ("call 1 is too much", True)
    sent = len(board.line.sent)
    board.bring("SIP/2.0 200 OK", call_id="1-0@127.0.0.1")
    board.table.cut_off()
    assert len(board.line.sent) == sent == 2
    assert (board.counters.fatal_errors, board.counters.warnings, board.counters.open) == (1, 0, 2)
    assert (board.counters.failed, board.table.calls) == (0, {})
    board.poller.close()
