# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each role against SIPp in the other between addresses of one link (`fe80::1%v0`), in a network of the test's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from engine.messages import Summary
from tests.interop.sides import SIPP_TABLE, SUMMARY
from tests.own_network import run_in_own_network
from tests.programs import GOSSIPPER, require

CALLS = 20
LINK = "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
HERE = "ip -6 addr add fe80::1/64 dev v0 nodad && ip -6 addr add fe80::2/64 dev v0 nodad"
BOTH = """
import json
from pathlib import Path
from tests.interop.sides import SIPP_TABLE, table
from tests.programs import Program

folder = Path({folder!r})
server = Program({server!r}, folder)
server.wait_bound(5070)
client = Program({client!r}, folder)
codes = [client.wait(), server.wait()]
sipp = table(folder / SIPP_TABLE)[-1]
print(json.dumps([codes, sipp["SuccessfulCall(C)"], sipp["FailedCall(C)"], client.output + server.output]))
"""


def both(folder: Path, server: tuple[str, ...], client: tuple[str, ...]) -> str:
    """What our side's messages were, when each side has run and counted the same."""
    code = BOTH.format(folder=str(folder), server=server, client=client)
    codes, successful, failed, output = json.loads(run_in_own_network(code, LINK, HERE))
    assert codes == [0, 0], output
    assert (successful, failed) == (str(CALLS), "0")
    counters = msgspec.json.decode((folder / SUMMARY).read_bytes(), type=Summary).counters
    assert (counters.created, counters.successful, counters.failed, counters.open) == (CALLS, CALLS, 0, 0)
    return Path(folder, "messages.log").read_text()


def sides(transport: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The command of ours and that of SIPp, without what makes each a client or a server."""
    common = ("-t", transport, "-m", str(CALLS), "-nostdin", "-timeout", "30")
    ours = (*GOSSIPPER, "sipp", *common, "-summary_json", SUMMARY, "-trace_msg", "-message_file", "messages.log")
    return ours, (require("sipp"), *common, "-trace_stat", "-stf", SIPP_TABLE)


UAC = ("-sn", "uac", "-r", "50", "[fe80::1%v0]:5070")
UAS = ("-p", "5070", "-i", "fe80::1%v0")


@pytest.mark.parametrize("transport", ["u1", "t1"])
@pytest.mark.parametrize("source", [(), ("-i", "fe80::2%v0")])
def test_uac_against_sipp(tmp_path: Path, transport: str, source: tuple[str, ...]) -> None:
    ours, sipp = sides(transport)
    timeless = tmp_path / "uas.xml"
    timeless.write_text(_built_in("uas").replace('<timewait milliseconds="4000"/>', ""))
    messages = both(tmp_path, (*sipp, "-sf", str(timeless), *UAS), (*ours, *UAC, *source))
    assert f"Via: SIP/2.0/{'UDP' if transport == 'u1' else 'TCP'} [fe80::" in messages
    sent = [line for line in messages.splitlines() if line.startswith(("Via", "From", "Contact", "INVITE", "BYE", "Call-ID"))]
    assert [line for line in sent if "%" in line and not line.startswith("Contact")] == [], "only SIPp's Contact has the zone"


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_uas_against_sipp(tmp_path: Path, transport: str) -> None:
    ours, sipp = sides(transport)
    messages = both(tmp_path, (*ours, "-sn", "uas", *UAS), (*sipp, *UAC))
    assert "Contact: <sip:[fe80::1]:5070;" in messages


def _built_in(name: str) -> str:
    return subprocess.run([require("sipp"), "-sd", name], capture_output=True, text=True, check=False).stdout
