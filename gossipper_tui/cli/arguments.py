# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIPp's way of writing a command line, read into a `RunConfig` and written back.

SIPp's flags are single-dash words in any order, and the remote host stands anywhere among them. What a flag is and
takes comes from `engine.options`; the flags that are no option of a run, from `gossipper_tui.cli.sipp_flags`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.options import FLAGS, OPTIONS, Kind, Option, OptionError, RunConfig, format_value, parse_value
from gossipper_tui.cli.sipp_flags import ACTION_FLAGS, BARE_TUNING_FLAGS, TUNING_FLAGS, UNBUILT_FLAGS


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What was typed. `actions` holds what is no option of the run, with its argument (`{"-sd": "uac"}`, `{"-v": ""}`);
    `tuning` the flags that were accepted and change nothing."""

    config: RunConfig
    actions: Mapping[str, str]
    tuning: tuple[str, ...]


def parse_run(argv: Sequence[str]) -> RunConfig:
    """The configuration that SIPp's arguments mean; a leading `sipp` or `gossipper sipp` is passed over.

    Raises OptionError for what no run can have: an unknown or unbuilt flag, a missing or wrong value, two hosts.
    """
    words = list(argv)
    for program in ("gossipper", "sipp"):
        if words and words[0].rpartition("/")[2] == program:
            del words[0]
    line = parse(words)
    for action in line.actions:
        raise OptionError(action, "", "prints something and ends; no run has it")
    return line.config


def parse(argv: Sequence[str], more_actions: Mapping[str, tuple[str, int]] | None = None) -> CommandLine:
    """Everything that was typed. `more_actions` are accepted beside SIPp's, written as in `ACTION_FLAGS`.

    Raises OptionError as `parse_run` does.
    """
    known_actions = {**ACTION_FLAGS, **(more_actions or {})}
    values: dict[str, Any] = {}
    actions: dict[str, str] = {}
    tuning: list[str] = []
    words = _Words(argv)
    for word in words:
        if word in FLAGS:
            _read_option(FLAGS[word], word, words, values)
        elif word in known_actions:
            name, takes = known_actions[word]
            actions[name] = words.argument(word) if takes else ""
        elif word in TUNING_FLAGS:
            if word not in BARE_TUNING_FLAGS:
                words.argument(word)
            tuning.append(word)
        elif word.startswith("-"):
            raise _refusal(word, known_actions)
        else:
            _read_remote(word, values)
    return CommandLine(msgspec.convert(values, RunConfig), actions, tuple(tuning))


def command_line(config: RunConfig) -> str:
    """The `gossipper sipp …` that starts this run: only what differs from the defaults, quoted for a shell."""
    words = ["gossipper", "sipp"]
    for entry in OPTIONS:
        value = getattr(config, entry.name)
        if value != entry.default:
            words.extend(_written(entry, value))
    return shlex.join(words)


class _Words:
    """The words of a command line, taken one after the other."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._rest = list(argv)

    def __iter__(self) -> Iterator[str]:
        while self._rest:
            yield self._rest.pop(0)

    def argument(self, flag: str) -> str:
        """The next word, whatever it looks like: `-r -5` is a wrong rate, not a flag."""
        if not self._rest:
            raise OptionError(flag, "", "its argument is missing")
        return self._rest.pop(0)

    def truth(self) -> str:
        """The next word when it is `true` or `false`, else nothing."""
        return self._rest.pop(0) if self._rest and self._rest[0].lower() in ("true", "false") else ""


def _read_option(option: Option, flag: str, words: _Words, values: dict[str, Any]) -> None:
    match option.setting.kind:
        case Kind.SWITCH:
            # A switch that is on by default takes the word that turns it off, as SIPp's `-message_overwrite false`.
            values[option.name] = parse_value(option, words.truth() if option.default is True else "")
        case Kind.PAIRS:
            pair = (words.argument(flag), words.argument(flag))
            values[option.name] = (*values.get(option.name, ()), pair)
        case Kind.PATHS | Kind.TEXTS:
            values[option.name] = (*values.get(option.name, ()), words.argument(flag))
        case _:
            values[option.name] = parse_value(option, words.argument(flag))


def _read_remote(word: str, values: dict[str, Any]) -> None:
    if "remote" in values:
        raise OptionError(word, word, f"a second host; the first is {values['remote']}")
    values["remote"] = word


def _refusal(word: str, known_actions: Mapping[str, object]) -> OptionError:
    if word in UNBUILT_FLAGS:
        return OptionError(word, "", "not built yet; SIPp has this flag, Gossipper will")
    from difflib import get_close_matches

    nearest = get_close_matches(word, [*FLAGS, *known_actions, *TUNING_FLAGS, *sorted(UNBUILT_FLAGS)], n=1)
    return OptionError(word, "", "unknown flag" + (f" — did you mean {nearest[0]}?" if nearest else ""))


def _written(option: Option, value: Any) -> list[str]:
    """The words that `parse` reads back as this value."""
    if not option.setting.flags:
        return [format_value(option, value)]
    match option.setting.kind:
        case Kind.SWITCH:
            return [option.flag] if value else [option.flag, "false"]
        case Kind.PAIRS:
            return [word for name, text in value for word in (option.flag, name, text)]
        case Kind.PATHS | Kind.TEXTS:
            return [word for text in value for word in (option.flag, text)]
        case _:
            return [option.flag, format_value(option, value)]
