# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is read and checked before a run: everything that may wait for a disk, so none of it belongs into a trio loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import trio

from engine.errors import ScenarioError, ScenarioErrors
from engine.messages import ScenarioDescription
from engine.options import RunConfig
from engine.run.seconds import check_second, second_sources, with_globals
from engine.run.tls_checks import check_tls_files
from engine.run.validation import own_keywords, problems_of, scenario_source
from engine.scenario.describe import describe
from engine.scenario.library import read_source
from engine.shard.protocol import ScenarioText

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run that can start is made of. Scenarios were read once: they may have come out of a pipe.

    `seconds` are the scenarios beside the main one, by the names of their fields in a shard's plan.
    """

    scenario: ScenarioDescription
    xml: bytes
    seconds: Mapping[str, ScenarioText]


def prepare(config: RunConfig) -> Prepared:
    """Read all that a run needs. Raises ScenarioErrors or the first OptionError.

    A key may have a password that has to be asked for: that is found out before a scenario is read that comes out of a pipe.
    """
    check_tls_files(config)
    name, xml = read_source(scenario_source(config), pipes=True)
    scenario = describe(name, xml, own_keywords(config))
    problems = [problem for problem in scenario.problems if not problem.warning]
    if problems:
        raise ScenarioErrors([ScenarioError(one.file, one.line, one.column, one.message, one.hint) for one in problems])
    seconds, others = _read_seconds(config)
    for error in problems_of(config, with_globals(scenario, others)):
        raise error
    return Prepared(scenario, xml, seconds)


def _read_seconds(config: RunConfig) -> tuple[dict[str, ScenarioText], list[ScenarioDescription]]:
    texts, descriptions = {}, []
    for source in second_sources(config):
        name, xml = read_source(source.source, pipes=True)
        scenario = describe(name, xml, own_keywords(config))
        check_second(source, scenario)
        texts[source.kind] = ScenarioText(name=name, xml=xml)
        descriptions.append(scenario)
    return texts, descriptions


async def in_thread(work: Callable[[], Answer]) -> Answer:
    """Do what reads files beside the loop, which goes on; whoever cancels does not wait for a slow disk either."""
    return await trio.to_thread.run_sync(work, abandon_on_cancel=True)
