# SPDX-License-Identifier: AGPL-3.0-or-later
"""Of ten thousand calls the seven that fail are told, whole and with their reasons, and no other is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.messages import CallTrace, EntryKind, Failure, FollowedCall, QueueCounts
from tests.interop.sides import LOOPBACK, Ours, at
from tests.interop.udp_peer import UdpPeer, answered
from tests.programs import Programs

CALLS, RATE = 10_000, 1000
REPEATED = 3
"""Times that a BYE is sent again, and the call then given up."""
BUSY = {1200, 5600, 9900}
"""The calls that are answered 486, by their numbers."""
ODD = {37, 8000}
"""Those whose BYE is answered 500."""
DEAF = {2500, 7777}
"""Those whose BYE is not answered."""


def selective(message: bytes) -> Iterable[bytes]:
    """What a server answers, but to the calls named above. A Call-ID begins with the number of its call."""
    number = int(message.partition(b"Call-ID: ")[2].partition(b"-")[0])
    if message.startswith(b"INVITE "):
        return (answered(message, b"486 Busy Here" if number in BUSY else b"200 OK"),)
    if message.startswith(b"BYE ") and number not in DEAF:
        return (answered(message, b"500 Oops" if number in ODD else b"200 OK"),)
    return ()


def told(recording: Path) -> list[FollowedCall]:
    """The followed calls of a recorded run."""
    lines = [line for line in recording.read_bytes().splitlines() if b'"CallTrace"' in line[:100]]
    return [msgspec.json.decode(line, type=_Line).event.call for line in lines]


class _Line(msgspec.Struct):
    event: CallTrace


def ways(call: FollowedCall) -> list[str]:
    """The messages of a call that are no retransmissions: which way, the word that says what it is, and the step."""
    found = []
    for entry in call.messages:
        words = entry.data.split(b" ")
        what = (words[1] if words[0] == b"SIP/2.0" else words[0]).decode()
        if not entry.again:
            found.append(f"{'>' if entry.kind is EntryKind.SENT else '<'}{what} {entry.step}")
    return found


def test_the_few_that_fail_of_ten_thousand(programs: Programs) -> None:
    ours = Ours(programs)
    with UdpPeer(selective) as peer:
        load = (
            "-m",
            str(CALLS),
            "-r",
            str(RATE),
            "-max_non_invite_retrans",
            str(REPEATED),
            "-follow",
            "failed",
            "-events",
            "events.jsonl",
        )
        client = ours.start("-sn", "uac", *load, at(LOOPBACK[4], peer.port))
        assert client.wait(120) == 1, client.output
    summary = ours.summary()
    assert (summary.counters.created, summary.counters.failed) == (CALLS, 7)
    calls = {call.number: call for call in told(programs.folder / "events.jsonl")}
    assert set(calls) == BUSY | ODD | DEAF
    assert summary.queues["followed calls"] == QueueCounts(offered=7, written=7)
    begins = [">INVITE 0", "<200 4", ">ACK 5", ">BYE 7"]
    for number, call in calls.items():
        assert (call.left_out, call.is_over, call.why) == (0, True, "failed")
        assert call.call_id.startswith(f"{number}-")
        assert {entry.remote for entry in call.messages} == {("127.0.0.1", peer.port)}
        if number in BUSY:
            assert (call.failure, call.reason) == (Failure.UNEXPECTED_MESSAGE, "unexpected 486 in step 4 (200)")
            assert ways(call) == [">INVITE 0", "<486 -1", ">ACK -1"]
        elif number in ODD:
            assert (call.failure, call.reason) == (Failure.UNEXPECTED_MESSAGE, "unexpected 500 in step 8 (200)")
            assert ways(call) == [*begins, "<500 -1", ">BYE -1"]
        else:
            assert (call.failure, call.reason) == (Failure.MAX_RETRANSMISSIONS, "no answer to step 7 (BYE), given up")
            assert ways(call)[:4] == begins
            assert [entry.step for entry in call.messages if entry.again and entry.data.startswith(b"BYE")] == [7] * REPEATED
