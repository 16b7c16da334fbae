# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Load: how many calls, and how fast."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.scenario import ScenarioOptions
from engine.options.values import UAC, Group, Kind, Setting


class LoadOptions(ScenarioOptions, frozen=True, kw_only=True):
    """How many calls, and how fast."""

    rate: Annotated[
        float, Setting(("-r",), Kind.NUMBER, Group.LOAD, "Calls started per rate period.", "calls", 0, 1_000_000, roles=UAC)
    ] = 10.0
    rate_period_ms: Annotated[
        int, Setting(("-rp",), Kind.DURATION, Group.LOAD, "Rate period: -r calls are started in each.", "ms", 1, roles=UAC)
    ] = 1000
    rate_scale: Annotated[
        float, Setting(("-rate_scale",), Kind.NUMBER, Group.LOAD, "Step of the keys + and - in calls a period.", "calls", 0)
    ] = 1.0
    call_limit: Annotated[
        int | None,
        Setting(("-l",), Kind.INTEGER, Group.LOAD, "Most calls open at once; 3 × duration × rate by default.", "calls", 1),
    ] = None
    max_calls: Annotated[
        int | None, Setting(("-m",), Kind.INTEGER, Group.LOAD, "End the run after this many calls.", "calls", 1)
    ] = None
    users: Annotated[
        int | None,
        Setting(("-users",), Kind.INTEGER, Group.LOAD, "Keep this many calls open instead of a rate.", "calls", 1, roles=UAC),
    ] = None
    workers: Annotated[
        int, Setting(("-workers",), Kind.INTEGER, Group.LOAD, "Processes that share the load.", "processes", 1, 64, roles=UAC)
    ] = 1
