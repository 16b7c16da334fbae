# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a call waits for, and what is measured on its way. As SIPp 3.6.1 does it."""

from __future__ import annotations

from engine.call import Behaviours
from engine.messages import Failure
from tests.engine.call.virtual import MS, World


def ask(method: str, cseq: int = 1) -> str:
    """A `send` of a request."""
    return f"""<send><![CDATA[
    {method} sip:b@127.0.0.1 SIP/2.0
    Via: SIP/2.0/UDP 127.0.0.2;branch=[branch]
    Call-ID: [call_id]
    CSeq: {cseq} {method}

  ]]></send>"""


OK = '<recv response="200"/>'


def test_a_global_optional_stays_open_to_the_end() -> None:
    body = ask("OPTIONS") + '<recv request="INFO" optional="{}"><action><log message="info"/></action></recv>' + OK
    body += ask("OPTIONS", 2) + OK + ask("OPTIONS", 3) + OK
    for kind, expected in [("global", (["info"], 0)), ("true", ([], 1))]:
        world = World(body.format(kind))
        world.begin()
        world.answer(200, "1 OPTIONS")
        world.answer(200, "2 OPTIONS")
        world.ask("INFO", 7)
        assert (world.logs, world.counters.failed) == expected
        if kind == "global":
            world.answer(200, "3 OPTIONS")
            assert world.counters.successful == 1


def test_a_response_must_be_to_a_method_that_was_sent() -> None:
    world = World(ask("OPTIONS") + OK)
    world.begin()
    world.answer(200, "1 REGISTER")
    assert world.failures == {Failure.UNEXPECTED_MESSAGE: 1}
    world = World(ask("OPTIONS") + OK, behaviours=Behaviours.parse("all,-cseq"))
    world.begin()
    world.answer(200, "1 REGISTER")
    assert world.counters.successful == 1


def test_a_message_waits_only_so_long_to_be_sent() -> None:
    """It has to wait while the one before is repeated."""
    held = ask("OPTIONS").replace("<send", '<send retrans="500"') + ask("INFO", 2).replace("<send", '<send timeout="800"{}')
    world = World(held.format(""))
    world.begin()
    world.pass_ms(799)
    assert (world.methods, world.counters.open) == (["OPTIONS", "OPTIONS"], 1)
    world.pass_ms(1)
    assert world.failures == {Failure.TIMEOUT_ON_SEND: 1}
    world = World(held.format(' ontimeout="late"') + '<label id="late"/><nop><action><log message="late"/></action></nop>')
    world.begin()
    world.pass_ms(800)
    assert (world.logs, world.failures) == (["late"], {})


def test_a_timer_is_taken_once_unless_it_repeats() -> None:
    again = '<recv response="100" optional="true" rtd="1" repeat_rtd="{}"/>'
    for repeat, expected in [("true", [3 * MS, 8 * MS]), ("false", [3 * MS, 3 * MS])]:
        world = World(ask("OPTIONS") + again.format(repeat) + '<recv response="200" rtd="1"/>')
        world.begin()
        world.pass_ms(3)
        world.answer(100, "1 OPTIONS")
        world.pass_ms(5)
        world.answer(200, "1 OPTIONS")
        times = world.measured.response_times["1"]
        assert [times.min_ns, times.max_ns] == expected, repeat


def test_response_times_are_counted_by_the_bounds_of_the_scenario() -> None:
    world = World('<ResponseTimeRepartition value="10, 20"/>' + ask("OPTIONS") + '<recv response="200" rtd="1"/>')
    world.begin()
    world.pass_ms(15)
    world.answer(200, "1 OPTIONS")
    times = world.measured.response_times["1"]
    assert (times.bounds_ms, times.repartition) == ((10, 20), [0, 1, 0])


def test_call_lengths_are_counted_by_the_bounds_of_the_scenario() -> None:
    world = World('<CallLengthRepartition value="10, 20"/>' + ask("OPTIONS") + OK)
    world.begin()
    world.pass_ms(25)
    world.answer(200, "1 OPTIONS")
    lengths = world.measured.call_length
    assert (lengths.bounds_ms, lengths.repartition) == ((10, 20), [0, 0, 1])
