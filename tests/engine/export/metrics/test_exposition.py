# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is served is what Prometheus's own readers read, whatever a scenario calls its steps."""

from __future__ import annotations

import subprocess

import msgspec
import pytest

from engine.export.figures import FIGURES, Kind, Told
from engine.export.metrics.exposition import LONGEST_LABEL, OPENMETRICS, TEXT, Format, exposed, format_for, sample_names
from engine.messages import Histogram, QueueCounts
from tests.engine.export.metrics.scraping import Key, key, over, read
from tests.engine.report.examples import media, run_started, snapshot
from tests.programs import require

FORMATS = pytest.mark.parametrize("form", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
SOME = snapshot(elapsed_s=2, successful=30, failed=4, still_open=2, response_ms=(0.04, 4, 6, 6, 230, 90_000))
RUN = Told(
    run_started(),
    msgspec.structs.replace(SOME, media=media(), users=3, queues={"event log": QueueCounts(offered=9, written=5, dropped=4)}),
)


def samples(run: Told, form: Format) -> dict[Key, float]:
    return read(exposed(run, form), form.content_type)


@FORMATS
def test_every_figure_is_read_back_as_it_is(form: Format) -> None:
    found = samples(RUN, form)
    expected: dict[Key, float] = {}
    for figure in FIGURES:
        for values, value in figure.samples(RUN):
            labels = dict(zip(figure.labels, values, strict=True))
            if isinstance(value, Histogram):
                expected[key(figure.name + "_count", **labels)] = value.count
                expected[key(figure.name + "_sum", **labels)] = pytest.approx(value.sum_ns / figure.scale)
                buckets = [held for (name, _), held in found.items() if name == f"gossipper_{figure.name}_bucket"]
                assert len(buckets) == len(figure.bounds) + 1
            else:
                expected[sample_names(figure)[0], frozenset(labels.items())] = value
    assert {name: value for name, value in found.items() if not name[0].endswith("_bucket")} == expected
    assert {name for name, _ in found} == {name for figure in FIGURES for name in sample_names(figure)}


@FORMATS
def test_buckets_hold_what_is_not_above_them(form: Format) -> None:
    found = {
        float(dict(labels)["le"]): value
        for (name, labels), value in samples(RUN, form).items()
        if name == "gossipper_response_time_seconds_bucket"
    }
    assert (found[2e-05], found[5e-05], found[0.003], found[0.005], found[0.007]) == (0, 1, 1, 2, 4)
    assert (found[0.2], found[0.3], found[70.0], found[float("inf")]) == (4, 5, 5, 6)


@FORMATS
def test_any_text_of_a_scenario_is_a_label(form: Format) -> None:
    texts = ('a "quoted" \\ one', "two\nlines # EOF", "ünicode ✔", "\udcff is no text", "x" * 10_000, "", '{a="b"} 7')
    steps = tuple(msgspec.structs.replace(RUN.started.scenario.steps[0], label=text) for text in texts)
    scenario = msgspec.structs.replace(RUN.started.scenario, steps=steps, source="\udcfe.xml\n")
    run = Told(
        msgspec.structs.replace(RUN.started, scenario=scenario),
        msgspec.structs.replace(RUN.snapshot, steps=RUN.snapshot.steps[:1] * len(texts)),
    )
    found = [dict(labels) for name, labels in samples(run, form) if name == "gossipper_step_messages_total"]
    labels = [each["label"] for each in sorted(found, key=lambda each: int(each["step"]))]
    assert labels == [*texts[:3], "? is no text", "x" * LONGEST_LABEL, *texts[5:]]


@FORMATS
def test_what_a_run_has_nothing_of_is_left_out(form: Format) -> None:
    body = exposed(Told(run_started(timers=()), snapshot(elapsed_s=1, timers=())), form)
    assert b"gossipper_media" not in body
    assert b"gossipper_response_time" not in body
    assert b"gossipper_queue" not in body
    assert b"gossipper_target_users" not in body
    assert over(read(body, form.content_type), "run_state") == {
        "running": 1, "paused": 0, "finishing": 0, "finished": 0,
    }  # fmt: skip


def test_both_formats_say_the_same() -> None:
    assert samples(RUN, TEXT) == samples(RUN, OPENMETRICS)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
        ("text/plain;version=0.0.4;q=0.3,*/*;q=0.1", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75", OPENMETRICS),
        # Prometheus 2.42 and 3.
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1", OPENMETRICS),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            OPENMETRICS,
        ),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.9", TEXT),
        ("application/openmetrics-text;q=much", TEXT),
        ("APPLICATION/OpenMetrics-Text; Q=1.0", OPENMETRICS),
        (",;q=;,application/openmetrics-text;q=nan", TEXT),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", TEXT),
    ],
)
def test_who_asks_for_openmetrics_gets_it(accept: str, form: Format) -> None:
    assert format_for(accept) is form


def test_prometheus_own_check_has_nothing_to_say() -> None:
    promtool = require("promtool")
    checked = subprocess.run([promtool, "check", "metrics"], input=exposed(RUN, TEXT), capture_output=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_what_only_grows_is_a_counter_and_ends_in_total() -> None:
    for figure in FIGURES:
        assert (figure.kind is Kind.COUNTER) == sample_names(figure)[0].endswith("_total")
