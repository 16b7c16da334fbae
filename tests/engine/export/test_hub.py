# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sinks get what they want; one that misbehaves harms neither the others nor the exporter, and all is accounted for."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from engine.errors import ExportError, ReportError
from engine.export import hub as module
from engine.export.hub import MOST_AT_ONCE, Hub
from engine.messages import Logged, QueueCounts, Warning
from engine.messages.records import ResponseTimed
from tests.engine.bus.events import logged, snapshot, warning
from tests.engine.export.conservation import conserved
from tests.engine.export.recording import KeepingSink, ended

TIMED = ResponseTimed(1, 1, b"1@here", "main", 0, "1", 5)


class OnlyWarnings(KeepingSink):
    name = "warnings"
    wants = frozenset({Warning})


async def run_to_the_end(hub: Hub) -> None:
    """Close, and let the sinks write what waits."""
    hub.close()
    with trio.fail_after(5):
        await hub.write()


async def test_each_sink_is_given_what_it_wants_and_nothing_else() -> None:
    all_of_it, warnings = KeepingSink(), OnlyWarnings()
    hub = Hub([all_of_it, warnings], [].append)
    assert hub.events == ("Snapshot", "Warning")
    await hub.take_records([ended(1), TIMED, ended(2)])
    for event in (warning("a"), logged("b"), snapshot(1)):
        hub.take_event(event)
    await run_to_the_end(hub)
    assert all_of_it.kept == [ended(1), ended(2), warning("a"), snapshot(1)]
    assert warnings.kept == [warning("a")]
    counts = hub.counts
    assert (counts.records, counts.events) == (3, 2)
    assert counts.queues == {"kept": QueueCounts(offered=4, written=4), "warnings": QueueCounts(offered=1, written=1)}


async def test_what_waits_in_no_queue_is_not_counted_as_an_event() -> None:
    hub = Hub([KeepingSink()], [].append)
    hub.take_last(snapshot(9))
    assert hub.counts.events == 0
    assert not any(issubclass(Logged, kind) for kind in KeepingSink.wants)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ZeroDivisionError("on purpose"), "kept has ended: internal error: ZeroDivisionError: on purpose"),
        (ReportError("calls", OSError(28, "No space left on device")), "kept has ended: calls: cannot be written: No space"),
    ],
)
@pytest.mark.parametrize("when", ["fails_to_take", "fails_to_write", "fails_to_abandon"])
async def test_a_sink_that_raises_ends_alone_and_what_it_had_is_dropped(error: Exception, told: str, when: str) -> None:
    warned: list[str] = []
    bad, good = KeepingSink(), OnlyWarnings()
    hub = Hub([bad, good], warned.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.write)
        hub.take_event(warning("before"))
        await trio.testing.wait_all_tasks_blocked()
        setattr(bad, when, error)
        for _ in range(3):
            hub.take_event(warning("then"))
            await trio.testing.wait_all_tasks_blocked()
        hub.close()
    hub.take_event(warning("after its end"))
    assert len(warned) == 1
    assert warned[0].startswith(told)
    assert len(good.kept) == 4
    counts = hub.counts.queues["kept"]
    conserved(counts)
    assert counts.written == (4 if when == "fails_to_abandon" else 1)
    assert counts.dropped >= 1


async def test_a_sink_that_is_not_ready_in_time_keeps_the_run_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_S", 0.05)

    class Slow(KeepingSink):
        async def open(self) -> None:
            await trio.sleep_forever()

    first = KeepingSink()
    first.take(ended(1))
    with pytest.raises(ExportError, match=r"^kept was not ready within 0\.05 s$"):
        await Hub([first, Slow()], [].append).open()
    conserved(first.counts)


async def test_sinks_that_take_too_long_are_cut_off_and_what_waits_is_dropped() -> None:
    class Hangs(KeepingSink):
        async def write(self) -> None:
            await trio.sleep_forever()

    hanging, good = Hangs(), OnlyWarnings()
    hub = Hub([hanging, good], [].append)
    hub.take_event(warning("a"))
    hub.close()
    with trio.move_on_after(0.05):
        await hub.write()
    assert good.kept == [warning("a")]
    assert hub.counts.queues["kept"] == QueueCounts(offered=1, dropped=1)


async def test_a_large_batch_leaves_others_their_turn() -> None:
    hub = Hub([KeepingSink(most=100_000)], [].append)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count_turns)
        await hub.take_records([ended(1)] * (10 * MOST_AT_ONCE))
        nursery.cancel_scope.cancel()
    assert turns >= 9
    assert hub.counts.records == 10 * MOST_AT_ONCE
