# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: what goes to Homer."""

from __future__ import annotations

from engine.options.config.opentelemetry import OpenTelemetryOptions


class HomerOptions(OpenTelemetryOptions, frozen=True, kw_only=True):
    """What goes to Homer."""
