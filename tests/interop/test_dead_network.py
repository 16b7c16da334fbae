# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network that dies in mid-call without a word: no FIN, no reset, no answer. Calls end by their timeouts, and the run ends.

In a network of the test's own, whose loopback interface is taken down and, where the test says so, up again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.messages import Failure
from tests.own_network import run_in_own_network
from tests.programs import GOSSIPPER

CALLS = 10
BOTH = """
import json, signal, subprocess, time
from pathlib import Path
from tests.programs import Program

folder = Path({folder!r})

def outcome(path):
    counters = json.loads((folder / path).read_text())["counters"]
    assert counters["incoming"] + counters["outgoing"] == counters["successful"] + counters["failed"] + counters["open"]
    return [counters["outgoing"], counters["successful"], counters["failed"], counters["open"], counters["failures"]]

server = Program({server!r}, folder)
server.wait_bound(5070)
client = Program({client!r}, folder)
while (Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()).count(" 01 ") < 2:
    time.sleep(0.01)
time.sleep(1)
subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
if {again!r}:
    time.sleep(0.5)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
code = client.wait(30)
server.process.send_signal(signal.SIGTERM)
server.wait(30)
print(json.dumps([code, outcome("client.json"), outcome("server.json"), client.output + server.output]))
"""


def played(folder: Path, transport: str, *options: str, again: bool) -> tuple[int, list[int], dict[str, int]]:
    """The exit code of a client whose network died, its calls (made, successful, failed, open) and their failures."""
    common = (*GOSSIPPER, "sipp", "-t", transport, "-i", "127.0.0.1", "-nostdin", "-timeout", "40")
    server = (*common, "-sn", "uas", "-p", "5070", "-summary_json", "server.json")
    load = ("-m", str(CALLS), "-r", "20", "-d", "2500")
    client = (*common, "-sn", "uac", "127.0.0.1:5070", *load, *options, "-summary_json", "client.json")
    code = BOTH.format(folder=str(folder), server=server, client=client, again=again)
    ended, (*calls, failures), _, output = json.loads(run_in_own_network(code))
    assert "Traceback" not in output
    return ended, calls, failures


@pytest.mark.parametrize("transport", ["t1", "tn"])
def test_a_network_that_is_gone_ends_calls_by_their_timeouts(tmp_path: Path, transport: str) -> None:
    code, calls, failures = played(tmp_path, transport, "-recv_timeout", "1000", again=False)
    assert (code, calls) == (1, [CALLS, 0, CALLS, 0])
    assert set(failures) <= {Failure.TIMEOUT_ON_RECV, Failure.TCP_CLOSED}


@pytest.mark.parametrize("transport", ["t1", "tn"])
def test_a_network_that_comes_again_costs_no_call(tmp_path: Path, transport: str) -> None:
    code, calls, _ = played(tmp_path, transport, again=True)
    assert (code, calls) == (0, [CALLS, CALLS, 0, 0])
