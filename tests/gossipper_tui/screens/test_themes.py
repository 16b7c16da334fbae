# SPDX-License-Identifier: AGPL-3.0-or-later
"""Themes: whole, readable, and told apart without colour."""

from __future__ import annotations

import asyncio
import math

import pytest
from textual.color import Color

from engine import EngineThread
from engine.errors import OptionError
from engine.options import RunConfig
from gossipper_tui.app import GossipperApp, run_app
from gossipper_tui.themes import DEFAULT_THEME, OWN_COLOURS, load_themes, themes_folder
from tests.gossipper_tui.screens.make_recordings import RECORDINGS
from tests.gossipper_tui.screens.pilots import press, settle

THEMES = load_themes()
READABLE = 4.5
"""WCAG's least contrast for text."""


def luminance(colour: Color) -> float:
    """WCAG 2.1, relative luminance."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.1, contrast ratio."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_all_themes_are_there_and_the_default_is_first():
    assert next(iter(THEMES)) == DEFAULT_THEME
    assert set(THEMES) == {"dark", "light", "sipp", "high-contrast", "colour-blind"}
    assert len(list(themes_folder().glob("*.yaml"))) == len(THEMES)
    assert THEMES["sipp"].dense


@pytest.mark.parametrize("named", THEMES.values(), ids=THEMES)
def test_a_theme_names_every_colour_and_its_texts_are_readable(named):
    theme = named.theme
    assert set(OWN_COLOURS) <= set(theme.variables)
    background = Color.parse(theme.background)
    texts = [theme.foreground, theme.accent, theme.success, theme.warning, theme.error]
    texts += [theme.variables[name] for name in ("dim", "sent", "received")]
    needed = 7.0 if theme.name == "high-contrast" else READABLE
    for colour in texts:
        assert contrast(Color.parse(colour), background) >= needed, colour
    assert contrast(Color.parse(theme.variables["cursor-text"]), Color.parse(theme.variables["cursor"])) >= READABLE


def test_the_theme_is_changed_from_the_menu(library):
    async def run() -> None:
        with EngineThread() as bus:
            app = GossipperApp(bus, RunConfig(), theme="light")
            async with app.run_test() as pilot:
                await settle(pilot)
                assert app.theme == "light"
                await press(pilot, "ctrl+p", *"theme: sipp", "enter")
                await settle(pilot)
                assert app.theme == "sipp"
                assert app.has_class("-dense")

    asyncio.run(run())


def test_without_colours_everything_is_still_there(library, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def run() -> None:
        with EngineThread(replay=RECORDINGS / "client.jsonl", speed=math.inf) as bus:
            app = GossipperApp(bus, RunConfig(), first_screen="live")
            async with app.run_test() as pilot:
                await settle(pilot)
                assert app.no_color

    asyncio.run(run())


def test_a_theme_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(OptionError, match="there is no theme 'pink'; there are dark, "):
        run_app(RunConfig(), theme="pink")
