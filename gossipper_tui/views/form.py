# SPDX-License-Identifier: AGPL-3.0-or-later
"""The form of options: what a field shows, what its text means, which options a search finds.

A field that is empty has its default; the default stands in it in pale letters. So only what differs from the default
is ever typed, marked, or on the command line. Repeatable options are written as a shell would have them: words apart by spaces.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import msgspec

from engine.messages import Role
from engine.options import OPTIONS, Group, Kind, Option, OptionError, RunConfig, format_value, parse_value

ON, OFF = "on", "off"


def options_of(group: Group) -> list[Option]:
    """The options of a group, in the order of the table."""
    return [option for option in OPTIONS if option.setting.group is group]


def found(wanted: str) -> list[Option]:
    """The options whose name, flags, help or group together contain all words of `wanted`."""
    words = wanted.lower().split()
    return [option for option in OPTIONS if all(word in _searched(option) for word in words)]


def is_changed(config: RunConfig, option: Option) -> bool:
    """Whether the option differs from its default."""
    return bool(getattr(config, option.name) != option.default)


def changed_in(config: RunConfig, group: Group) -> int:
    """How many options of a group differ from their defaults."""
    return sum(is_changed(config, option) for option in options_of(group))


def is_for(option: Option, role: Role) -> bool:
    """Whether the option means something for that side of a call."""
    return role.value in option.setting.roles


def choices_of(option: Option) -> tuple[str, ...]:
    """What a field offers to choose from; empty for a text field."""
    return (OFF, ON) if option.setting.kind is Kind.SWITCH else option.setting.choices


def field_text(option: Option, value: object) -> str:
    """What stands in the field for a value: nothing for the default of a text field."""
    if option.setting.kind is Kind.SWITCH:
        return ON if value else OFF
    if option.setting.choices:
        return option.setting.one_sided.get(str(value), str(value))
    if value == option.default:
        return ""
    if isinstance(value, tuple):
        return shlex.join(word for item in value for word in (item if isinstance(item, tuple) else (item,)))
    return format_value(option, value)


def placeholder(option: Option) -> str:
    """What an empty field shows: its default, or an example of what belongs there."""
    if option.default in (None, "", ()):
        return option.setting.placeholder or "–"
    return format_value(option, option.default)


def help_text(option: Option, value: object) -> str:
    """What the option does, and of a choice what the chosen one is."""
    meaning = option.setting.meanings.get(field_text(option, value), "")
    return f"{option.setting.help} {field_text(option, value)}: {meaning}." if meaning else option.setting.help


def unit(option: Option) -> str:
    """The unit of a bare number in the field."""
    return option.setting.unit


def read_field(option: Option, text: str) -> object:
    """The value that the text of a field means. Raises OptionError with one sentence."""
    if not text.strip():
        return option.default
    if option.setting.kind in (Kind.PATHS, Kind.TEXTS):
        return tuple(_words(option, text))
    if option.setting.kind is Kind.PAIRS:
        words = _words(option, text)
        if len(words) % 2:
            raise OptionError(option.flag, text, f"'{words[-1]}' has no value; write name value name value …")
        return tuple(zip(words[::2], words[1::2], strict=True))
    return parse_value(option, text)


def with_value(config: RunConfig, option: Option, value: object) -> RunConfig:
    """The configuration with that option set."""
    return msgspec.structs.replace(config, **{option.name: value})


def with_scenario(config: RunConfig, source: str, built_in: bool) -> RunConfig:
    """The configuration with that scenario: a built-in one by name, else a file."""
    name, file = (source, "") if built_in else ("", source)
    return msgspec.structs.replace(config, scenario_name=name, scenario_file=file)


def scenario_source(config: RunConfig) -> str:
    """The source of the configuration's scenario, as the engine is asked for it."""
    return config.scenario_file or config.scenario_name or "uac"


def pasted_words(text: str) -> list[str] | None:
    """The words of a pasted command line that begins with `sipp` or `gossipper`; None when it is none.

    Lines that go on with a backslash are joined, a shell's prompt before the command is passed over.
    """
    line = " ".join(text.replace("\\\r\n", " ").replace("\\\n", " ").split())
    line = line.removeprefix("$ ").removeprefix("# ")
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    if not words or words[0].rsplit("/", 1)[-1] not in ("sipp", "gossipper"):
        return None
    return ["sipp" if words[0].endswith("sipp") else "gossipper", *words[1:]]


def _words(option: Option, text: str) -> Sequence[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise OptionError(option.flag, text, "a quotation mark is not closed") from None


def _searched(option: Option) -> str:
    setting = option.setting
    told = (*setting.meanings.values(), *setting.one_sided)
    return " ".join((option.name, option.label, *setting.flags, setting.help, *told, setting.group)).lower()
