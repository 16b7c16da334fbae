# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Data: what fills messages."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.media import MediaOptions
from engine.options.values import UAC, Group, Kind, Setting


class DataOptions(MediaOptions, frozen=True, kw_only=True):
    """What fills messages."""

    data_files: Annotated[
        tuple[str, ...],
        Setting(("-inf",), Kind.PATHS, Group.DATA, "Data file whose lines fill [field0], [field1] …", placeholder="file.csv"),
    ] = ()
    incoming_data_files: Annotated[
        tuple[str, ...],
        Setting(
            ("-rxinf",),
            Kind.PATHS,
            Group.DATA,
            "Data file for the scenario of incoming calls (-rxsf), which finds those of -inf by name.",
            placeholder="file.csv",
            roles=UAC,
        ),
    ] = ()
    data_indexes: Annotated[
        tuple[tuple[str, str], ...],
        Setting(
            ("-infindex",),
            Kind.PAIRS,
            Group.DATA,
            "Index a data file by one of its fields, for the action lookup.",
            placeholder="file.csv field",
        ),
    ] = ()
    keywords: Annotated[
        tuple[tuple[str, str], ...],
        Setting(
            ("-key",), Kind.PAIRS, Group.DATA, "A keyword of your own: [name] becomes the value.", placeholder="name value"
        ),
    ] = ()
    global_values: Annotated[
        tuple[tuple[str, str], ...],
        Setting(
            ("-set",),
            Kind.PAIRS,
            Group.DATA,
            "The value that a variable begins with which the scenario declares in <Global>.",
            placeholder="variable value",
        ),
    ] = ()
    auth_username: Annotated[
        str, Setting(("-au",), Kind.TEXT, Group.DATA, "Who answers challenges in [authentication]; as -s when none is given.")
    ] = ""
    auth_password: Annotated[
        str, Setting(("-ap",), Kind.TEXT, Group.DATA, "The password that answers challenges in [authentication].")
    ] = "password"
    auth_uri: Annotated[
        str,
        Setting(
            ("-auth_uri",),
            Kind.TEXT,
            Group.DATA,
            "The URI in [authentication], the peer's when none is given.",
            placeholder="example.com",
        ),
    ] = ""
    tdm_map: Annotated[
        str,
        Setting(("-tdmmap",), Kind.TEXT, Group.DATA, "Circuits for [tdmmap], one a call.", placeholder="{0-3}{99}{5-8}{1-31}"),
    ] = ""
    dynamic_start: Annotated[int, Setting(("-dynamicStart",), Kind.INTEGER, Group.DATA, "First value of [dynamic_id].")] = (
        10_000
    )
    dynamic_max: Annotated[
        int, Setting(("-dynamicMax",), Kind.INTEGER, Group.DATA, "Value of [dynamic_id] after which it starts again.")
    ] = 12_000
    dynamic_step: Annotated[
        int, Setting(("-dynamicStep",), Kind.INTEGER, Group.DATA, "What is added to [dynamic_id] each time.", "", 1)
    ] = 4
    seed: Annotated[
        int | None,
        Setting(("-seed",), Kind.INTEGER, Group.DATA, "Draw the same random numbers as another run with this seed.", "", 0),
    ] = None
