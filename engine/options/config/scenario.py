# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Scenario: which scenarios a run plays."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.target import TargetOptions
from engine.options.values import UAC, Group, Kind, Setting


class ScenarioOptions(TargetOptions, frozen=True, kw_only=True):
    """Which scenarios a run plays."""

    scenario_file: Annotated[
        str, Setting(("-sf",), Kind.PATH, Group.SCENARIO, "Scenario file to run.", placeholder="scenario.xml")
    ] = ""
    scenario_name: Annotated[
        str, Setting(("-sn",), Kind.TEXT, Group.SCENARIO, "Built-in scenario to run; uac when none is given.")
    ] = ""
    incoming_file: Annotated[
        str,
        Setting(
            ("-rxsf",),
            Kind.PATH,
            Group.SCENARIO,
            "A client's second, server scenario, for calls that come in. With -workers each has a port of its own to call.",
            placeholder="scenario.xml",
            roles=UAC,
        ),
    ] = ""
    incoming_name: Annotated[
        str,
        Setting(("-rxsn",), Kind.TEXT, Group.SCENARIO, "Built-in scenario for calls that come in to a client.", roles=UAC),
    ] = ""
    out_of_call_file: Annotated[
        str,
        Setting(
            ("-oocsf",),
            Kind.PATH,
            Group.SCENARIO,
            "Scenario for requests to a client that belong to no call.",
            placeholder="scenario.xml",
            roles=UAC,
        ),
    ] = ""
    out_of_call_name: Annotated[
        str,
        Setting(
            ("-oocsn",),
            Kind.TEXT,
            Group.SCENARIO,
            "Built-in scenario for requests that belong to no call, such as ooc_default.",
            roles=UAC,
        ),
    ] = ""
