# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: what is scraped."""

from __future__ import annotations

from engine.options.config.homer import HomerOptions


class MetricsOptions(HomerOptions, frozen=True, kw_only=True):
    """What is scraped."""
