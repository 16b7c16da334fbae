# SPDX-License-Identifier: AGPL-3.0-or-later
"""Options of an export that is not there change nothing, and that is told."""

from __future__ import annotations

import pytest

from engine.options import RunConfig
from engine.run.idle_checks import idle_export_options
from tests.engine.run.runs import call, engine_with_server

NOWHERE = "without -hep_addr nothing is sent to Homer"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, []),
        ({"hep_address": "homer"}, []),
        ({"hep_address": "homer", "hep_what": "failed", "hep_password": "x", "hep_capture_id": 3}, []),
        ({"hep_address": "homer", "hep_protocol": "tls", "hep_tls_ca": "ca.pem"}, []),
        ({"hep_what": "failed", "hep_password": "x"}, [f"-hep_what -hep_password: {NOWHERE}"]),
        ({"hep_protocol": "tls", "hep_tls_ca": "ca.pem"}, [f"-hep_proto -hep_tls_ca: {NOWHERE}"]),
        ({"hep_tls_ca": "ca.pem"}, [f"-hep_tls_ca: {NOWHERE}"]),
        (
            {"hep_address": "homer", "hep_protocol": "tcp", "hep_tls_ca": "ca.pem"},
            ["-hep_tls_ca: only -hep_proto tls has certificates; nothing is encrypted"],
        ),
        ({"trace_call_debug": True, "call_debug_file": "a.log", "call_debug_overwrite": False}, []),
        (
            {"call_debug_file": "a.log", "call_debug_overwrite": False},
            ["-calldebug_file -calldebug_overwrite: without -trace_calldebug no log of failed calls is written"],
        ),
        (
            {"log_level": "warn", "log_samples": ("rtd=2",), "log_buffer_size": 5, "log_attributes": ("a=b",)},
            [
                "-log_level -log_sample -log_buffer_size: there is no event log without -log_file_jsonl, -log_stdout or "
                "-log_otel_endpoint",
                "-log_attr: nothing has attributes without -log_file_jsonl, -log_stdout or -log_otel_endpoint",
            ],
        ),
        ({"log_level": "warn", "log_attributes": ("a=b",), "log_json_file": "x"}, []),
        ({"log_level": "warn", "log_attributes": ("a=b",), "log_otel_endpoint": "here"}, []),
    ],
)
def test_what_changes_nothing_is_told(given: dict[str, object], told: list[str]) -> None:
    assert idle_export_options(RunConfig(**given)) == told  # type: ignore[arg-type]


async def test_a_run_tells_it_and_goes_on() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=1, hep_what="failed")
        summary = await run.finish()
    assert summary.counters.successful == 1
    assert [text for text in run.warnings if "-hep_" in text] == [f"-hep_what: {NOWHERE}"]
