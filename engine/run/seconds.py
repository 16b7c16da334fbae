# SPDX-License-Identifier: AGPL-3.0-or-later
"""The scenarios that a run may have beside its main one: for calls that come in, and for requests that belong to no call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from engine.errors import OptionError, ScenarioError, ScenarioErrors
from engine.messages import Role, ScenarioDescription
from engine.options import RunConfig


@dataclass(frozen=True, slots=True)
class Second:
    """One of them. `kind` is the name of its field in a shard's plan; `file` and `name` are options, with their flags."""

    kind: str
    file: str
    name: str
    file_flag: str
    name_flag: str


SECONDS = (
    Second("incoming", "incoming_file", "incoming_name", "-rxsf", "-rxsn"),
    Second("out_of_call", "out_of_call_file", "out_of_call_name", "-oocsf", "-oocsn"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Which scenario a configuration names for one of them, by which flag."""

    kind: str
    flag: str
    source: str


def second_sources(config: RunConfig) -> Iterator[Source]:
    """Those that a configuration names."""
    for second in SECONDS:
        file, name = getattr(config, second.file), getattr(config, second.name)
        if file or name:
            yield Source(second.kind, second.file_flag if file else second.name_flag, file or name)


def check_seconds(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """What can be said of them before they are read. Raises OptionError."""
    for second in SECONDS:
        file, name = getattr(config, second.file), getattr(config, second.name)
        if file and name:
            raise OptionError(second.name_flag, name, f"give either {second.file_flag} or {second.name_flag}, not both")
    for source in second_sources(config):
        if scenario is not None and scenario.role is Role.UAS:
            raise OptionError(source.flag, source.source, "it stands beside a client's scenario, and the scenario is a server")


def check_second(source: Source, scenario: ScenarioDescription) -> None:
    """One of them that was read. Raises ScenarioErrors with all its problems, or OptionError."""
    problems = [problem for problem in scenario.problems if not problem.warning]
    if problems:
        raise ScenarioErrors([ScenarioError(one.file, one.line, one.column, one.message, one.hint) for one in problems])
    if scenario.role is not Role.UAS:
        raise OptionError(source.flag, source.source, "the scenario makes calls; one that takes them begins with <recv>")


def with_globals(scenario: ScenarioDescription, others: Iterable[ScenarioDescription]) -> ScenarioDescription:
    """The main scenario with the global variables of the others, which all share."""
    every = dict.fromkeys([*scenario.global_variables, *(name for other in others for name in other.global_variables)])
    return msgspec.structs.replace(scenario, global_variables=tuple(every))
