# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of options: the one description of what can be set.

`RunConfig` holds the values, `OPTIONS` describes them in the order in which they are shown. Nothing here parses a
command line; it only says what an option's text means.
"""

from __future__ import annotations

import typing

import msgspec

from engine.errors import OptionError
from engine.options.config import RunConfig
from engine.options.values import Group, Kind, Option, Setting, check_range, format_value, parse_value

__all__ = [
    "FLAGS",
    "OPTIONS",
    "Group",
    "Kind",
    "Option",
    "OptionError",
    "RunConfig",
    "Setting",
    "check_config",
    "format_value",
    "option",
    "parse_value",
    "settled",
]


def _read_table() -> tuple[Option, ...]:
    hints = typing.get_type_hints(RunConfig, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(RunConfig)}
    return tuple(Option(name, hint.__metadata__[0], defaults[name]) for name, hint in hints.items())


OPTIONS: tuple[Option, ...] = _read_table()
"""Every option, in the order of the fields of `RunConfig`."""

FLAGS: dict[str, Option] = {flag: entry for entry in OPTIONS for flag in entry.setting.flags}
"""Each flag with its option."""

_BY_NAME = {entry.name: entry for entry in OPTIONS}


def option(name: str) -> Option:
    """The option of that name; KeyError when there is none."""
    return _BY_NAME[name]


def check_config(config: RunConfig) -> list[OptionError]:
    """Every option whose value is outside what it allows, whoever made the configuration. Empty when all is well."""
    problems = []
    for entry in OPTIONS:
        value = getattr(config, entry.name)
        try:
            check_range(entry, value)
            if entry.setting.choices and value not in entry.setting.choices:
                parse_value(entry, str(value))
        except OptionError as error:
            problems.append(error)
    return problems


def settled(config: RunConfig) -> RunConfig:
    """The configuration with each choice under its own name, once it is known that its aliases fit the scenario."""
    changes: dict[str, str] = {}
    for entry in OPTIONS:
        names = {**entry.setting.aliases, **entry.setting.one_sided}
        value = getattr(config, entry.name)
        if names and value in names:
            changes[entry.name] = names[value]
    return msgspec.structs.replace(config, **changes) if changes else config
