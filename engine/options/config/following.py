# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: which calls are followed."""

from __future__ import annotations

from engine.options.config.traces import TracesOptions


class FollowingOptions(TracesOptions, frozen=True, kw_only=True):
    """Which calls are followed."""
