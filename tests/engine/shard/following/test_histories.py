# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which calls are kept and told, and that what is kept is bounded and never follows the calls that have been."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import EntryKind, Failure, FollowedCall, QueueCounts, TraceEntry
from engine.shard.following.histories import ENTRY_BYTES, MOST_TOLD_BYTES, Histories, History
from engine.shard.protocol import Follow

MUCH = 1 << 20


def memory(most_bytes: int = MUCH, most_failed: int = 10, **asked: Any) -> Histories:
    histories = Histories(most_bytes, most_failed)
    histories.ask(Follow(**asked))
    return histories


def entry(data: bytes = b"", text: str = "") -> TraceEntry:
    return TraceEntry(unix_ns=1, kind=EntryKind.SENT, data=data, text=text)


def followed(number: int = 1, entries: tuple[TraceEntry, ...] = ()) -> FollowedCall:
    return FollowedCall(
        number=number,
        call_id="1",
        why="failed",
        scenario="main",
        outgoing=True,
        protocol="UDP",
        started_unix_ns=1,
        duration_ns=1,
        is_over=True,
        entries=entries,
    )


def why(histories: Histories, number: int = 1, call_id: bytes = b"1@a") -> str | None:
    history = histories.begin(number, call_id)
    return None if history is None else history.why


def test_nothing_is_kept_of_calls_that_will_not_be_shown() -> None:
    assert why(memory()) is None
    assert why(memory(every=100), 99) is None
    assert why(memory(every=100, failed=True, next=1), 0) is None  # what answers out of call has no number


def test_who_is_followed_from_the_beginning() -> None:
    histories = memory(every=100, next=2, texts=("alice",))
    assert [why(histories, number) for number in (1, 2, 3, 100)] == ["next", "next", "", "every 100"]
    assert why(histories, 5, b"alice@a") == "text"


def test_a_text_of_a_command_line_that_is_no_utf8_is_its_bytes() -> None:
    assert why(memory(texts=(b"\xffx".decode("utf-8", "surrogateescape"),)), 5, b"1\xffx@a") == "text"


def test_a_text_is_found_in_any_message_of_the_call() -> None:
    histories = memory(texts=("X-Test: ü",))
    history = histories.begin(1, b"1")
    assert history is not None
    histories.add(history, entry(b"INVITE"))
    histories.add(history, entry("OK\r\nX-Test: über".encode()))
    assert history.why == "text"
    assert histories.end(history, None)
    assert history.entries[0].data == b"INVITE"


def test_failed_calls_are_told_so_many_of_each_class() -> None:
    histories = memory(failed=True, most_failed=2)
    for failure, is_told in [
        (Failure.TIMEOUT_ON_RECV, True),
        (None, False),
        (Failure.TIMEOUT_ON_RECV, True),
        (Failure.CANNOT_SEND, True),
        (Failure.TIMEOUT_ON_RECV, False),
    ]:
        history = histories.begin(1, b"1")
        assert history is not None
        assert histories.end(history, failure) is is_told
        if is_told:
            histories.tell(followed())
    assert len(histories.take()) == 3
    assert histories.counts == QueueCounts(offered=3, written=3)


def test_the_oldest_is_forgotten_first_whosever_it_is() -> None:
    histories = memory(4 * (ENTRY_BYTES + 10), failed=True)
    one, other = histories.begin(1, b"1"), histories.begin(2, b"2")
    assert one is not None
    assert other is not None
    for number in range(3):
        histories.add(one, entry(b"one %6d" % number))
        histories.add(other, entry(b"two %6d" % number))
    assert [each.data[-1:] for each in (*one.entries, *other.entries)] == [b"1", b"2", b"1", b"2"]
    assert (one.left_out, other.left_out) == (1, 1)


def test_an_entry_that_is_larger_than_all_is_not_kept() -> None:
    histories = memory(1000, failed=True)
    history = histories.begin(1, b"1")
    assert history is not None
    histories.add(history, entry(bytes(60_000)))
    assert (len(history.entries), history.left_out, histories.held_bytes) == (0, 1, 0)


def test_what_waits_to_be_told_is_bounded() -> None:
    histories = memory(every=1)
    large = (entry(bytes(MOST_TOLD_BYTES // 3)),)
    for number in range(5):
        history = histories.begin(number + 1, b"1")
        assert history is not None
        assert histories.end(history, None)
        histories.tell(followed(number, large))
    assert [call.number for call in histories.take(MOST_TOLD_BYTES)] == [0, 1]
    assert histories.counts == QueueCounts(offered=5, written=2, dropped=3)
    histories.tell(followed(7, large))
    assert [call.number for call in histories.take()] == [7]


def test_much_is_told_in_pieces() -> None:
    histories = memory(every=1)
    for number in range(5):
        histories.tell(followed(number, (entry(bytes(600)),)))
    pieces = []
    while piece := histories.take(2 * (600 + ENTRY_BYTES)):
        pieces.append([call.number for call in piece])
    assert pieces == [[0, 1], [2, 3], [4]]


def test_what_could_not_be_told_is_told_first_the_next_time() -> None:
    histories = memory(every=1)
    for number in range(4):
        history = histories.begin(number + 1, b"1")
        assert history is not None
        assert histories.end(history, None)
        histories.tell(followed(number, (entry(bytes(600)),)))
    taken = histories.take(2 * (600 + ENTRY_BYTES))
    histories.give_back(taken)
    assert histories.counts == QueueCounts(offered=4)
    assert [call.number for call in histories.take()] == [0, 1, 2, 3]
    assert histories.counts == QueueCounts(offered=4, written=4)


def test_a_day_of_calls_leaves_nothing() -> None:
    histories = memory(failed=True)
    for number in range(1, 20_000):
        history = histories.begin(number, b"1")
        assert history is not None
        for _ in range(5):
            histories.add(history, entry(b"m"))
        histories.end(history, None)
    assert histories.held_bytes == 0
    assert len(histories._order) < 5_000


@pytest.mark.parametrize("asked", [{"failed": True}, {"every": 2}, {"texts": ("x",)}])
@given(st.lists(st.tuples(st.sampled_from(["begin", "add", "end"]), st.integers(0, 7), st.integers(0, 3000)), max_size=80))
def test_what_is_held_is_what_open_calls_have(asked: dict[str, Any], steps: list[tuple[str, int, int]]) -> None:
    histories, calls = memory(8000, **asked), dict[int, History]()
    for what, index, size in steps:
        if what == "begin" and index not in calls:
            history = histories.begin(index + 1, b"1")
            if history is not None:
                calls[index] = history
        elif what == "add" and index in calls:
            histories.add(calls[index], entry(bytes(size)))
        elif what == "end" and index in calls:
            histories.end(calls.pop(index), Failure.CANNOT_SEND)
        held = sum(ENTRY_BYTES + len(each.data) for history in calls.values() for each in history.entries)
        assert histories.held_bytes == held <= 8000
