# SPDX-License-Identifier: AGPL-3.0-or-later
"""The dashboard for Grafana asks for nothing that is not served, and shows all that a person looks for."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from typing import Any

import pytest

from engine.export.figures import FIGURES, Kind
from engine.export.metrics.exposition import sample_names
from tests.engine.export.metrics.dashboard import DASHBOARD, PANELS, QUERIES

SERVED = {name: figure for figure in FIGURES for name in sample_names(figure)}
COLUMNS = 24


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_what_a_panel_asks_for_is_served(query: str) -> None:
    names = re.findall(r"gossipper_\w+", query)
    assert names
    assert set(names) <= SERVED.keys()
    labels = {label for name in names for label in SERVED[name].labels} | {"le", "instance"}
    assert {label.strip() for group in re.findall(r"by \((.*?)\)", query) for label in group.split(",")} <= labels
    assert query.count('{instance=~"$instance"}') == len(names)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_what_grows_is_told_by_its_growth(query: str) -> None:
    """Of a counter, or of a bucket of a histogram, only the growth means something in a graph."""
    for name in re.findall(r"(?:rate|increase)\((gossipper_\w+)", query):
        assert SERVED[name].kind in (Kind.COUNTER, Kind.HISTOGRAM)
    assert query.startswith("histogram_quantile(") == ("_bucket" in query)


@pytest.mark.parametrize(
    "name",
    [
        "calls_total",
        "calls_successful_total",
        "calls_failed_total",
        "calls_open",
        "response_time_seconds_bucket",
        "call_lateness_seconds_bucket",
        "retransmissions_total",
        "queue_dropped_total",
        "kernel_drops_total",
        "trustworthy",
        "media_packets_lost",
        "media_jitter_seen_seconds_bucket",
        "media_mos_seen_bucket",
        "media_lateness_seconds_bucket",
    ],
)
def test_what_a_person_looks_for_is_there(name: str) -> None:
    assert any(re.search(rf"gossipper_{name}\b", query) for query in QUERIES.values())


def test_it_is_a_dashboard_that_grafana_takes() -> None:
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time", "annotations"} <= DASHBOARD.keys()
    assert "id" not in DASHBOARD  # one that is given would take the place of another dashboard
    variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "instance": "query"}
    identities = Counter(panel["id"] for panel in DASHBOARD["panels"])
    assert set(identities.values()) == {1}
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["title"]
        assert panel["description"].endswith(".")
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters) > 0


def test_panels_do_not_lie_on_each_other() -> None:
    for panel in DASHBOARD["panels"]:
        assert 0 <= panel["gridPos"]["x"] <= panel["gridPos"]["x"] + panel["gridPos"]["w"] <= COLUMNS
    for one, other in combinations(DASHBOARD["panels"], 2):
        assert not overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h")))
