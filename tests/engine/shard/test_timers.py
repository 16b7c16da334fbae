# SPDX-License-Identifier: AGPL-3.0-or-later
"""A call is woken when it wants to be, whatever became of the times that it asked for before, and then it is let go."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from engine.call import Call
from engine.messages import Failure
from engine.shard.timers import FAR_NS, NEVER_NS, Timers
from tests.engine.call.virtual import MS, UAC_CALL, S, World


class Sleeper(World):
    """A call whose times are kept by real timers, several of which may share them."""

    def __init__(self, timers: Timers, body: str = UAC_CALL) -> None:
        super().__init__(body)
        self.timers = timers

    def wake(self, call: Call, due_ns: int) -> None:
        self.timers.add(call, due_ns)

    def ended(self, call: Call, now_ns: int) -> None:
        super().ended(call, now_ns)
        self.timers.forget(call)


def sleepers(count: int, body: str = UAC_CALL) -> tuple[Timers, list[Sleeper]]:
    timers = Timers()
    timers.fire(S, 0)
    worlds = [Sleeper(timers, body) for _ in range(count)]
    for each in worlds:
        each.begin()
    return timers, worlds


def pass_until(timers: Timers, now_ns: int, most: int = 1000) -> None:
    """Fire when the timers want to be asked, as the reactor does."""
    while timers.next_ns() <= now_ns:
        timers.fire(timers.next_ns(), most)
    timers.fire(now_ns, most)


def test_a_call_is_woken_at_its_time_and_not_before() -> None:
    timers, (sleeper,) = sleepers(1)
    pass_until(timers, S + 500 * MS - 1)
    assert sleeper.methods == ["INVITE"]
    assert timers.next_ns() == S + 500 * MS
    timers.fire(S + 500 * MS, 10)
    assert sleeper.methods == ["INVITE", "INVITE"]


def test_a_time_that_was_moved_back_is_found_again() -> None:
    timers, (sleeper,) = sleepers(1)
    sleeper.answer(200)
    assert sleeper.call.wake_ns == S + 1000 * MS
    pass_until(timers, S + 1000 * MS - 1)
    assert timers.next_ns() == sleeper.call.queued_ns == S + 1000 * MS
    assert sleeper.methods == ["INVITE", "ACK"]
    timers.fire(S + 1000 * MS, 10)
    assert sleeper.methods == ["INVITE", "ACK", "BYE"]


def test_a_time_that_was_moved_back_when_it_was_near_is_found_again() -> None:
    timers, (sleeper,) = sleepers(1)
    pass_until(timers, S + 499 * MS)
    sleeper.now_ns = S + 499 * MS
    sleeper.answer(200)
    pass_until(timers, S + 1499 * MS - 1)
    assert sleeper.methods == ["INVITE", "ACK"]
    timers.fire(S + 1499 * MS, 10)
    assert sleeper.methods == ["INVITE", "ACK", "BYE"]


def test_a_time_that_was_moved_forward_is_the_one_that_counts() -> None:
    body = UAC_CALL.replace('<recv response="200" rtd="true"/>', '<recv response="200" rtd="true" timeout="3600000"/>')
    timers, (sleeper,) = sleepers(1, body.replace(' retrans="500"', ""))
    assert sleeper.call.queued_ns == S + 3_600_000 * MS
    sleeper.answer(200)
    pass_until(timers, S + 1000 * MS)
    assert sleeper.methods == ["INVITE", "ACK", "BYE"]
    pass_until(timers, S + 3_700_000 * MS)
    assert sleeper.failures == {}


def test_a_call_that_is_over_is_let_go() -> None:
    timers, (sleeper,) = sleepers(1)
    sleeper.call.stop(S)
    assert (timers.held, timers.next_ns()) == (0, NEVER_NS)
    pass_until(timers, 10 * S)
    assert sleeper.methods == ["INVITE"]


def test_calls_that_are_over_before_a_long_timeout_are_let_go() -> None:
    timers, worlds = sleepers(1000, '<recv response="200" timeout="3600000"/>')
    assert timers.held == 1000
    for each in worlds[10:]:
        each.call.stop(S)
    assert timers.held == 10


def test_a_call_in_a_circle_has_one_time() -> None:
    circle = '<label id="again"/><recv response="200" timeout="3600000"/><pause milliseconds="10"/><nop next="again"/>'
    timers, (sleeper,) = sleepers(1, "<send><![CDATA[\nOPTIONS sip:x SIP/2.0\nCall-ID: [call_id]\n\n]]></send>" + circle)
    most = 0
    for number in range(1000):
        sleeper.now_ns = S + number * 11 * MS
        pass_until(timers, sleeper.now_ns)
        sleeper.answer(200, "1 OPTIONS", extra=f"X: {number}")
        assert sleeper.call.wake_ns == sleeper.now_ns + 10 * MS
        most = max(most, timers.held)
    assert most <= 2 + 2 * FAR_NS // (11 * MS), "held is what was asked for in the near past"


def test_what_has_no_time_any_more_is_let_go_soon() -> None:
    """The INVITE's retransmission is over, and nothing else has a time."""
    timers, (sleeper,) = sleepers(1, UAC_CALL.partition("<pause")[0] + '<recv response="200"/>')
    sleeper.answer(200)
    assert sleeper.call.wake_ns == 0
    pass_until(timers, 2 * S)
    assert (timers.held, timers.next_ns()) == (0, NEVER_NS)


