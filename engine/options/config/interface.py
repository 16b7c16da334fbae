# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Interface: how a run is steered."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.metrics import MetricsOptions
from engine.options.values import Group, Kind, Setting


class InterfaceOptions(MetricsOptions, frozen=True, kw_only=True):
    """How a run is steered."""

    no_stdin: Annotated[bool, Setting(("-nostdin",), Kind.SWITCH, Group.INTERFACE, "Do not read keys from standard input.")] = (
        False
    )
