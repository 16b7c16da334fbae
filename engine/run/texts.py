# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts of options that are no UTF-8: they may stand in messages, but cannot be written down or told to another process."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import OptionError
from engine.export.sinks import asked_for
from engine.messages import ScenarioDescription
from engine.options import OPTIONS, RunConfig


def check_texts(config: RunConfig) -> None:
    """Raise OptionError for the first option with bytes that are no UTF-8, as an argument may have them."""
    for option in OPTIONS:
        for text in _texts_in(getattr(config, option.name)):
            if not _is_utf8(text):
                what = "no UTF-8, which only a run may have that has one process and writes down no events"
                raise OptionError(option.flag, ascii(text), f"{text!a} is {what}")


def check_told_texts(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """The same for a run whose configuration is told to others: to workers, to an exporter, or in a recording."""
    if config.workers > 1 or config.events_file or asked_for(config):
        check_texts(config)


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts_in(each)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
