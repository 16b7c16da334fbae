# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the media of real runs measured comes to the summary, whole, from one shard and from several."""

from __future__ import annotations

import pytest

from engine import open_engine
from engine.messages import Failure, MediaSummary, Outcome, StopRun, Summary
from tests.engine.run.runs import call, serve

CALLS = 6
FEWEST_PACKETS = 120
"""A leg's, in the three seconds that `stream_uac` talks."""


def media_of(summary: Summary) -> MediaSummary:
    assert summary.media is not None
    return summary.media


@pytest.mark.parametrize("workers", [1, 2])
async def test_what_one_side_sent_the_other_received(workers: int) -> None:
    async with open_engine(in_process=workers == 1) as bus:
        server = await serve(bus, scenario_name="stream_uas")
        client = await call(bus, server.port, scenario_name="stream_uac", max_calls=CALLS, rate=20.0, workers=workers)
        talking = await client.until(lambda snapshot: snapshot.media and snapshot.media.counters.streams_in == CALLS)
        summary = await client.finish()
        await server.until(lambda snapshot: snapshot.counters.open == 0)
        await bus.call(StopRun(run=server.name, now=True))
        answered = await server.finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.PASSED, 0)
    assert talking.media is not None
    assert talking.media.counters.streams_out == CALLS
    ours, theirs = media_of(summary), media_of(answered)
    assert (ours.counters.legs, ours.counters.streams_out, ours.counters.streams_in) == (CALLS, 0, 0)
    assert (ours.counters.checks_passed, ours.counters.checks_failed) == (CALLS, 0)
    assert ours.counters.packets_received >= CALLS * FEWEST_PACKETS
    assert ours.counters.packets_sent == ours.lateness.count
    assert theirs.counters.packets_received <= ours.counters.packets_sent
    assert ours.counters.octets_sent == 172 * ours.counters.packets_sent
    assert (ours.mos.count, ours.loss_percent.count, ours.jitter.count, ours.gap.count) == (CALLS,) * 4
    assert ours.mos.min > 4
    assert ours.sent_mos.count == ours.sent_jitter.count == ours.sent_loss_percent.count


async def test_a_check_that_does_not_hold_is_a_class_of_failure_and_an_exit_code() -> None:
    async with open_engine() as bus:
        server = await serve(bus)  # which answers and says nothing
        client = await call(bus, server.port, scenario_name="stream_uac", max_calls=2)
        summary = await client.finish()
    assert (summary.outcome, summary.exit_code) == (Outcome.CHECK_FAILED, 253)
    assert summary.counters.failures == {Failure.RTP_CHECK: 2}
    assert media_of(summary).counters.checks_failed == 2
    assert media_of(summary).mos.count == 0


async def test_a_scenario_without_media_has_none_in_its_summary() -> None:
    async with open_engine() as bus:
        server = await serve(bus)
        summary = await (await call(bus, server.port, max_calls=2)).finish()
    assert summary.media is None
