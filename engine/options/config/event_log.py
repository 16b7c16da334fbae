# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: the event log and the records of calls."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.following import FollowingOptions
from engine.options.values import Group, Kind, Setting


class EventLogOptions(FollowingOptions, frozen=True, kw_only=True):
    """The event log and the records of calls."""

    call_records: Annotated[
        str,
        Setting(
            ("-call_records",),
            Kind.PATH,
            Group.OBSERVABILITY,
            "Write a line for every call that has ended to this file, as JSON.",
            placeholder="calls.jsonl",
        ),
    ] = ""
