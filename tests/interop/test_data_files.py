# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which calls take which lines of data files: in SIPp and in ours, several calls of the same scenario."""

from __future__ import annotations

import re

import pytest

from tests.interop.sides import Ours, Sipp, at
from tests.interop.udp_peer import UdpPeer
from tests.programs import Programs

SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="Fields">
{before}
  <send>
    <![CDATA[

      OPTIONS sip:service@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:alice@[local_ip]:[local_port]>;tag=[pid]a[call_number]
      To: <sip:service@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: [cseq] OPTIONS
      X: {text}
      Content-Length: 0

    ]]>
  </send>
  <pause milliseconds="1"/>
</scenario>
"""
INSERT = """
  <nop>
    <action>
      <lookup assign_to="line" file="a.csv" key="again"/>
      <insert file="a.csv" value="again;of [call_number]"/>
    </action>
  </nop>
"""
FILES = {
    "a.csv": "SEQUENTIAL\n#\nalice;a\nbob;b\ncarol;c\n",
    "b.csv": "SEQUENTIAL\nx\ny\n",
    "u.csv": "USERS\nu1;1\nu2;2\nu3;3\n",
    "p.csv": "SEQUENTIAL,PRINTF=3,PRINTFMULTIPLE=2,PRINTFOFFSET=1\nu%03d\nv%d\n",
    "once.csv": "RANDOM\nonly;one\n",
}


def said(program: Ours | Sipp, programs: Programs, arguments: tuple[str, ...]) -> list[bytes]:
    """What stands in the header X of the calls, in their order."""
    with UdpPeer(lambda message: []) as peer:
        started = program.start("-sf", "s.xml", *arguments, "-m", "8", "-r", "100", "-nr", at(program.host, peer.port))
        assert started.wait() == 0, started.output
    return re.findall(rb"\r\nX: (.*?)\r?\r\n", b"".join(peer.received))


@pytest.mark.parametrize(
    ("text", "before", "arguments"),
    [
        ('[field0] [field1] [field0 file="b.csv"] [field0 line=1]', "", ("-inf", "a.csv", "-inf", "b.csv")),
        ('[field0] [field0 file="a.csv"] [field1 file=a.csv]', "", ("-inf", "b.csv", "-inf", "a.csv")),
        ("[field0] [field0 line=4]", "", ("-inf", "p.csv")),
        ("[field0] [field1] [field0]", "", ("-inf", "once.csv")),
        ('[userid] [field0] [field0 file="a.csv"]', "", ("-inf", "u.csv", "-inf", "a.csv", "-users", "3")),
        ('[field0] [$line] [field1 line="[$line]"] [field1 line=4]', INSERT, ("-inf", "a.csv", "-infindex", "a.csv", "0")),
    ],
    ids=["several", "first", "printf", "random", "users", "inserted"],
)
def test_the_same_calls_take_the_same_lines(programs: Programs, text: str, before: str, arguments: tuple[str, ...]) -> None:
    for name, content in FILES.items():
        (programs.folder / name).write_text(content)
    (programs.folder / "s.xml").write_text(SCENARIO.format(before=before, text=text))
    theirs = said(Sipp(programs), programs, arguments)
    assert len(theirs) == 8
    assert said(Ours(programs), programs, arguments) == theirs