def test_only_so_many_are_woken_at_once() -> None:
    timers, worlds = sleepers(5)
    pass_until(timers, S + 499 * MS)
    timers.fire(S + 500 * MS, 3)
    assert sorted(len(sleeper.sent) for sleeper in worlds) == [1, 1, 2, 2, 2]
    assert timers.next_ns() <= S + 500 * MS
    timers.fire(S + 500 * MS, 3)
    assert [len(sleeper.sent) for sleeper in worlds] == [2] * 5


def test_many_times_that_come_near_are_taken_in_small_portions() -> None:
    timers, worlds = sleepers(500)
    fired = 0
    while timers.next_ns() <= S + 500 * MS:
        timers.fire(timers.next_ns(), 10)
        assert timers.fired - fired <= 10
        fired = timers.fired
    assert all(sleeper.methods == ["INVITE", "INVITE"] for sleeper in worlds)


def test_a_process_that_was_stopped_for_long_wakes_its_calls_at_once() -> None:
    timers, worlds = sleepers(3)
    timers.fire(S + 3_600_000 * MS, 10)
    assert [len(sleeper.sent) for sleeper in worlds] == [2, 2, 2]


@dataclass
class Wish:
    """A call, when it wants to be woken, and when it was."""

    world: Sleeper
    wanted_ns: int = 0
    woken_ns: list[int] = field(default_factory=list)

    def want(self, due_ns: int) -> None:
        self.wanted_ns = due_ns
        self.world.call._wait(due_ns, self.woken)
        self.world.call._schedule()

    def woken(self, call: Call, now_ns: int) -> None:
        assert self.wanted_ns == now_ns, f"wanted {self.wanted_ns}, woken {now_ns}"
        self.wanted_ns = 0


MOVES = st.tuples(st.integers(0, 7), st.sampled_from((0, 1, 30 * MS, 140 * MS, 600 * MS, 5 * S, 3600 * S)))


@given(
    st.lists(st.one_of(MOVES, st.integers(0, 7), st.sampled_from((1, MS, 50 * MS, 400 * MS, 30 * S)).map(float)), max_size=60)
)
def test_every_call_is_woken_when_it_wanted_to_be_and_at_no_other_time(events: list[tuple[int, int] | int | float]) -> None:
    """A pair: a call wants a time so far ahead. A whole number: this call ends. Another: so much time goes by."""
    timers = Timers()
    now_ns = S
    timers.fire(now_ns, 0)
    wishes = [Wish(Sleeper(timers, '<recv request="INVITE"/>')) for _ in range(8)]
    for wish in wishes:
        wish.world.begin(outgoing=False)
    for event in events:
        if isinstance(event, tuple):
            wish = wishes[event[0]]
            if not wish.world.call.is_over:
                wish.want(now_ns + event[1])
        elif isinstance(event, int):
            wishes[event].world.call.stop(now_ns)
            wishes[event].wanted_ns = 0
        else:
            until_ns = now_ns + int(event)
            while timers.next_ns() <= until_ns:
                timers.fire(max(now_ns, timers.next_ns()), 100)
            now_ns = until_ns
            timers.fire(now_ns, 100)
            assert all(not wish.wanted_ns or wish.wanted_ns > now_ns for wish in wishes), "somebody was not woken"
    pass_until(timers, now_ns + 2 * 3600 * S)
    assert (timers.held, timers.next_ns()) == (0, NEVER_NS)


def test_a_call_that_raises_fails_and_the_next_is_woken() -> None:
    timers, (bad, good) = sleepers(2)

    def explode(call: object, data: bytes) -> bool:
        raise ZeroDivisionError("on purpose")

    bad.context.send = explode
    pass_until(timers, S + 500 * MS)
    assert bad.failures == {Failure.CANNOT_SEND: 1}
    assert bad.counters.fatal_errors == 1
    assert bad.logs == ["internal error: ZeroDivisionError: on purpose in step 3 (200)"]
    assert good.methods == ["INVITE", "INVITE"]
