# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call in a world of its own: a clock that moves when told, a wire that is a list."""

from __future__ import annotations

from heapq import heappop, heappush

from engine.call import Behaviours, Call, CallContext
from engine.messages import Counters, Failure
from engine.scenario.compile import compile_program
from engine.scenario.load import load_scenario
from engine.scenario.program import RunFacts
from engine.sip.message import Message
from engine.stats.gathered import Gathered
from engine.stats.measurements import Measurements
from engine.stats.meter import Meter
from tests.engine.scenario.told_media import ToldMedia

MS = 1_000_000
S = 1_000_000_000

UAC_CALL = """
  <send retrans="500"><![CDATA[
    INVITE sip:bob@127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch=[branch]
    From: <sip:alice@127.0.0.2>;tag=1
    To: <sip:bob@127.0.0.1>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Content-Length: 0

  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rtd="true"/>
  <send><![CDATA[
    ACK sip:bob@127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch=[branch]
    From: <sip:alice@127.0.0.2>;tag=1
    To: <sip:bob@127.0.0.1>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Content-Length: 0

  ]]></send>
  <pause milliseconds="1000"/>
  <send retrans="500"><![CDATA[
    BYE sip:bob@127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch=[branch]
    From: <sip:alice@127.0.0.2>;tag=1
    To: <sip:bob@127.0.0.1>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
"""
"""INVITE 0, 100 1, 180 2, 200 3, ACK 4, pause 5, BYE 6, 200 7."""


class World:
    """One call of a scenario, its peer and its clock (ns). `lost` is what `chance` draws."""

    def __init__(
        self,
        body: str,
        *,
        reliable: bool = False,
        behaviours: Behaviours | None = None,
        with_media: bool = False,
        **options: object,
    ) -> None:
        xml = f'<?xml version="1.0"?>\n<scenario name="test">{body}</scenario>'.encode()
        facts = RunFacts(
            local_ip="127.0.0.2",
            local_port=5062,
            remote_ip="127.0.0.1",
            remote_port=5060,
            pid=7,
            retransmits=not reliable,
            with_media=with_media,
            started_ns=0,
        )
        program = compile_program(load_scenario("test.xml", xml), facts)
        self.meter = Meter(
            steps=len(program.steps),
            timers=program.timers,
            counters=program.counters,
            response_bounds_ms=program.response_bounds_ms,
            call_length_bounds_ms=program.call_length_bounds_ms,
        )
        self.gathered = Gathered([self.meter.take()])
        self.draw = 1.0
        self.sent: list[bytes] = []
        self.logs: list[str] = []
        self.logged_beside: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []
        self.media = ToldMedia()
        self.over_at_ns: int | None = None
        self.wire_works = True
        self.refused = (Failure.CANNOT_SEND, "nobody carries it")
        self.read_late_ns = 0
        self.now_ns = S
        self._timers: list[tuple[int, int]] = []
        self.context = CallContext(
            program=program,
            meter=self.meter,
            host=self,
            behaviours=behaviours or Behaviours(),
            chance=lambda: self.draw,
            **options,  # type: ignore[arg-type]
        )

    def begin(self, *, late_ns: int = 0, outgoing: bool = True, call_id: bytes = b"1-7@127.0.0.2") -> Call:
        """Start the call, so late."""
        self.call = self.made(call_id, self.now_ns - late_ns)
        self.call.start(self.now_ns, outgoing=outgoing)
        return self.call

    def made(self, call_id: bytes, due_ns: int) -> Call:
        """The call, before it begins."""
        return Call(self.context, 1, call_id, due_ns=due_ns, cseq=0, local_port=5062)

    def pass_ms(self, ms: float) -> None:
        """Let time go by, waking the call when it wants to be woken."""
        end_ns = self.now_ns + round(ms * MS)
        while self._timers and self._timers[0][0] <= end_ns:
            self.now_ns = max(self.now_ns, heappop(self._timers)[0])
            self.call.queued_ns = 0
            if self.call.wake_ns and self.call.wake_ns <= self.now_ns:
                self.call.wake(self.now_ns)
            elif self.call.wake_ns:
                self.call.queued_ns = self.call.wake_ns
                heappush(self._timers, (self.call.wake_ns, len(self._timers)))
        self.now_ns = end_ns

    def answer(self, status: int, cseq: str = "1 INVITE", *, extra: str = "") -> None:
        """Bring a response, with a tag from 101 on."""
        tag = ";tag=peer" if status > 100 else ""
        self.bring(f"SIP/2.0 {status} Answer", f"To: <sip:bob@127.0.0.1>{tag}", f"CSeq: {cseq}", *filter(None, [extra]))

    def ask(self, method: str, cseq: int = 1, *, extra: str = "") -> None:
        """Bring a request."""
        self.bring(f"{method} sip:alice@127.0.0.2 SIP/2.0", "To: <sip:a@b>", f"CSeq: {cseq} {method}", *filter(None, [extra]))

    def bring(self, *lines: str) -> None:
        """Bring a message made of these lines."""
        head = [*lines, "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx", "From: <sip:x@y>;tag=f", "Call-ID: 1-7@127.0.0.2", "", ""]
        self.call.receive(Message("\r\n".join(head).encode()), self.now_ns, self.now_ns - self.read_late_ns)

    @property
    def measured(self) -> Measurements:
        self.gathered.take(0, self.meter.take())
        return self.gathered.measurements()

    @property
    def counters(self) -> Counters:
        return self.measured.counters

    @property
    def methods(self) -> list[str]:
        """The first word of each message sent, or the status of a response."""
        return [line.split()[1 if line.startswith("SIP/2.0") else 0] for line in (data.decode() for data in self.sent)]

    @property
    def failures(self) -> dict[Failure, int]:
        return self.counters.failures

    # Host

    def send(self, call: Call, data: bytes) -> bool:
        if self.wire_works:
            self.sent.append(data)
        return self.wire_works

    def refusal(self, call: Call) -> tuple[Failure, str]:
        return self.refused

    def wake(self, call: Call, due_ns: int) -> None:
        call.queued_ns = due_ns
        heappush(self._timers, (due_ns, len(self._timers)))

    def ended(self, call: Call, now_ns: int) -> None:
        self.over_at_ns = now_ns

    def media_of(self, call: Call) -> ToldMedia:
        return self.media

    def execute(self, command: bytes, label: str) -> None:
        self.logs.append(f"$ {command.decode()}")

    def redirect(self, call: Call, host: str, port: str, protocol: str) -> None:
        self.logs.append(f"{protocol} to {host} port {port}")
        if host == "nowhere":
            call.end(self.now_ns, Failure.CANNOT_SEND, "nowhere")

    def renew(self, call: Call) -> None:
        self.logs.append("renewed")

    def end_run(self) -> None:
        self.logs.append("end of the run")

    def logged(self, text: str, level: str = "info", name: str = "", attributes: tuple[tuple[str, str], ...] = ()) -> None:
        self.logs.append(text)
        self.logged_beside.append((level, name, attributes))

    def warned(self, text: str) -> None:
        self.logs.append(text)

    def aborted(self, reason: str) -> None:
        self.logs.append(reason)
