# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: which calls are followed."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.traces import TracesOptions
from engine.options.values import Group, Kind, Setting


class FollowingOptions(TracesOptions, frozen=True, kw_only=True):
    """Which calls are followed."""

    follow: Annotated[
        tuple[str, ...],
        Setting(
            ("-follow",),
            Kind.TEXTS,
            Group.OBSERVABILITY,
            "Follow calls: every=N, failed, text=WHAT A MESSAGE HOLDS, next=N; may be repeated.",
            placeholder="failed",
        ),
    ] = ()
    follow_memory_mb: Annotated[
        int,
        Setting(
            ("-follow_memory",),
            Kind.INTEGER,
            Group.OBSERVABILITY,
            "Of the messages of open calls the newest so many are kept, in each worker, for the calls that are followed.",
            "MB",
            1,
            4096,
        ),
    ] = 32
    follow_most: Annotated[
        int,
        Setting(
            ("-follow_most",),
            Kind.INTEGER,
            Group.OBSERVABILITY,
            "Failed calls of each class of failure that are followed.",
            "",
            1,
        ),
    ] = 10
