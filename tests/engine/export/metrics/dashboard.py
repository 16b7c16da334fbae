# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/grafana-dashboard.json: its panels and what they query."""

from __future__ import annotations

import json
from typing import Any

from tests.interop.pages import page

DASHBOARD: dict[str, Any] = json.loads(page("grafana-dashboard.json"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES: dict[str, str] = {
    f"{panel['title']}: {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]
}
"""Every query, by its panel and its letter."""


def asked(query: str, period: str) -> str:
    """A query as Grafana asks it of Prometheus, of all instances."""
    return query.replace("$instance", ".*").replace("$__rate_interval", period)
