# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: the event log and the records of calls."""

from __future__ import annotations

from engine.options.config.following import FollowingOptions


class EventLogOptions(FollowingOptions, frozen=True, kw_only=True):
    """The event log and the records of calls."""
