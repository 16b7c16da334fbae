# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: what is scraped."""

from __future__ import annotations

from typing import Annotated, Final

from engine.options.config.homer import HomerOptions
from engine.options.values import Group, Kind, Setting

METRICS_PORT: Final = 9464
"""Where exporters of metrics are looked for, by OpenTelemetry's convention; 9090 is Prometheus's own."""


class MetricsOptions(HomerOptions, frozen=True, kw_only=True):
    """What is scraped."""

    metrics: Annotated[
        str,
        Setting(
            ("-metrics",),
            Kind.TEXT,
            Group.OBSERVABILITY,
            f"Serve the run's figures to Prometheus at http://HOST:PORT/metrics (port {METRICS_PORT} unless given).",
            placeholder=f"127.0.0.1:{METRICS_PORT}",
        ),
    ] = ""
