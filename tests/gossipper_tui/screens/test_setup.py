# SPDX-License-Identifier: AGPL-3.0-or-later
"""F2 Setup on a real engine: fields, problems, searching, the command line there and back."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Awaitable, Callable

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from engine import EngineThread
from engine.errors import OptionError
from engine.options import OPTIONS, Group, RunConfig
from engine.options.transports import KINDS
from gossipper_tui.app import GossipperApp
from gossipper_tui.cli.arguments import parse_run
from gossipper_tui.screens.setup import SetupScreen
from gossipper_tui.widgets.choice_field import ChoiceField
from gossipper_tui.widgets.command_bar import CommandBar
from gossipper_tui.widgets.option_groups import GROUPS, OptionGroups
from gossipper_tui.widgets.option_row import OptionRow
from tests.gossipper_tui.screens.pilots import press, settle, until

pytestmark = pytest.mark.usefixtures("library")


def drive(test: Callable[[Pilot[None], SetupScreen], Awaitable[None]], config: RunConfig | None = None, size=(100, 30)) -> None:
    """Run the application on a real engine, Setup in front."""

    async def run() -> None:
        with EngineThread() as bus:
            app = GossipperApp(bus, config or RunConfig(), first_screen="setup")
            async with app.run_test(size=size) as pilot:
                await settle(pilot)
                assert isinstance(app.screen, SetupScreen)
                await test(pilot, app.screen)

    asyncio.run(run())


def shown(screen: SetupScreen) -> list[str]:
    return [row.option.name for row in screen.query(OptionRow) if row.display]


def row(screen: SetupScreen, name: str) -> OptionRow:
    return screen.query_one(f"#option-{name}", OptionRow)


async def go_to(pilot: Pilot[None], group: Group) -> None:
    await press(pilot, "home", *("down",) * GROUPS.index(group))


async def paste(pilot: Pilot[None], text: str) -> None:
    pilot.app.post_message(events.Paste(text))
    await settle(pilot)


def test_every_option_is_in_the_form():
    async def test(pilot, screen):
        seen = []
        for group in GROUPS:
            await go_to(pilot, group)
            seen += shown(screen)
        assert sorted(seen) == sorted(option.name for option in OPTIONS)

    drive(test)


def test_typing_changes_the_configuration_and_the_command_line():
    async def test(pilot, screen):
        await go_to(pilot, Group.LOAD)
        await press(pilot, "enter", *"250")
        assert screen.session.config.rate == 250
        assert screen.query_one(CommandBar).command == "gossipper sipp -r 250"
        assert row(screen, "rate").has_class("-changed")
        await press(pilot, "escape")
        assert screen.query_one(OptionGroups).has_focus

    drive(test)


def test_emptying_a_field_means_the_default():
    async def test(pilot, screen):
        await go_to(pilot, Group.LOAD)
        await press(pilot, "enter", *("backspace",) * 3)
        assert screen.session.config.rate == 10
        assert not row(screen, "rate").has_class("-changed")

    drive(test, RunConfig(rate=500))


def test_a_wrong_text_is_a_problem_at_its_field_and_keeps_the_run_from_starting():
    async def test(pilot, screen):
        await go_to(pilot, Group.LOAD)
        await press(pilot, "enter", *"abc")
        assert row(screen, "rate").has_class("-problem")
        assert screen.session.config.rate == 10
        await press(pilot, "f9")
        assert pilot.app.current_mode == "setup"
        assert not screen.session.runs.runs
        await press(pilot, *("backspace",) * 3, *"20")
        assert not row(screen, "rate").has_class("-problem")

    drive(test, RunConfig(remote="127.0.0.1:5060"))


def test_the_engine_says_what_keeps_a_run_from_starting():
    async def test(pilot, screen):
        assert "remote" in screen.problems
        await press(pilot, "f9")
        assert row(screen, "remote").has_class("-problem")
        assert row(screen, "remote").query_one(".option-field").has_focus
        await press(pilot, *"127.0.0.1")
        await until(pilot, lambda: not screen.problems, "a configuration without problems")
        assert not row(screen, "remote").has_class("-problem")

    drive(test)


def test_choices_are_chosen_with_the_arrows():
    async def test(pilot, screen):
        await go_to(pilot, Group.TRANSPORT)
        await press(pilot, "enter", "right")
        assert screen.session.config.transport == "un"
        await press(pilot, "left", "left")
        assert screen.session.config.transport == list(KINDS)[-1]
        await press(pilot, "right")
        assert screen.session.config.transport == "u1"

    drive(test)


@pytest.mark.parametrize("size", [(40, 20), (80, 24), (120, 40)])
@pytest.mark.parametrize("name", KINDS)
def test_every_transport_is_seen_and_chosen_with_the_mouse(name, size):
    async def test(pilot, screen):
        await go_to(pilot, Group.TRANSPORT)
        await press(pilot, "enter")
        field = screen.query_one("#option-transport .option-field", ChoiceField)
        lines = str(field.render()).split("\n")
        assert max(map(len, lines)) <= field.content_size.width
        assert len(lines) == field.content_size.height
        (y,) = [number for number, line in enumerate(lines) if f" {name} " in f" {line.replace('[', ' ').replace(']', ' ')} "]
        x = re.search(rf"(?<=[ \[]){name}(?=[ \]])", f" {lines[y]} ").start() - 1
        await pilot.click(field, offset=(x + 1, y))
        await settle(pilot)
        assert screen.session.config.transport == name
        assert f"{name}: {KINDS[name].meaning}." in str(row(screen, "transport").query_one(".option-help", Static).content)

    drive(test, size=size)


def test_an_alias_of_a_transport_is_shown_as_what_it_stands_for():
    async def test(pilot, screen):
        await go_to(pilot, Group.TRANSPORT)
        assert screen.query_one("#option-transport .option-field", ChoiceField).value == "un"
        assert "sn is un for a server" in screen.problems["transport"]
        assert shlex.split(screen.query_one(CommandBar).command)[-2:] == ["-t", "sn"]

    drive(test, RunConfig(remote="127.0.0.1:5060", transport="sn"))


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40)])
def test_a_group_with_a_problem_and_changes_shows_the_problem(size):
    async def test(pilot, screen):
        groups = screen.query_one(OptionGroups)
        shown = groups.render_line(GROUPS.index(Group.TRANSPORT)).text
        assert shown.split()[:3] == ["Transport", "✗", "1"]

    drive(test, RunConfig(remote="127.0.0.1:5060", transport="sn"), size=size)


def test_a_search_looks_in_all_groups():
    async def test(pilot, screen):
        await press(pilot, "slash", *"recv_timeout")
        assert shown(screen) == ["recv_timeout_ms"]
        await press(pilot, "enter", *"2s")
        assert screen.session.config.recv_timeout_ms == 2000
        await press(pilot, "escape")
        assert "recv_timeout_ms" not in shown(screen)

    drive(test)


def test_a_pasted_command_line_fills_the_form():
    async def test(pilot, screen):
        await go_to(pilot, Group.LOAD)
        await paste(pilot, "$ sipp -sn uac 10.1.2.3:5070 -r 33 \\\n  -m 5 -key who 'a b'\n")
        assert screen.session.config == parse_run(["-sn", "uac", "10.1.2.3:5070", "-r", "33", "-m", "5", "-key", "who", "a b"])
        assert parse_run(shlex.split(screen.query_one(CommandBar).command)) == screen.session.config
        assert row(screen, "rate").value == 33

    drive(test)


def test_a_command_line_pasted_into_a_field_fills_the_form_too():
    async def test(pilot, screen):
        await go_to(pilot, Group.LOAD)
        await press(pilot, "enter")
        await paste(pilot, "sipp 10.1.2.3 -r 7")
        assert (screen.session.config.remote, screen.session.config.rate) == ("10.1.2.3", 7)

    drive(test)


def test_a_command_line_that_is_refused_changes_nothing():
    async def test(pilot, screen):
        await paste(pilot, "sipp -no_such_flag host")
        assert screen.session.config == RunConfig()

    drive(test)


def test_a_pasted_text_comes_into_the_field_in_one_line():
    async def test(pilot, screen):
        await go_to(pilot, Group.TARGET)
        await press(pilot, "enter")
        await paste(pilot, "\n\x1b[31m10.0.0.9\x00\nsecond line")
        assert screen.session.config.remote == "[31m10.0.0.9"

    drive(test)


def test_the_command_line_is_copied():
    async def test(pilot, screen):
        await press(pilot, "y")
        assert pilot.app.clipboard == "gossipper sipp 10.0.0.1 -r 5"

    drive(test, RunConfig(remote="10.0.0.1", rate=5))


def test_options_of_the_other_side_are_pale_and_can_be_set():
    async def test(pilot, screen):
        await go_to(pilot, Group.LOAD)
        await until(pilot, lambda: row(screen, "rate").has_class("-irrelevant"), "a pale rate")
        await press(pilot, "enter", *"5")
        assert screen.session.config.rate == 5

    drive(test, RunConfig(scenario_name="uas"))


def test_a_refused_option_is_shown_at_its_field():
    async def test(pilot, screen):
        screen.show_refusal(OptionError("-p", 5060, "the port is taken"))
        await settle(pilot)
        assert row(screen, "local_port").has_class("-problem")

    drive(test)
