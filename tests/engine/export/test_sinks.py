# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of sinks: none unless one is asked for, and shards make no record that nobody wants."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from engine.export.sinks import asked_for, recorded
from engine.options import RunConfig
from tests.engine.export.recording import surroundings
from tests.programs import ROOT

ASKED = {
    "call_records": {"call_records": "calls.jsonl"},
    "event log to a file": {"log_json_file": "events.jsonl"},
    "metrics": {"metrics": "127.0.0.1:9464"},
    "event log to stderr": {"log_to_stderr": True, "log_level": "error"},
}
"""Options that ask for each sink, by a name for it."""


def test_nothing_is_exported_that_nobody_asked_for() -> None:
    assert asked_for(RunConfig()) == ()


@pytest.mark.parametrize("options", ASKED.values(), ids=ASKED)
def test_a_sink_wants_what_is_recorded_for_it(options: dict[str, Any]) -> None:
    config = RunConfig(**options)
    (kind,) = asked_for(config)
    sink = kind.make(surroundings([], **options))
    assert kind.records(config) <= sink.wants
    assert recorded([kind], config) == tuple(sorted(each.__name__ for each in kind.records(config)))


def test_no_sink_is_imported_before_it_is_needed() -> None:
    program = "import sys, engine.run.commands; print(*[name for name in sys.modules if name.startswith('engine.export')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    light = {"log_events", "log_outputs", "otel", "otel.settings", "protocol", "sink", "sinks", "waiting"}
    assert set(done.stdout.split()) == {"engine.export", *(f"engine.export.{name}" for name in light)}
