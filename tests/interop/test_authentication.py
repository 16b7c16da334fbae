# SPDX-License-Identifier: AGPL-3.0-or-later
"""Authentication with SIPp as the other side, in both roles, with 401 and 407; and against what both make of a challenge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest

from engine.sip.authentication import AkaKeys, Credentials, is_authentic
from engine.sip.message import Message
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.interop.udp_peer import UdpPeer
from tests.programs import GOSSIPPER, ROOT, Programs, free_port, require

CALLS = "50"
LOAD = ("-m", CALLS, "-r", "100")
HOST = LOOPBACK[4]
SEEN_BY_SIPP = {
    # SIPp's verifyauth looks at Authorization only.
    '<verifyauth assign_to="authentic" username="[service]" password="password"/>': (
        '<ereg regexp="Digest username=.service.,realm=.gossipper.,cnonce=.[0-9a-f]+.,nc=00000001,qop=auth,"'
        ' search_in="hdr" header="Proxy-Authorization:" assign_to="authentic"/>'
    )
}


def scenario(programs: Programs, name: str, changes: dict[str, str] | None = None) -> tuple[str, str]:
    """The flag and file of one of our built-in scenarios, with these pieces of text replaced."""
    text = (ROOT / "scenarios" / f"{name}.xml").read_text()
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    (programs.folder / f"{name}.xml").write_text(text)
    return "-sf", f"{name}.xml"


def counted(ours: Ours, label: str) -> int:
    """How many messages passed all steps of ours with this label."""
    return sum(step.counts.messages for step in ours.summary().steps if step.label == label)


@pytest.mark.parametrize(("name", "changes"), [("register_auth", {}), ("invite_auth", SEEN_BY_SIPP)])
def test_we_answer_sipps_challenge(programs: Programs, name: str, changes: dict[str, str]) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = sipp.start_server(*scenario(programs, f"{name}_uas", changes), "-m", CALLS)
    client = ours.start("-sn", f"{name}_uac", *LOAD, at(HOST, sipp.port))
    assert (client.wait(), server.wait()) == (0, 0), client.output
    totals = sipp.totals()
    assert (totals["SuccessfulCall(C)"], totals["FailedCall(C)"], totals["OutOfCallMsgs(C)"]) == (CALLS, "0", "0")
    assert ours.summary().counters.successful == int(CALLS)


@pytest.mark.parametrize("name", ["register_auth", "invite_auth"])
def test_sipp_answers_our_challenge(programs: Programs, name: str) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = ours.start("-sn", f"{name}_uas", "-m", CALLS)
    server.wait_bound(ours.port)
    client = sipp.start(*scenario(programs, f"{name}_uac"), *LOAD, at(HOST, ours.port))
    assert (client.wait(), server.wait()) == (0, 0), server.output
    totals = sipp.totals()
    assert (totals["SuccessfulCall(C)"], totals["FailedCall(C)"], totals["OutOfCallMsgs(C)"]) == (CALLS, "0", "0")
    assert counted(ours, "403") == 0


@pytest.mark.parametrize("name", ["register_auth", "invite_auth"])
def test_a_wrong_password_is_seen(programs: Programs, name: str) -> None:
    ours, sipp = Ours(programs), Sipp(programs)
    server = ours.start("-sn", f"{name}_uas", "-m", "5")
    server.wait_bound(ours.port)
    client = sipp.start(*scenario(programs, f"{name}_uac"), "-m", "5", "-ap", "wrong", at(HOST, ours.port))
    assert client.wait() == 1
    server.wait()
    assert counted(ours, "403") == 5


# --- the same challenge to both ----------------------------------------------------------------------------------------

CHALLENGED = """<?xml version="1.0"?>
<scenario name="challenged">
  <send><![CDATA[
    MESSAGE sip:[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:a@[local_ip]>;tag=[call_number]
    To: <sip:b@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 MESSAGE
    Content-Length: 0

  ]]></send>
  <recv response="401" auth="true"/>
  <send><![CDATA[
    MESSAGE sip:[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:a@[local_ip]>;tag=[call_number]
    To: <sip:b@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 2 MESSAGE
    KEYWORD
    Content-Type: text/plain
    Content-Length: [len]

    Hello [call_number]
  ]]></send>
  <recv response="200"/>
  <send><![CDATA[
    MESSAGE sip:[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:a@[local_ip]>;tag=[call_number]
    To: <sip:b@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 3 MESSAGE
    KEYWORD
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"""


def challenger(challenge: str) -> Callable[[bytes], Iterable[bytes]]:
    """What answers the first request with this challenge and the others with 200."""

    def answers(message: bytes) -> Iterable[bytes]:
        first = b"CSeq: 1 " in message
        kept = [line for line in message.split(b"\r\n") if line.lower().startswith((b"via:", b"from:", b"call-id:", b"cseq:"))]
        head = b"SIP/2.0 401 No" if first else b"SIP/2.0 200 OK"
        extra = [challenge.encode()] if first else []
        return (b"\r\n".join([head, *kept, b"To: <sip:b@c>;tag=p", *extra, b"Content-Length: 0", b"", b""]),)

    return answers


def answers_of(programs: Programs, command: tuple[str, ...], keyword: str, challenge: str) -> list[Message]:
    """The requests with which a program answers this challenge."""
    file = programs.folder / "challenged.xml"
    file.write_text(CHALLENGED.replace("KEYWORD", keyword))
    with UdpPeer(challenger(challenge)) as peer:
        arguments = ("-sf", file.name, "-m", "1", "-nostdin", "-timeout", "10", "-i", HOST, "-p", str(free_port()))
        program = programs.start(*command, *arguments, f"{HOST}:{peer.port}")
        assert program.wait() == 0, program.output
    return [Message(message) for message in peer.received[1:]]


def header_of(message: Message) -> bytes:
    """The header line of an answer, but for what differs from run to run: the port, and what is drawn or computed."""
    (line,) = message.lines(b"Authorization")
    line = re.sub(rb'uri="sip:127.0.0.1:\d+"', b"uri", line)
    return re.sub(rb'\b(cnonce|response)="[0-9a-f]+"', rb"\1", line)


USER = Credentials(b"alice", b"secret", AkaKeys(b"0123456789ABCDEF", op=bytes.fromhex("cdc202d5123e20f62b6d676ac72cb318")))
PLAIN = "[authentication username=alice password=secret]"
AKA = f"[authentication username=alice aka_K=0x{USER.aka.k.hex()} aka_OP=0x{USER.aka.op.hex()} aka_AMF=0xb9b9]"
AKA_NONCE = "I1U8vpY3qJ0hiuZNrke/NZD6OmuZXbm5bvy/96yllgE="
"""RAND of 3GPP TS 35.208 test set 1, and the AUTN of its SQN and AMF for these keys."""


@pytest.mark.parametrize(
    ("keyword", "challenge"),
    [
        (PLAIN, 'realm="r", nonce="n"'),
        (PLAIN, 'realm="r",nonce="n==/+",opaque="o p",algorithm="md5",qop="auth",stale=false'),
        (PLAIN, 'qop="auth-int", algorithm=MD5, nonce="n", realm="a b"'),
        (PLAIN, 'realm="r", nonce="n", qop="auth,auth-int", opaque=""'),
        (PLAIN, "realm=r, nonce=n, qop=auth, algorithm=MD5-sess"),
        (PLAIN, 'realm="one", nonce="1", algorithm=MD5\r\nWWW-Authenticate: Digest realm="two", nonce="2", algorithm=SHA-256'),
        (AKA, f'realm="ims", nonce="{AKA_NONCE}", algorithm=AKAv1-MD5, qop="auth"'),
    ],
)
def test_both_write_the_same_line(programs: Programs, keyword: str, challenge: str) -> None:
    header = f"WWW-Authenticate: Digest {challenge}"
    theirs = answers_of(programs, (require("sipp"),), keyword, header)
    ours = answers_of(programs, (*GOSSIPPER, "sipp"), keyword, header)
    assert list(map(header_of, ours)) == list(map(header_of, theirs))
    assert len(ours) == 2
    assert all(is_authentic(answer, USER) for answer in ours)
    # SIPp computes the response of a session as it does the others.
    assert all(is_authentic(answer, USER) for answer in theirs) is ("-sess" not in challenge)
