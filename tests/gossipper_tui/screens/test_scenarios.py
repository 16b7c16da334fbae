# SPDX-License-Identifier: AGPL-3.0-or-later
"""F1 Scenarios on a real engine: the library, the ladder, the XML and the problems follow one cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual import events
from textual.pilot import Pilot

from engine import EngineThread
from engine.options import RunConfig
from gossipper_tui.app import GossipperApp
from gossipper_tui.screens.editor import editor_command
from gossipper_tui.screens.scenarios import ScenariosScreen
from gossipper_tui.views.spans import plain
from gossipper_tui.widgets.ladder_view import LadderView
from gossipper_tui.widgets.library import Library
from gossipper_tui.widgets.problem_list import ProblemList
from gossipper_tui.widgets.source_view import SourceView
from gossipper_tui.widgets.step_detail import StepDetail
from tests.gossipper_tui.screens.pilots import BROKEN, REGISTER, press, settle


def drive(test: Callable[[Pilot[None], ScenariosScreen], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Run the application on a real engine and hand its first screen to the test."""

    async def run() -> None:
        with EngineThread() as bus:
            app = GossipperApp(bus, RunConfig())
            async with app.run_test(size=size) as pilot:
                await settle(pilot)
                assert isinstance(app.screen, ScenariosScreen)
                await test(pilot, app.screen)

    asyncio.run(run())


def text_of(screen: ScenariosScreen, kind: type) -> list[str]:
    return [plain(each) for each in screen.query_one(kind).lines]


def test_the_library_has_what_is_built_in_and_what_is_here(library):
    async def test(pilot, screen):
        assert set(screen.found.built_in) >= {"uac", "uas"}
        assert screen.found.files == ("calls/broken.xml", "register.xml")
        assert [problem.warning for problem in screen.query_one(Library).problems["calls/broken.xml"]].count(False) == 2

    drive(test)


def test_the_ladder_is_that_of_the_scenario_under_the_cursor(library):
    async def test(pilot, screen):
        assert screen.description.source == "uac"
        await press(pilot, *REGISTER)
        assert screen.description.title == "Register a contact"
        assert "REGISTER" in text_of(screen, LadderView)[0]

    drive(test)


def test_a_step_shows_its_message_and_its_xml(library):
    async def test(pilot, screen):
        screen.query_one(LadderView).focus()
        await press(pilot, *("down",) * 5)
        assert any("ACK sip:" in line for line in text_of(screen, StepDetail))
        source = screen.query_one(SourceView)
        assert "<send" in text_of(screen, SourceView)[source.cursor]

    drive(test)


def test_the_xml_leads_the_ladder(library):
    async def test(pilot, screen):
        await press(pilot, "v")
        source = screen.query_one(SourceView)
        source.focus()
        line = next(n for n, text in enumerate(text_of(screen, SourceView)) if "BYE sip:" in text)
        await press(pilot, *("down",) * (line - source.cursor))
        ladder = screen.query_one(LadderView)
        assert "BYE" in text_of(screen, LadderView)[ladder.cursor]

    drive(test)


def test_a_problem_leads_to_its_line(library):
    async def test(pilot, screen):
        await press(pilot, *BROKEN)
        problems = screen.query_one(ProblemList)
        assert problems.display
        assert any("locl_ip" in text for text in text_of(screen, ProblemList))
        problems.focus()
        await press(pilot, "down", "up")
        first = screen.description.problems[0]
        assert screen.query_one(SourceView).cursor == first.line - 1

    drive(test)


def test_a_filter_finds_and_escape_forgets_it(library):
    async def test(pilot, screen):
        await press(pilot, "slash", *"ter.x", "enter")
        assert screen.description.source == "register.xml"
        assert screen.query_one(Library).source == "register.xml"
        await press(pilot, "escape")
        assert len(screen.query_one(Library).root.children) == 3

    drive(test)


def test_enter_takes_the_scenario_into_setup(library):
    async def test(pilot, screen):
        await press(pilot, *REGISTER, "enter")
        assert pilot.app.current_mode == "setup"
        assert pilot.app.session.config.scenario_file == "register.xml"

    drive(test)


def test_a_mended_file_is_sound_after_a_check(library):
    async def test(pilot, screen):
        await press(pilot, *BROKEN)
        assert not screen.description.runnable
        (library / "calls" / "broken.xml").write_bytes((library / "register.xml").read_bytes())
        await press(pilot, "c")
        assert screen.description.runnable
        assert not screen.query_one(ProblemList).display
        assert screen.query_one(Library).problems["calls/broken.xml"] == ()

    drive(test)


def test_a_built_in_scenario_is_not_edited(library):
    async def test(pilot, screen):
        await press(pilot, "e")
        assert screen.description.source == "uac"
        assert pilot.app.is_running

    drive(test)


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({}, ["vi", "+7", "a.xml"]),
        ({"EDITOR": "nano -w"}, ["nano", "-w", "+7", "a.xml"]),
        ({"EDITOR": "nano", "VISUAL": "code --wait"}, ["code", "--wait", "a.xml"]),
    ],
)
def test_the_editor_opens_at_the_line_where_it_can(environment, command):
    assert editor_command("a.xml", 7, environment) == command


@pytest.mark.parametrize("size", [(40, 12), (20, 5), (1, 1), (300, 100)])
def test_any_size_is_survived(library, size):
    async def test(pilot, screen):
        await press(pilot, "down", "v", "v")
        await pilot.resize_terminal(*size)
        await press(pilot, "down", "f2")
        await pilot.resize_terminal(80, 24)
        await press(pilot, "f3", "f1")
        assert pilot.app.is_running

    drive(test)


def test_a_paste_of_garbage_is_survived(library):
    async def test(pilot, screen):
        garbage = "\x00\x1b[2J\n\r\t'\"" * 500 + "sipp '"
        for keys in ((), ("slash",), ("escape", "f2"), ("enter",), ("f3",)):
            await press(pilot, *keys)
            pilot.app.post_message(events.Paste(garbage))
            await settle(pilot)
        assert pilot.app.is_running

    drive(test)


def test_the_menu_opens_screens_by_name(library):
    async def test(pilot, screen):
        await press(pilot, "ctrl+p", *"setup", "enter")
        await settle(pilot)
        assert pilot.app.current_mode == "setup"

    drive(test)


def test_the_menu_does_what_the_screen_can(library):
    async def test(pilot, screen):
        await press(pilot, "ctrl+p", *"ladder", "enter")
        await settle(pilot)
        assert screen.has_class("-source")

    drive(test)
