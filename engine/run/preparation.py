# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is read and checked before a run: everything that may wait for a disk, so none of it belongs into a trio loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import trio

from engine.errors import ScenarioError, ScenarioErrors
from engine.messages import ScenarioDescription
from engine.options import RunConfig
from engine.run.validation import own_keywords, problems_of, scenario_source
from engine.scenario.describe import describe
from engine.scenario.library import read_source

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run that can start is made of. The scenario was read once: it may have come out of a pipe."""

    scenario: ScenarioDescription
    xml: bytes


def prepare(config: RunConfig) -> Prepared:
    """Read all that a run needs. Raises ScenarioErrors or the first OptionError."""
    name, xml = read_source(scenario_source(config), pipes=True)
    scenario = describe(name, xml, own_keywords(config))
    problems = [problem for problem in scenario.problems if not problem.warning]
    if problems:
        raise ScenarioErrors([ScenarioError(one.file, one.line, one.column, one.message, one.hint) for one in problems])
    for error in problems_of(config, scenario):
        raise error
    return Prepared(scenario, xml)


async def in_thread(work: Callable[[], Answer]) -> Answer:
    """Do what reads files beside the loop, which goes on; whoever cancels does not wait for a slow disk either."""
    return await trio.to_thread.run_sync(work, abandon_on_cancel=True)
