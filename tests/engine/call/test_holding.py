# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls that an action holds until something has come about (`exec rtpcheck`), and SDP that they hand on."""

from __future__ import annotations

import pytest

from engine.call.holding import LOOK_AGAIN_NS
from engine.messages import Failure
from tests.engine.call.virtual import MS, UAC_CALL, World

CHECK = '<action><exec rtpcheck="min_packets=5 direction=recv timeout_ms=300"/></action>'
IN_NOP = UAC_CALL.replace('<pause milliseconds="1000"/>', f"<nop>{CHECK}</nop>")
IN_RECV = UAC_CALL.replace('<recv response="200" rtd="true"/>', f'<recv response="200" rtd="true">{CHECK}</recv>')
IN_PAUSE = UAC_CALL.replace('<pause milliseconds="1000"/>', f'<pause milliseconds="100">{CHECK}</pause>')


def answered(body: str) -> World:
    world = World(body, with_media=True)
    world.begin()
    world.answer(200)
    return world


@pytest.mark.parametrize(("body", "waits", "goes_on"), [(IN_NOP, "ACK", "BYE"), (IN_RECV, "INVITE", "ACK")])
def test_a_call_waits_until_it_is_over(body: str, waits: str, goes_on: str) -> None:
    world = answered(body)
    world.pass_ms(100)
    assert world.methods[-1] == waits
    world.media.figures_now["packets"] = 5
    world.pass_ms(LOOK_AGAIN_NS / MS)
    assert world.methods[-1] == goes_on
    assert not world.failures
    assert world.media.told == ["checks audio"]


@pytest.mark.parametrize(("body", "waits", "goes_on"), [(IN_NOP, "ACK", "BYE"), (IN_RECV, "INVITE", "ACK")])
def test_or_until_it_is_late_and_has_failed_in_the_end(body: str, waits: str, goes_on: str) -> None:
    world = answered(body)
    world.pass_ms(299)
    assert world.methods[-1] == waits
    world.pass_ms(LOOK_AGAIN_NS / MS)
    assert world.methods[-1] == goes_on
    world.pass_ms(1000)
    world.answer(200, "2 BYE")
    assert world.failures == {Failure.RTP_CHECK: 1}


@pytest.mark.parametrize(("body", "step"), [(IN_NOP, "step 5 (nop)"), (IN_RECV, "step 3 (200)"), (IN_PAUSE, "step 5 (pause)")])
def test_the_reason_names_the_step_that_asked(body: str, step: str) -> None:
    world = answered(body)
    world.pass_ms(1500)
    world.answer(200, "2 BYE")
    assert list(world.meter.counters.reasons) == [f"rtpcheck of audio: 0 packets received, at least 5 wanted in {step}"]


def test_it_names_that_step_also_when_a_message_has_led_on() -> None:
    body = UAC_CALL.replace('<recv response="100" optional="true"/>', f'<recv response="100">{CHECK}</recv>')
    world = World(body, with_media=True)
    world.begin()
    for status in (100, 200):
        world.answer(status)
    world.pass_ms(1000)
    world.answer(200, "2 BYE")
    assert list(world.meter.counters.reasons) == ["rtpcheck of audio: 0 packets received, at least 5 wanted in step 1 (100)"]


def test_what_holds_a_pause_is_looked_at_when_it_is_over() -> None:
    world = answered(IN_PAUSE)
    world.pass_ms(101)
    assert world.methods[-1] == "ACK"
    world.media.figures_now["packets"] = 5
    world.pass_ms(20)
    assert world.methods[-1] == "BYE"


def test_media_that_are_there_hold_nobody() -> None:
    world = World(IN_NOP, with_media=True)
    world.media.figures_now["packets"] = 9
    world.begin()
    world.answer(200)
    assert world.methods == ["INVITE", "ACK", "BYE"]


def test_a_message_that_leads_on_ends_the_waiting() -> None:
    body = UAC_CALL.replace('<recv response="100" optional="true"/>', f'<recv response="100">{CHECK}</recv>')
    world = World(body, with_media=True)
    world.begin()
    world.answer(100)
    world.answer(200)
    assert world.methods == ["INVITE", "ACK"]
    world.pass_ms(1000)
    world.answer(200, "2 BYE")
    assert world.failures == {Failure.RTP_CHECK: 1}
    assert world.media.told == ["checks audio", "closed"]


def test_a_message_that_leads_nowhere_is_judged_at_once() -> None:
    body = UAC_CALL.replace('<recv response="180" optional="true"/>', f'<recv response="180" optional="true">{CHECK}</recv>')
    world = World(body, with_media=True)
    world.begin()
    world.answer(180)
    assert world.media.told == ["checks audio"]
    world.answer(200)
    assert world.methods == ["INVITE", "ACK"]


def test_a_call_that_ends_meanwhile_waits_no_more() -> None:
    world = answered(IN_NOP)
    world.call.stop(world.now_ns)
    world.pass_ms(1000)
    assert world.call.is_over
    assert world.media.told == ["closed"]


# --- what is handed on ---------------------------------------------------------------------------------------------------

SDP = "Content-Type: application/sdp"


@pytest.mark.parametrize(
    ("attribute", "with_media", "told"),
    [
        ("", True, ["sdp sent", "sdp received"]),
        ('ignoresdp="true"', True, ["sdp sent"]),
        ('ignoresdp="false"', True, ["sdp sent", "sdp received"]),
        ("", False, []),
    ],
)
def test_sdp_is_handed_on_where_a_call_has_media(attribute: str, with_media: bool, told: list[str]) -> None:
    body = UAC_CALL.replace("CSeq: 1 INVITE\n", f"CSeq: 1 INVITE\n    {SDP}\n")
    world = World(
        body.replace('<recv response="200" rtd="true"/>', f'<recv response="200" {attribute}/>', 1), with_media=with_media
    )
    world.begin()
    world.answer(100)
    world.answer(200, extra=SDP)
    assert world.media.told == told


def test_an_action_without_a_port_fails_the_call_and_breaks_nothing() -> None:
    body = UAC_CALL.replace(
        '<pause milliseconds="1000"/>', '<nop><action><log message="[rtpstream_audio_port]"/></action></nop>'
    )
    world = World(body, with_media=True)
    world.media.has_ports = False
    world.begin()
    world.answer(200)
    world.answer(200, "2 BYE")
    assert world.failures == {Failure.CANNOT_SEND: 1}
    assert list(world.counters.reasons) == ["all ports for media are taken in step 5 (nop)"]
