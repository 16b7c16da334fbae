# SPDX-License-Identifier: AGPL-3.0-or-later
"""A browser's phone as the other side: JsSIP under Node registers with us, calls us, and is called through Kamailio.

Node and its packages (`jssip`, `ws`, `@roamhq/wrtc`, found by NODE_PATH) are no part of Debian: without them these tests are
skipped, also where `CI` is set. `test_kamailio_ws` has a peer that is always there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.interop.kamailio import Kamailio
from tests.interop.sides import LOOPBACK, Ours, at
from tests.interop.test_kamailio_ws import OVER_WS, all_successful, callers, counted, proxy
from tests.programs import ROOT, Program, Programs

__all__ = ["callers", "proxy"]

HOST = LOOPBACK[4]
PHONE = Path(__file__).parent / "jssip_phone.js"
NEEDS = "for (const name of ['jssip', 'ws', '@roamhq/wrtc']) require(name)"
SDP = """v=0
      o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
      s=-
      t=0 0
      a=group:BUNDLE 0
      m=audio 9 UDP/TLS/RTP/SAVPF 0
      c=IN IP[media_ip_type] [media_ip]
      a=mid:0
      a=rtcp-mux
      a=ice-ufrag:none
      a=ice-pwd:nobody-answers-here-0000
      a=fingerprint:sha-256 {fingerprint}
      a=setup:{setup}
      a=rtpmap:0 PCMU/8000
"""
"""What a browser takes for an offer or an answer; nobody is at the other end of its media."""


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the packages that the phone needs."""
    found = shutil.which("node")
    if found is None or subprocess.run([found, "-e", NEEDS], capture_output=True, check=False).returncode != 0:
        pytest.skip("there is no node, or it does not find jssip, ws and @roamhq/wrtc by NODE_PATH")
    return found


def with_webrtc(programs: Programs, name: str, setup: str) -> tuple[str, str]:
    """The flag and file of a built-in scenario whose media are those of a browser."""
    text = (ROOT / "scenarios" / f"{name}.xml").read_text()
    sdp = SDP.format(setup=setup, fingerprint=":".join(["00"] * 32))
    changed, count = re.subn(r"v=0\n.*?(?=    \]\]>)", sdp, text, flags=re.DOTALL)
    assert count
    (programs.folder / f"{name}.xml").write_text(changed)
    return "-sf", f"{name}.xml"


def until_said(program: Program, text: str, limit_s: float = 15) -> None:
    """Wait until a program has written something."""
    end = time.monotonic() + limit_s
    while text not in program.output:
        assert program.process.poll() is None, program.output
        assert time.monotonic() < end, program.output
        time.sleep(0.02)


def test_it_registers_with_us(node: str, programs: Programs) -> None:
    registrar = Ours(programs)
    server = registrar.start("-sn", "register_auth_uas", "-s", "alice", "-m", "1", "-t", "w1")
    server.wait_bound(registrar.port)
    phone = programs.start(node, str(PHONE), "register", f"ws://{at(HOST, registrar.port)}/", "alice")
    assert phone.wait() == 0, phone.output
    assert all_successful(counted(registrar, server), 1)
    assert [step.counts.messages for step in registrar.summary().steps if step.label == "403"] == [0]


def test_it_calls_us_and_hangs_up(node: str, programs: Programs) -> None:
    callee = Ours(programs)
    server = callee.start(*with_webrtc(programs, "uas", "active"), "-m", "1", "-t", "wn", "-ws_path", "/sip")
    server.wait_bound(callee.port)
    phone = programs.start(node, str(PHONE), "call", f"ws://{at(HOST, callee.port)}/sip", "alice", "bob")
    assert phone.wait() == 0, phone.output
    assert "the call stands" in phone.output
    assert all_successful(counted(callee, server), 1)


def test_we_call_it_through_a_proxy_and_it_hangs_up(node: str, proxy: Kamailio, programs: Programs, callers: Programs) -> None:
    user = f"browser{time.monotonic_ns()}"
    phone = programs.start(node, str(PHONE), "answer", f"ws://{at(HOST, proxy.port)}/sip", user)
    until_said(phone, "registered")
    caller = Ours(callers)
    scenario = with_webrtc(callers, "record_route_uac", "actpass")
    client = caller.start(*scenario, "-m", "1", "-s", user, "-t", "w1", *OVER_WS, at(HOST, proxy.port))
    assert all_successful(counted(caller, client), 1), phone.output
    assert phone.wait() == 0, phone.output
    assert "local hung up" in phone.output
