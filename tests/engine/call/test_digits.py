# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls that wait for digits."""

from __future__ import annotations

import pytest

from engine.messages import Failure
from tests.engine.call.virtual import UAC_CALL, World

WAITS = '<recv dtmf="[0-9]{2}#" timeout="2000"><action><log message="took [dtmf_digits]"/></action></recv>'


def answered(step: str = WAITS) -> World:
    """A call that has been answered and came to this step."""
    world = World(UAC_CALL.replace('<pause milliseconds="1000"/>', step), with_media=True)
    world.begin()
    world.answer(200)
    return world


def press(world: World, digits: bytes) -> None:
    for digit in digits:
        world.media.digits_come += bytes([digit])
        world.call.digits_arrived(world.now_ns)


def test_a_call_goes_on_when_the_digits_have_come() -> None:
    world = answered()
    press(world, b"12")
    assert world.methods == ["INVITE", "ACK"]
    press(world, b"#")
    assert world.methods == ["INVITE", "ACK", "BYE"]
    assert world.logs == ["took 12#"]
    assert world.measured.steps[5].messages == 1


def test_digits_that_came_before_count_and_what_is_left_is_for_the_next() -> None:
    world = answered(
        f'<pause milliseconds="500"/>{WAITS}<recv dtmf="9"><action><log message="and [dtmf_digits]"/></action></recv>'
    )
    press(world, b"12#9")
    assert world.logs == []
    world.pass_ms(500)
    assert world.logs == ["took 12#", "and 9"]
    assert world.methods == ["INVITE", "ACK", "BYE"]


def test_without_them_the_call_fails_and_its_peer_is_told() -> None:
    world = answered()
    press(world, b"12")
    world.pass_ms(2000)
    assert world.methods == ["INVITE", "ACK", "BYE"]
    assert world.failures == {Failure.TIMEOUT_ON_RECV: 1}
    assert list(world.counters.reasons) == ["timeout in step 5 (dtmf [0-9]{2}#)"]


def test_or_it_goes_where_the_step_says() -> None:
    tells = '<label id="none"/><nop><action><log message="none"/></action></nop>'
    world = answered(f'<recv dtmf="1" timeout="100" ontimeout="none"/><nop/>{tells}')
    world.pass_ms(100)
    assert world.logs == ["none"]
    assert world.measured.steps[5].timeouts == 1
    assert not world.counters.failed


@pytest.mark.parametrize("step", ['<recv dtmf="1"/>', '<recv dtmf="1" timeout="0"/>'])
def test_without_a_timeout_it_waits_for_ever(step: str) -> None:
    world = answered(step)
    world.pass_ms(100_000)
    assert not world.call.is_over
    press(world, b"1")
    assert world.methods == ["INVITE", "ACK", "BYE"]


def test_digits_at_another_step_lead_nowhere() -> None:
    world = answered("<pause/>")
    press(world, b"12#")
    world.answer(200, "2 BYE")
    assert world.call.is_over
    press(world, b"12#")
