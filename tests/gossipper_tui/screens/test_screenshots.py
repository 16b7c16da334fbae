# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of every screen at three sizes, from replayed runs. `pytest --snapshot-update` takes them anew: look at them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine import EngineThread
from engine.options import Group, RunConfig
from gossipper_tui.app import GossipperApp
from gossipper_tui.widgets.option_groups import GROUPS
from tests.gossipper_tui import samples
from tests.gossipper_tui.screens.make_recordings import RECORDINGS
from tests.gossipper_tui.screens.pilots import BROKEN, REGISTER, press, settle, until

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
NOTHING = RunConfig()
CLIENT = RunConfig(remote="10.0.0.5:5060", scenario_file="register.xml", rate=500, rate_scale=10, pause_ms=3000)
SECURE = RunConfig(remote="10.0.0.5:5061", transport="ln", tls_version="1.3")
LAST = samples.snapshots()[-1].sequence


@dataclass(frozen=True)
class Picture:
    """What is done before the picture is taken."""

    screen: str
    keys: tuple[str, ...] = ()
    recording: str = ""
    config: RunConfig = NOTHING
    theme: str = ""


PICTURES = {
    "scenarios": Picture("scenarios"),
    "scenarios-broken": Picture("scenarios", BROKEN),
    "scenarios-xml": Picture("scenarios", (*REGISTER, "v")),
    "setup": Picture("setup", ("down", "down", "enter"), config=CLIENT),
    "setup-search": Picture("setup", ("slash", *"timeout")),
    "setup-transport": Picture("setup", (*("down",) * GROUPS.index(Group.TRANSPORT), "enter"), config=SECURE),
    "setup-tls": Picture("setup", (*("down",) * GROUPS.index(Group.TLS), "enter"), config=SECURE),
    "setup-problem": Picture("setup", ("down", "enter")),
    "live": Picture("live", recording="client.jsonl"),
    "live-statistics": Picture("live", ("2",), recording="client.jsonl"),
    "live-response-times": Picture("live", ("3",), recording="client.jsonl"),
    "live-failures": Picture("live", ("4",), recording="client.jsonl"),
    "live-log": Picture("live", ("5",), recording="client.jsonl"),
    "live-with-media": Picture("live", recording="media.jsonl"),
    "live-media": Picture("live", ("6",), recording="media.jsonl"),
    "live-finished": Picture("live", recording="finished.jsonl"),
    "live-server": Picture("live", ("r",), recording="finished.jsonl"),
    "live-without-run": Picture("live"),
    "menu": Picture("scenarios", ("ctrl+p",)),
}
THEMES = {
    f"theme-{name}": Picture("live", recording="client.jsonl", theme=name)
    for name in ("light", "sipp", "high-contrast", "colour-blind")
}
NARROW = ("scenarios", "setup", "live")

CASES = [
    *(pytest.param(picture, size, id=f"{name}-{label}") for name, picture in PICTURES.items() for label, size in SIZES.items()),
    *(pytest.param(picture, (120, 40), id=f"{name}-120x40") for name, picture in THEMES.items()),
    *(pytest.param(PICTURES[name], (40, 20), id=f"{name}-40x20") for name in NARROW),
]


@pytest.mark.usefixtures("library")
@pytest.mark.filterwarnings("ignore:[\\s\\S]*Can not relate snapshot")
@pytest.mark.parametrize(("picture", "size"), CASES)
def test_picture(picture, size, snap_compare):
    async def prepare(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, GossipperApp)
        if picture.recording:
            await until(pilot, lambda: _is_played(app), "the last snapshot of the recording")
        await settle(pilot)
        await press(pilot, *picture.keys)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    replay = RECORDINGS / picture.recording if picture.recording else None
    with EngineThread(replay=replay, speed=math.inf) as bus:
        app = GossipperApp(bus, picture.config, theme=picture.theme, first_screen=picture.screen)
        assert snap_compare(app, terminal_size=size, run_before=prepare)


def _is_played(app: GossipperApp) -> bool:
    run = app.session.runs.runs.get(samples.RUN)
    return run is not None and run.snapshot is not None and run.snapshot.sequence >= LAST
