# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signed calls over the wire, from our client to our server: SIPp signs none."""

from __future__ import annotations

import pytest

from engine.messages import Failure
from tests.engine.sip.stir.keys import OTHER, RFC_8225_PRIVATE, RFC_8225_PUBLIC, certificate
from tests.interop.sides import Ours, at
from tests.programs import GOSSIPPER, Programs, free_port

CALLS = 20
CALLER = """<?xml version="1.0"?>
<scenario name="signed">
  <send retrans="500"><![CDATA[
    INVITE sip:+12155551213@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:+1215555[call_number]@[local_ip]>;tag=[call_number]
    To: <sip:+12155551213@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    [identity attest="A" orig="+1215555[call_number]" dest="+1 (215) 555-1213"
              key="key.pem" x5u="https://certificates.example/shaken.cer"]
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
  <send><![CDATA[
    ACK sip:+12155551213@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:+1215555[call_number]@[local_ip]>;tag=[call_number]
    To: <sip:+12155551213@[remote_ip]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Content-Length: 0

  ]]></send>
</scenario>
"""
CALLEE = """<?xml version="1.0"?>
<scenario name="signed, other side">
  <recv request="INVITE">
    <action><verifyidentity cert="certificate.pem" check_it="true"/></action>
  </recv>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=callee
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <recv request="ACK"/>
</scenario>
"""


@pytest.mark.parametrize(("key", "believed"), [(RFC_8225_PUBLIC, True), (certificate(OTHER), False)], ids=["right", "wrong"])
def test_a_signed_call(programs: Programs, key: bytes, believed: bool) -> None:
    folder = programs.folder
    (folder / "key.pem").write_bytes(RFC_8225_PRIVATE)
    (folder / "certificate.pem").write_bytes(key)
    (folder / "caller.xml").write_text(CALLER)
    (folder / "callee.xml").write_text(CALLEE)
    callee = Ours(programs)
    server = callee.start("-sf", "callee.xml", "-m", str(CALLS))
    server.wait_bound(callee.port)
    load = ("-m", str(CALLS), "-r", "100", "-i", callee.host, "-p", str(free_port()), "-nostdin")
    client = programs.start(*GOSSIPPER, "sipp", "-sf", "caller.xml", *load, at(callee.host, callee.port))
    assert client.wait() == 0, client.output
    assert server.wait() == (0 if believed else 1)
    counters = callee.summary().counters
    assert counters.successful == (CALLS if believed else 0)
    assert counters.failures == ({} if believed else {Failure.TEST_DOES_NOT_MATCH: CALLS})
    if not believed:
        assert counters.reasons == {"verifyidentity: the signature is wrong in step 0 (INVITE)": CALLS}
