# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that a run can tell while it goes on, at once: all of it is accounted for, whatever becomes of who takes it."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from engine.messages import Outcome
from engine.run import exporting, patience
from tests.engine.export.conservation import conserved
from tests.engine.run.runs import call, children, engine_with_server
from tests.interop.pages import page
from tests.programs import free_port

CALLS = 100
QUEUES = {
    "records",
    "events",
    "followed calls",
    "capture",
    "call debug log",
    "call records",
    "event log to file",
    "HEP",
    "otel logs",
    "otel metrics",
    "otel traces",
}


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Options that ask for all of it. The collector is one that takes connections and nothing else; Homer never reads."""
    with socket.create_server(("127.0.0.1", 0)) as collector, socket.socket(type=socket.SOCK_DGRAM) as homer:
        homer.bind(("127.0.0.1", 0))
        yield {
            "follow": ("every=10", "failed"),
            "trace_pcap": str(tmp_path / "calls.pcapng"),
            "trace_call_debug": True,
            "call_debug_file": str(tmp_path / "debug.log"),
            "call_records": str(tmp_path / "calls.jsonl"),
            "log_json_file": str(tmp_path / "events.jsonl"),
            "hep_address": f"127.0.0.1:{homer.getsockname()[1]}",
            "metrics": f"127.0.0.1:{free_port()}",
            "log_otel_endpoint": f"127.0.0.1:{collector.getsockname()[1]}",
            "log_otel_insecure": True,
        }


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "COMPLETE_S", 1.0)
    monkeypatch.setattr(exporting, "LAST_WORD_S", 1.0)
    monkeypatch.setattr(patience, "SILENT_S", 2.0)


@pytest.mark.parametrize("in_process", [True, False])
async def test_every_queue_accounts_for_all_and_stands_on_the_page(everything: dict[str, Any], in_process: bool) -> None:
    async with engine_with_server(in_process=in_process) as (bus, server):
        run = await call(bus, server.port, rate=100.0, max_calls=CALLS, workers=1 if in_process else 2, **everything)
        summary = await run.finish()
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, CALLS)
    assert QUEUES - {"events"} <= set(summary.queues) <= QUEUES
    conserved(summary.queues)
    assert summary.queues["call records"].written == CALLS
    assert summary.queues["HEP"].offered == 6 * CALLS
    assert summary.queues["followed calls"].written == summary.queues["capture"].written == CALLS // 10
    rows = re.findall(r"^\| (`.+?) \| .+ \| .+ \|$", page("observability.md"), re.M)
    on_the_page = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert set(summary.queues) - on_the_page == set()


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_an_exporter_that_goes_costs_no_call_and_every_queue_accounts_for_all(
    everything: dict[str, Any], number: signal.Signals
) -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, rate=50.0, max_calls=2 * CALLS, **everything)
        await run.until(lambda snapshot: snapshot.counters.successful > CALLS // 5)
        os.kill(*children(b"engine.export"), number)
        began_s = trio.current_time()
        summary = await run.finish()
        assert trio.current_time() - began_s < 20
    assert (summary.outcome, summary.counters.successful) == (Outcome.PASSED, 2 * CALLS)
    conserved(summary.queues)
    assert summary.queues["records"].dropped > 0
    assert "records dropped" in str(summary.verdict)
    assert len([text for text in run.warnings if text.startswith("the exporter ")]) == 1
    assert summary.queues["capture"].dropped == 0
