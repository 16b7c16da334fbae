# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenTelemetry on the command line: the example of docs/observability.md, and that what the SDK and its libraries have to say
does not get into a terminal."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from engine.options import FLAGS
from tests.engine.export.otel.running import PROTOCOLS, collector_of
from tests.interop.pages import blocks_of, run_block
from tests.interop.sides import Ours
from tests.interop.test_observability_page import section_of
from tests.otlp import SIGNALS, Says, attributes, value
from tests.programs import Programs, free_port

SECTION = section_of("OpenTelemetry")


def test_the_collector_of_the_example_gets_what_the_page_says(programs: Programs, shell: dict[str, str]) -> None:
    (block,) = blocks_of(SECTION)
    with collector_of("grpc") as collector:
        run_block(programs, shell, [line.replace("127.0.0.1:4317", collector.endpoint) for line in block])
    events = Counter(record.event_name for record in collector.logs)
    assert (events["call.started"], events["call.ended"]) == (20, 20)
    told = collector.metrics()
    assert value(told["gossipper.calls_successful"]) == 20
    for name, unit in re.findall(r"^\| `(gossipper\.\w+)` \| `(.+?)` \|", SECTION, re.M):
        assert told[name].unit == unit
    assert Counter(span.name for span in collector.spans) == {"outgoing call": 4, "INVITE": 4, "BYE": 4}
    attributes_told = {name for span in collector.spans for name in attributes(span.attributes)}
    assert {name for name in attributes_told if f"`{name}`" not in SECTION} == {"gossipper.response_time.1"}
    [resource] = {tuple(each) for signal in SIGNALS for each in collector.resources(signal)}
    assert [name for name in resource if not name.startswith("telemetry.") and f"`{name}`" not in SECTION] == []


def test_the_page_has_every_option_of_opentelemetry() -> None:
    assert [flag for flag in FLAGS if flag.startswith("-log_otel_") and f"| `{flag}` |" not in SECTION] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("trouble", ["refuses", "has no TLS", "is away"])
def test_standard_error_has_the_event_log_and_nothing_else(
    two_folders: tuple[Programs, Programs], protocol: str, trouble: str
) -> None:
    caller, callee = map(Ours, two_folders)
    callee.start("-sn", "uas").wait_bound(callee.port)
    with collector_of(protocol) as collector:
        collector.says = lambda signal: Says({"grpc": "UNAUTHENTICATED", "http": "401"}[protocol], "no")
        endpoint = collector.endpoint if trouble != "is away" else f"127.0.0.1:{free_port()}"
        how = ("-log_otel_proto", protocol, *(() if trouble == "has no TLS" else ("-log_otel_insecure",)))
        shell = ("sh", "-c", '"$@" 2>stderr', "sh")
        asked = ("-log_stdout", "-follow", "every=1", "-log_otel_endpoint", endpoint, *how)
        client = caller.start("-sn", "uac", f"{callee.host}:{callee.port}", "-m", "5", *asked, before=shell)
        assert client.wait() == 0
    lines = (two_folders[0].folder / "stderr").read_text().splitlines()
    kinds = Counter(json.loads(line)["kind"] for line in lines)
    assert (kinds["engine.started"], kinds["call.ended"], kinds["engine.stopped"]) == (1, 5, 1)
    told = [line for line in client.output.splitlines() if "OpenTelemetry" in line]
    assert len(told) == (3 if trouble == "refuses" else 1)
    assert all(f"OpenTelemetry at {endpoint}" in line for line in told)
