# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scenarios of a call with media, for both programs: tests differ in the SDP, and in what is done in the call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.programs import free_ports

PORTS_A_TEST: Final = 60
PCMU = ("m=audio [rtpstream_audio_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")

_CALLER = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="Calls, with media">
  <send retrans="500"><![CDATA[

    INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]a[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:caller@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

{sdp}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[

    ACK [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]a[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
{talk}
  <send retrans="500"><![CDATA[

    BYE [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]a[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"""

_CALLEE = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="Is called, with media">
  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[

    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]b[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:callee@[local_ip]:[local_port]>
    Content-Type: application/sdp
    Content-Length: [len]

{sdp}
  ]]></send>
  <recv request="ACK"/>
{talk}
  <recv request="BYE"/>
  <send><![CDATA[

    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
</scenario>
"""


def media_ports(host: str = "127.0.0.1") -> int:
    """The first of `PORTS_A_TEST` ports that nobody has."""
    return free_ports(PORTS_A_TEST, host)


def own_ports() -> tuple[str, ...]:
    """Arguments that give one of ours ports which no other program of a test has: what comes late there would be counted."""
    first = media_ports()
    return "-min_rtp_port", str(first), "-max_rtp_port", str(first + PORTS_A_TEST - 1)


def ports_filter(*first_ports: int) -> str:
    """What captures the packets that come to such ports."""
    return " or ".join(f"udp dst portrange {first}-{first + PORTS_A_TEST - 1}" for first in first_ports)


def caller(folder: Path, media: Sequence[str] = PCMU, talk: str = "", name: str = "caller.xml") -> str:
    """Write the scenario of one who calls, does `talk` and hangs up; the name of its file in the folder."""
    return _write(folder / name, _CALLER, media, talk)


def callee(folder: Path, media: Sequence[str] = PCMU, talk: str = "", name: str = "callee.xml") -> str:
    """Write the scenario of one who is called; the name of its file in the folder."""
    return _write(folder / name, _CALLEE, media, talk)


def do(*actions: str) -> str:
    """A step that does these actions, given as attributes of `exec` (`rtp_stream="pause"`)."""
    return f"  <nop><action>{''.join(f'<exec {action}/>' for action in actions)}</action></nop>"


def wait(milliseconds: int) -> str:
    """A pause."""
    return f'  <pause milliseconds="{milliseconds}"/>'


def talking(*steps: str) -> str:
    """Steps one after the other."""
    return "\n".join(steps)


def _write(path: Path, text: str, media: Sequence[str], talk: str) -> str:
    head = ("v=0", "o=- 1 1 IN IP[local_ip_type] [local_ip]", "s=-", "c=IN IP[media_ip_type] [media_ip]", "t=0 0")
    path.write_text(text.format(sdp="\n".join(f"    {line}" for line in (*head, *media)), talk=talk))
    return path.name
