# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an option is, and how its text becomes a value.

The forms are SIPp's: durations as `500`, `20s`, `1500ms`, `2m`, `1:30` or `1:00:00`, a bare number in the option's own
unit; everything else as it stands. Values are held in the unit that their name ends in (`timeout_ms`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from engine.errors import OptionError

UAC = ("uac",)
UAS = ("uas",)
"""Values of `Setting.roles`."""

_SPELLED = {
    word.lower(): word
    for word in (
        "CA",
        "CRL",
        "CSeq",
        "ID",
        "IP",
        "JSON",
        "MB",
        "OTel",
        "PCAP",
        "RFC3339",
        "RTCP",
        "RTP",
        "SSRC",
        "T2",
        "TDM",
        "TLS",
        "URI",
        "WAV",
        "WebSocket",
    )
}
"""Words in names of options that people write otherwise."""


class Kind(StrEnum):
    """How a value is written, checked and edited."""

    SWITCH = "switch"
    INTEGER = "integer"
    NUMBER = "number"
    DURATION = "duration"
    TEXT = "text"
    CHOICE = "choice"
    PATH = "path"
    PAIRS = "pairs"
    """Repeatable `name value` pairs (`-key name value`)."""
    PATHS = "paths"
    """A repeatable path (`-inf FILE`)."""
    TEXTS = "texts"
    """A repeatable text (`-follow every=100 -follow failed`)."""


class Group(StrEnum):
    """Where an option is found in the form and in the reference; in the order they are shown."""

    SCENARIO = "Scenario"
    TARGET = "Target"
    LOAD = "Load"
    BEHAVIOUR = "Call behaviour"
    TIMERS = "Timers"
    TRANSPORT = "Transport"
    TLS = "TLS"
    MEDIA = "Media"
    DATA = "Data"
    TRACES = "Traces"
    OBSERVABILITY = "Observability"
    INTERFACE = "Interface"


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one option, beside its field in `RunConfig`.

    `flags` is empty for a positional argument. `unit` is what a bare number means on the command line: `s` or `ms` for
    a duration, else text to show. `minimum` and `maximum` are in the unit of the stored value. `roles` says which side
    the option is for: `uac`, `uas` or both. `meanings` says for each of the `choices` what it is. `aliases` are other words
    for the choices; those of them that are for one side of calls only stand in `one_sided` and are kept as they were written
    until the scenario is known (`engine.options.settled`). `unbuilt` are words for what is not built, and how they are refused.
    """

    flags: tuple[str, ...]
    kind: Kind
    group: Group
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    one_sided: Mapping[str, str] = field(default_factory=dict)
    unbuilt: Mapping[str, str] = field(default_factory=dict)
    placeholder: str = ""
    roles: tuple[str, ...] = ("uac", "uas")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its `Setting`, with the name and the default that its field in `RunConfig` gives it."""

    name: str
    setting: Setting
    default: object

    @property
    def flag(self) -> str:
        """The first flag, or the name in angle brackets of a positional argument."""
        return self.setting.flags[0] if self.setting.flags else f"<{self.name}>"

    @property
    def label(self) -> str:
        """The name as a person reads it: without its unit, spaces for underscores, abbreviations as they are written."""
        first, *others = self.name.removesuffix("_ms").split("_")
        return " ".join((_SPELLED.get(first) or first.capitalize(), *(_SPELLED.get(word, word) for word in others)))

    @property
    def takes(self) -> int:
        """How many arguments follow the flag."""
        return {Kind.SWITCH: 0, Kind.PAIRS: 2}.get(self.setting.kind, 1)


_DURATION = re.compile(r"(?P<value>\d+(?:\.\d*)?|\.\d+)(?P<unit>ms|s|m|h)?")
_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def parse_duration_ms(text: str, unit: str) -> int:
    """The milliseconds of `500`, `20s`, `1500ms`, `2m`, `1:30`; a bare number is in `unit` (`s` or `ms`).

    Raises ValueError with a sentence.
    """
    parts = text.strip().split(":")
    if 2 <= len(parts) <= 3 and all(re.fullmatch(r"\d+(\.\d+)?", part) for part in parts):
        seconds = 0.0
        for part in parts:
            seconds = seconds * 60 + float(part)
        return round(seconds * 1000)
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text}' is not a duration; write 500, 20s, 1500ms, 2m or 1:30")
    return round(float(match["value"]) * _MS[match["unit"] or unit])


def _integer(text: str, setting: Setting) -> object:
    if not re.fullmatch(r"[+-]?\d+", text.strip()):
        raise ValueError(f"'{text}' is not a whole number")
    return int(text)


def _number(text: str, setting: Setting) -> object:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text.strip()):
        raise ValueError(f"'{text}' is not a number")
    return float(text)


def _choice(text: str, setting: Setting) -> object:
    text = setting.aliases.get(text, text)
    if text in setting.unbuilt:
        raise ValueError(f"{text} {setting.unbuilt[text]}; there are {', '.join(setting.choices)}")
    if text not in setting.choices and text not in setting.one_sided:
        raise ValueError(f"'{text}' is not one of {', '.join(setting.choices)}")
    return text


def _switch(text: str, setting: Setting) -> object:
    words = {"": True, "true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    if text.lower() not in words:
        raise ValueError(f"'{text}' is neither true nor false")
    return words[text.lower()]


def _text(text: str, setting: Setting) -> object:
    return text


_PARSERS: dict[Kind, Callable[[str, Setting], object]] = {
    Kind.SWITCH: _switch,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.DURATION: lambda text, setting: parse_duration_ms(text, setting.unit),
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.PATH: _text,
    Kind.PATHS: _text,
    Kind.TEXTS: _text,
    Kind.PAIRS: _text,
}


def parse_value(option: Option, text: str) -> object:
    """The value that `text` means for `option`; for a repeatable option, of one occurrence.

    Raises OptionError, whose `option` is the flag, with one sentence.
    """
    try:
        value = _PARSERS[option.setting.kind](text, option.setting)
    except ValueError as error:
        raise OptionError(option.flag, text, str(error)) from None
    check_range(option, value)
    return value


def check_range(option: Option, value: object) -> None:
    """Raise OptionError when a number is outside what the option allows; `None` is always allowed."""
    low, high = option.setting.minimum, option.setting.maximum
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"at least {low:.10g}" if high is None else f"from {low or 0:.10g} to {high:.10g}"
        unit = "ms" if option.setting.kind is Kind.DURATION else option.setting.unit
        raise OptionError(option.flag, value, f"{value:.10g} is out of range; it must be {span} {unit}".rstrip())


def format_value(option: Option, value: object) -> str:
    """The text that `parse_value` reads back as `value`: durations with their unit, whole numbers without a point."""
    if value is None:
        return ""
    if option.setting.kind is Kind.DURATION and isinstance(value, int):
        return f"{value // 1000}s" if value and value % 1000 == 0 else f"{value}ms" if value else "0"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = f"{Decimal(repr(value)):f}"
        return text.removesuffix(".0")
    return str(value)
