# SPDX-License-Identifier: AGPL-3.0-or-later
"""F3 Live on a real engine: calls on loopback, steered by keys, and recordings played."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher

from engine import EngineThread
from engine.messages import Outcome, RunState
from engine.options import RunConfig
from gossipper_tui.app import GossipperApp
from gossipper_tui.demo import CAPTIONS, DemoApp, demo_configs
from gossipper_tui.screens import SCREENS
from gossipper_tui.screens.live import MEDIA_TAB, TABS, LiveScreen
from gossipper_tui.views.spans import plain
from gossipper_tui.widgets.flow_table import FlowTable
from gossipper_tui.widgets.tab_bar import TabBar
from tests.gossipper_tui import samples
from tests.gossipper_tui.screens.make_recordings import RECORDINGS
from tests.gossipper_tui.screens.pilots import press, settle, until
from tests.programs import free_port

pytestmark = pytest.mark.usefixtures("library")


def drive(test: Callable[[Pilot[None], DemoApp], Awaitable[None]], pause_ms: int = 200, max_calls: int | None = None) -> int:
    """Run the demo's two runs on a real engine; returns the application's exit code."""
    server, client = demo_configs(free_port(), free_port())
    client = RunConfig(
        remote=client.remote,
        local_ip=client.local_ip,
        local_port=client.local_port,
        rate=20,
        pause_ms=pause_ms,
        max_calls=max_calls,
    )

    async def run() -> int:
        with EngineThread() as bus:
            app = DemoApp(bus, server, client)
            async with app.run_test(size=(100, 30)) as pilot:
                await until(pilot, lambda: app.session.run is not None and _created(app) > 0, "calls of the client")
                await test(pilot, app)
            return app.exit_code

    return asyncio.run(run())


def _created(app: GossipperApp) -> int:
    run = app.session.run
    return run.snapshot.counters.created if run and run.snapshot else 0


def _state(app: GossipperApp) -> RunState | None:
    run = app.session.run
    return run.snapshot.state if run and run.snapshot else None


def _outcome(app: GossipperApp) -> Outcome | None:
    run = app.session.run
    return run.summary.outcome if run and run.summary else None


def test_calls_are_seen_in_the_flow_and_end_as_passed():
    async def test(pilot, app):
        await until(pilot, lambda: _outcome(app) is not None, "the end of the run")
        await settle(pilot)
        assert _outcome(app) is Outcome.PASSED
        flow = [plain(line) for line in app.screen.query_one(FlowTable).lines]
        assert any("INVITE" in line and " 12 " in f"{line} " for line in flow)

    assert drive(test, max_calls=12) == 0


def test_keys_change_the_rate():
    async def test(pilot, app):
        screen = app.screen
        await pilot.press("plus", "plus", "asterisk")
        await until(pilot, lambda: app.session.run.snapshot.target_rate == 32, "the new rate")
        await settle(pilot)
        assert screen.steering.target(app.session.run) is None
        await pilot.press("minus", "slash")
        await until(pilot, lambda: app.session.run.snapshot.target_rate == 21, "the lower rate")

    drive(test)


def test_traffic_is_paused_and_goes_on():
    async def test(pilot, app):
        await pilot.press("p")
        await until(pilot, lambda: _state(app) is RunState.PAUSED, "a pause")
        created = _created(app)
        await pilot.press("p")
        await until(pilot, lambda: _state(app) is RunState.RUNNING, "the end of the pause")
        await until(pilot, lambda: _created(app) > created, "more calls")

    drive(test)


def test_q_waits_for_the_open_calls():
    async def test(pilot, app):
        await pilot.press("q")
        await until(pilot, lambda: _outcome(app) is not None, "the end of the run")
        assert app.session.run.summary.counters.open == 0
        assert app.session.run.summary.counters.failed == 0

    drive(test)


def test_q_twice_and_capital_q_stop_now():
    async def test(pilot, app):
        await pilot.press("q", "q")
        await until(pilot, lambda: _outcome(app) is not None, "the end of the run")
        assert _outcome(app) is Outcome.STOPPED

    assert drive(test, pause_ms=600_000) == 97


def test_both_runs_have_a_tab():
    async def test(pilot, app):
        bar = app.screen.query_one("#runs", TabBar)
        await until(pilot, lambda: bar.labels == ("uas", "uac"), "both tabs")
        assert bar.labels[bar.chosen] == "uac"
        await press(pilot, "r")
        assert bar.labels[bar.chosen] == "uas"
        assert app.session.run.started.scenario.source == "uas"
        assert not app.screen.check_action("change_rate", (1,))

    drive(test)


def test_quitting_while_a_run_goes_on_takes_two_presses():
    async def test(pilot, app):
        await pilot.press("ctrl+q")
        await settle(pilot)
        assert app.is_running
        await pilot.press("ctrl+q")

    drive(test)


def test_every_screen_of_the_demo_has_a_caption():
    async def test(pilot, app):
        for entry in SCREENS:
            await press(pilot, entry.key)
            assert str(app.screen.query_one("#caption").render()) == CAPTIONS[entry.name]

    drive(test)


def test_a_run_with_media_has_a_tab_for_it_and_others_have_none():
    async def run(recording: str, sequence: int, keys: tuple[str, ...]) -> tuple[tuple[str, ...], int, str | None]:
        with EngineThread(replay=RECORDINGS / recording, speed=math.inf) as bus:
            app = GossipperApp(bus, RunConfig(), first_screen="live")
            async with app.run_test(size=(120, 40)) as pilot:
                await until(pilot, lambda: _sequence(app) >= sequence, "the last snapshot")
                await settle(pilot)
                await press(pilot, *keys)
                tabs = app.screen.query_one("#tabs", TabBar)
                return tabs.labels, tabs.chosen, app.screen.query_one(ContentSwitcher).current

    last = samples.snapshots()[-1].sequence
    assert asyncio.run(run("media.jsonl", last, ("6",))) == ((*TABS, MEDIA_TAB), 5, "tab-5")
    assert asyncio.run(run("media.jsonl", last, ("left",))) == ((*TABS, MEDIA_TAB), 5, "tab-5")
    assert asyncio.run(run("client.jsonl", last, ("6",))) == (TABS, 0, "tab-0")
    assert asyncio.run(run("client.jsonl", last, ("left",))) == (TABS, 4, "tab-4")


def test_who_looks_from_the_media_of_one_run_at_one_without_sees_its_flow():
    async def run() -> None:
        with EngineThread(replay=RECORDINGS / "finished.jsonl", speed=math.inf) as bus:
            app = GossipperApp(bus, RunConfig(), first_screen="live")
            async with app.run_test(size=(120, 40)) as pilot:
                await until(pilot, lambda: len(app.session.runs.runs) == 2 and _sequence(app) > 60, "both runs")
                await settle(pilot)
                looked_at = app.session.run
                looked_at.snapshot = msgspec.structs.replace(looked_at.snapshot, media=samples.media_snapshots()[-1].media)
                app.screen.show_runs()
                await press(pilot, "6")
                assert app.screen.query_one(ContentSwitcher).current == "tab-5"
                await press(pilot, "r")
                assert app.screen.query_one(ContentSwitcher).current == "tab-0"

    asyncio.run(run())


def test_a_replay_is_drawn_and_cannot_be_steered():
    async def run() -> None:
        with EngineThread(replay=RECORDINGS / "client.jsonl", speed=math.inf) as bus:
            app = GossipperApp(bus, RunConfig(), first_screen="live")
            async with app.run_test(size=(120, 40)) as pilot:
                await until(pilot, lambda: _created(app) == samples.snapshots()[-1].counters.created, "the last snapshot")
                await settle(pilot)
                assert isinstance(app.screen, LiveScreen)
                await press(pilot, "plus")
                assert app.screen.steering.target(app.session.run) is None
                for tab in "2345":
                    await press(pilot, tab)
                    assert app.screen.query_one(f"#tab-{int(tab) - 1}").display

    asyncio.run(run())


def _sequence(app: GossipperApp) -> int:
    run = app.session.run
    return run.snapshot.sequence if run is not None and run.snapshot is not None else -1
