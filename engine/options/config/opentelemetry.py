# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: what goes to an OpenTelemetry collector."""

from __future__ import annotations

from engine.options.config.event_log import EventLogOptions


class OpenTelemetryOptions(EventLogOptions, frozen=True, kw_only=True):
    """What goes to an OpenTelemetry collector."""
