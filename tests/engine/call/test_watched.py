# SPDX-License-Identifier: AGPL-3.0-or-later
"""A watched call does what any call does, and tells it in its order: messages with their steps, what actions did, its end."""

from __future__ import annotations

from engine.call import Call
from engine.call.base import CallBase
from engine.call.watched import Watched, Watcher
from engine.messages import Failure
from engine.sip.message import Message
from tests.engine.call.virtual import UAC_CALL, World


class Told(Watcher):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.keeps = True

    def begun(self, call: Watched, now_ns: int) -> None:
        call.history = self if self.keeps else None
        self.lines.append(f"begun {'out' if call.outgoing else 'in'}")

    def received(self, call: Watched, data: bytes, arrived_ns: int) -> None:
        self.lines.append(f"received {data.split(b' ')[1 if data.startswith(b'SIP') else 0].decode()}")

    def took(self, step: int, again: bool) -> None:
        self.lines.append(f"step {step}{' again' if again else ''}")

    def unexpected(self, expected: str) -> None:
        self.lines.append(f"instead of {expected}")

    def settled(self) -> None:
        pass

    def lost(self, call: Watched, step: int, sent: bool) -> None:
        self.lines.append(f"lost {step} {'sent' if sent else 'received'}")

    def did(self, call: Watched, text: str) -> None:
        self.lines.append(text)

    def logged(self, call: Watched, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        self.lines.append(f"{level} {text}{f' {name} {dict(attributes)}' if name else ''}")

    def timed_out(self, call: Watched, step: int, expected: str, timeout_ms: int, source: str) -> None:
        self.lines.append(f"{source} {step} {timeout_ms} ms: {expected}")

    def timed(self, call: Watched, step: int, name: str, elapsed_ns: int) -> None:
        self.lines.append(f"timer {name} {elapsed_ns // 1_000_000} ms")

    def challenged(self, call: Watched, message: Message) -> None:
        self.lines.append(f"challenged {message.status}")

    def ended(self, call: Watched, now_ns: int) -> None:
        how = call.failure or ("cut off" if call.cut_off else "ok")
        self.lines.append(f"ended {how} {call.status} {call.sent_count}/{call.received_count}/{call.repeated_count}")


class WatchedWorld(World):
    """The world of one call that is watched."""

    def __init__(self, body: str, **options: object) -> None:
        super().__init__(body, **options)  # type: ignore[arg-type]
        self.told = Told()
        carry = self.context.send

        def send(call: CallBase, data: bytes) -> bool:
            sent = carry(call, data)
            if sent and isinstance(call, Watched):
                call.sent(data)
                what = data.split(b" ")[1 if data.startswith(b"SIP") else 0].decode()
                self.told.lines.append(f"sent {what} {call.sending}{' again' if call.sends_again else ''}")
                call.sent_is_told()
            return sent

        self.context.send = send

    def made(self, call_id: bytes, due_ns: int) -> Call:
        return Watched(self.told, self.context, 1, call_id, due_ns=due_ns, cseq=0)


def test_a_call_that_goes_well() -> None:
    world = WatchedWorld(UAC_CALL)
    world.begin()
    world.pass_ms(10)
    world.answer(180)
    world.answer(200)
    world.answer(200)
    world.pass_ms(1000)
    world.answer(200, "2 BYE")
    assert world.told.lines == [
        "begun out",
        "sent INVITE 0",
        "received 180",
        "step 2",
        "received 200",
        "step 3",
        "timer 1 10 ms",
        "sent ACK 4",
        "received 200",
        "step 3 again",
        "sent ACK 4 again",
        "sent BYE 6",
        "received 200",
        "step 7",
        "ended ok 200 4/4/1",
    ]
    assert world.counters.successful == 1


def test_retransmissions_and_giving_up() -> None:
    world = WatchedWorld(UAC_CALL, max_invite_retransmissions=2)
    world.begin()
    world.pass_ms(10_000)
    assert world.told.lines == [
        "begun out",
        "sent INVITE 0",
        "sent INVITE 0 again",
        "sent INVITE 0 again",
        "retransmission 0 0 ms: step 0 (INVITE)",
        "ended FailedMaxUDPRetrans 0 3/0/2",
    ]


def test_what_was_not_expected_and_what_the_call_says_of_itself_then() -> None:
    world = WatchedWorld(UAC_CALL)
    world.begin()
    world.answer(486)
    assert world.told.lines[2:] == [
        "received 486",
        "instead of step 3 (200)",
        "sent ACK -1",
        "ended FailedUnexpectedMessage 486 2/1/0",
    ]


def test_what_actions_do_is_told_of_calls_that_are_kept() -> None:
    body = """
      <recv request="INVITE"><action>
        <ereg regexp="sip:([a-z]+)@" search_in="msg" assign_to="whole,name"/>
        <assign assign_to="number" value="3.5"/>
        <log message="called [$name]" />
        <log message="more" level="error" name="n" attr.a="b"/>
        <warning message="beware"/>
        <jump value="2"/>
      </action></recv>
      <nop/>
      <pause milliseconds="100"/>
      <Reference variables="whole,name,number"/>
    """
    told = []
    for keeps in (True, False):
        world = WatchedWorld(body)
        world.told.keeps = keeps
        world.begin(outgoing=False)
        world.ask("INVITE")
        world.pass_ms(200)
        told.append(world.told.lines)
    logged = ["info called alice", "error more n {'a': 'b'}", "warn beware"]
    did = ["$whole = 'sip:alice@'", "$name = 'alice'", "$number = 3.5"]
    assert told[0] == [
        "begun in",
        "received INVITE",
        "step 0",
        *logged,
        "jump to step 2 (pause)",
        *did,
        "ended ok 0 0/1/0",
    ]
    assert told[1] == ["begun in", "received INVITE", "step 0", *logged, "ended ok 0 0/1/0"]


def test_what_is_lost_on_purpose_both_ways() -> None:
    world = WatchedWorld('<recv request="INVITE" lost="50"/><recv request="BYE"/>')
    world.draw = 0.0
    world.begin(outgoing=False)
    world.ask("INVITE")
    assert world.told.lines == ["begun in", "received INVITE", "lost 0 received"]
    world = WatchedWorld(UAC_CALL.replace('<send retrans="500">', '<send retrans="500" lost="50">', 1))
    world.draw = 0.0
    world.begin()
    assert world.told.lines == ["begun out", "lost 0 sent"]


def test_a_step_that_waits_in_vain() -> None:
    world = WatchedWorld('<recv request="INVITE"/><recv request="BYE" timeout="300"/>')
    world.begin(outgoing=False)
    world.ask("INVITE")
    world.pass_ms(400)
    assert world.told.lines[-2:] == ["recv 1 300 ms: step 1 (BYE)", f"ended {Failure.TIMEOUT_ON_RECV} 0 0/1/0"]


def test_a_call_that_is_cut_off_has_neither_succeeded_nor_failed() -> None:
    world = WatchedWorld(UAC_CALL)
    call = world.begin()
    world.answer(180)
    call.stop(world.now_ns)
    assert world.told.lines[-2:] == ["sent CANCEL -1", "ended cut off 0 2/1/0"]
    assert world.counters.open == 1


def test_a_challenge() -> None:
    world = WatchedWorld(UAC_CALL.replace('<recv response="100" optional="true"/>', '<recv response="401" auth="true"/>'))
    world.begin()
    world.answer(401, extra='WWW-Authenticate: Digest realm="here", nonce="1"')
    assert "challenged 401" in world.told.lines


def test_a_call_that_could_not_begin() -> None:
    world = WatchedWorld(UAC_CALL)
    call = world.made(b"1", world.now_ns)
    assert isinstance(call, Watched)
    call.unstarted(world.now_ns, Failure.CANNOT_SEND, "no socket")
    assert world.told.lines == ["begun out", f"ended {Failure.CANNOT_SEND} 0 0/0/0"]
