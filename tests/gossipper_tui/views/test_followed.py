# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is shown of followed calls."""

from __future__ import annotations

import msgspec
import pytest

from engine.messages import EntryKind, Failure, FollowedCall, TraceEntry
from gossipper_tui.views.followed import MOST_CALLS, MOST_LINES, lines_of, several
from gossipper_tui.views.spans import Line, plain, width_of

MS = 1_000_000
HERE, THERE = ("127.0.0.1", 5070), ("127.0.0.2", 5060)


def message(at_ms: float, sent: bool, data: bytes, step: int, *, again: bool = False, text: str = "") -> TraceEntry:
    kind = EntryKind.SENT if sent else EntryKind.RECEIVED
    return TraceEntry(
        unix_ns=round(at_ms * MS), kind=kind, step=step, again=again, local=HERE, remote=THERE, data=data, text=text
    )


BUSY = FollowedCall(
    number=1200,
    call_id="1200-7@127.0.0.1",
    why="failed",
    scenario="main",
    outgoing=True,
    protocol="UDP",
    started_unix_ns=0,
    duration_ns=501 * MS,
    is_over=True,
    failure=Failure.UNEXPECTED_MESSAGE,
    reason="unexpected 486 in step 4 (200)",
    status=486,
    entries=(
        message(0.05, True, b"INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", 0),
        message(500.1, True, b"INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", 0, again=True),
        message(500.7, False, b"SIP/2.0 486 Busy Here\r\n\r\n", -1, text="unexpected in step 4 (200)"),
        TraceEntry(unix_ns=501 * MS, kind=EntryKind.ACTION, step=4, text="$1 = '7'"),
    ),
)


def texts(lines: list[Line]) -> list[str]:
    return [plain(line).rstrip() for line in lines]


def test_a_call_goes_to_the_first_place_that_is_known() -> None:
    first, *others = BUSY.entries
    call = msgspec.structs.replace(BUSY, entries=(msgspec.structs.replace(first, remote=("", 0)), *others))
    assert texts(lines_of(call, 100))[0] == texts(lines_of(BUSY, 100))[0]


def test_a_call_with_its_messages_and_its_end() -> None:
    assert texts(lines_of(BUSY, 100)) == [
        "Call 1200 to 127.0.0.2 port 5060 · 1200-7@127.0.0.1 · followed: failed",
        "✗ unexpected 486 in step 4 (200) after 501 ms",
        "   50.0 µs  ▶ step 0          INVITE sip:a@b SIP/2.0",
        "    500 ms  ▶ step 0          INVITE sip:a@b SIP/2.0  again",
        "    501 ms  ◀                 SIP/2.0 486 Busy Here  unexpected in step 4 (200)",
        "    501 ms  · step 4          $1 = '7'",
    ]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"failure": None, "reason": ""}, "✔ ok after 501 ms"),
        ({"failure": None, "reason": "", "is_over": False}, "■ open at the end of the run after 501 ms"),
    ],
)
def test_calls_that_did_not_fail(changes: dict[str, object], end: str) -> None:
    assert texts(lines_of(msgspec.structs.replace(BUSY, **changes), 100))[1] == end


def test_what_was_forgotten_and_what_is_too_much_is_said() -> None:
    call = msgspec.structs.replace(BUSY, left_out=1200, entries=BUSY.entries[:1] * (MOST_LINES + 5))
    lines = texts(lines_of(call, 100))
    assert lines[2].replace("\u202f", " ") == "1 200 lines before these were forgotten; see -follow_memory"
    assert (len(lines), lines[-1]) == (MOST_LINES + 4, "and 5 more lines")


def test_of_many_calls_the_first_are_shown() -> None:
    lines = texts(several([BUSY] * 9, 1234, 100))
    assert sum(line.startswith("Call 1200") for line in lines) == MOST_CALLS
    assert lines[-1].replace("\u202f", " ").startswith("and 1 229 more followed calls")
    assert texts(several([BUSY], 1, 100)) == texts(lines_of(BUSY, 100))


@pytest.mark.parametrize("width", [10, 40, 80])
def test_lines_fit_and_nothing_moves_a_cursor(width: int) -> None:
    evil = msgspec.structs.replace(
        BUSY,
        call_id="\x1b[2J\n" * 99,
        reason="\r\x07",
        entries=(message(1, False, b"\x1b]0;x\x07\xff\x00 " * 50 + b"\r\n", 1),),
    )
    for line in lines_of(evil, width):
        assert width_of(line) <= width
        assert plain(line).isprintable()
