# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls as a capture, read back by dpkt."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import dpkt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import EntryKind, Failure, FollowedCall, TraceEntry
from engine.report.capture import LONGEST_COMMENT, Capture, file_header
from tests.engine.report.followed import ANSWERED, HERE, THERE, followed, message, refused

STREAMS = ("TCP", "TLS", "WS", "WSS")


def capture_of(calls: Iterable[FollowedCall]) -> bytes:
    capture = Capture()
    return file_header() + b"".join(capture.blocks(call) for call in calls)


def blocks_of(capture: bytes) -> list[Any]:
    """The packets of a capture, each with its time in ns and its comment."""
    file, found = io.BytesIO(capture), []
    reader = dpkt.pcapng.Reader(file)
    assert reader.datalink() == dpkt.pcap.DLT_RAW or reader.idb.linktype == 101
    file.seek(len(file_header()))
    while head := file.read(8):
        size = int.from_bytes(head[4:], "little")
        found.append(dpkt.pcapng.EnhancedPacketBlockLE(head + file.read(size - 8)))
    return found


def time_of(block: Any) -> int:
    return int(block.ts_high << 32 | block.ts_low)


def comments_of(block: Any) -> list[str]:
    return [option.text for option in getattr(block, "opts", []) if option.code == dpkt.pcapng.PCAPNG_OPT_COMMENT]


def payload(block: Any) -> bytes:
    return bytes(dpkt.ip.IP(block.pkt_data).data.data)


def test_each_message_of_a_call_is_a_datagram_at_its_time_to_the_nanosecond() -> None:
    call = followed()
    blocks = blocks_of(capture_of([call]))
    assert [(time_of(block), payload(block)) for block in blocks] == [(each.unix_ns, each.data) for each in call.entries]
    sides = [(dpkt.ip.IP(block.pkt_data).data.sport, dpkt.ip.IP(block.pkt_data).data.dport) for block in blocks]
    assert sides == [(5061, 5060) if each.kind is EntryKind.SENT else (5060, 5061) for each in call.entries]


def test_times_count_nanoseconds() -> None:
    reader = dpkt.pcapng.Reader(io.BytesIO(capture_of([followed()])))
    at_s = next(iter(reader))[0]
    assert at_s == pytest.approx(followed().entries[0].unix_ns / 1e9, abs=1e-6)


@pytest.mark.parametrize("protocol", STREAMS)
def test_what_went_over_a_connection_is_tcp_with_one_handshake_for_all_calls(protocol: str) -> None:
    calls = [followed(number, protocol=protocol) for number in (1, 2)]
    segments = [dpkt.ip.IP(block.pkt_data).data for block in blocks_of(capture_of(calls))]
    assert [segment.flags & dpkt.tcp.TH_SYN for segment in segments].count(0) == len(segments) - 2
    assert [bytes(segment.data) for segment in segments if segment.data] == [
        entry.data for call in calls for entry in call.entries
    ]


def test_who_is_called_does_not_open_the_connection() -> None:
    blocks = blocks_of(capture_of([followed(protocol="TCP", outgoing=False)]))
    assert dpkt.ip.IP(blocks[0].pkt_data).data.sport == THERE[1]


def test_only_what_went_over_the_wire_is_in_it_in_the_order_of_its_time() -> None:
    call = followed()
    others = [
        TraceEntry(unix_ns=call.started_unix_ns, kind=kind, text="x", data=b"y")
        for kind in (EntryKind.ACTION, EntryKind.NOTE, EntryKind.LOST)
    ]
    mixed = msgspec.structs.replace(call, entries=(*reversed(call.entries), *others))
    assert [payload(block) for block in blocks_of(capture_of([mixed]))] == [each.data for each in call.entries]


@pytest.mark.parametrize(
    ("call", "comment"),
    [
        (followed(7), "call 7 (7@here) succeeded"),
        (refused(7), "call 7 (7@here) failed: unexpected 486 in step 4 (200)"),
        (followed(7, failure=Failure.TIMEOUT_ON_RECV), "call 7 (7@here) failed: FailedTimeoutOnRecv"),
        (followed(7, is_over=False), "call 7 (7@here) was open when the run ended"),
        (followed(7, left_out=3), "call 7 (7@here) succeeded; what came before its last 6 entries was forgotten"),
        (followed(7, protocol="TCP", call_id="\udcff\n"), "call 7 (? ) succeeded"),
    ],
)
def test_the_first_message_of_a_call_says_how_the_call_ended(call: FollowedCall, comment: str) -> None:
    blocks = blocks_of(capture_of([call]))
    commented = [block for block in blocks if comments_of(block)]
    assert [comments_of(block) for block in commented] == [[comment]]
    assert payload(commented[0]) == call.entries[0].data


def test_a_comment_has_an_end() -> None:
    (comment,) = comments_of(blocks_of(capture_of([refused(reason="why " * 10_000)]))[0])
    assert len(comment) == LONGEST_COMMENT


def test_a_call_without_messages_has_no_packets() -> None:
    assert blocks_of(capture_of([followed(flow=())])) == []


@given(
    st.lists(
        st.builds(
            followed,
            st.integers(0, 3),
            st.just(ANSWERED),
            protocol=st.sampled_from(("UDP", *STREAMS)),
            body=st.binary(max_size=200),
            call_id=st.text(max_size=50),
            reason=st.text(max_size=50),
            outgoing=st.booleans(),
            failure=st.sampled_from((None, *Failure)),
            local=st.sampled_from((None, HERE, ("::1", 5060), ("", 0))),
        ),
        max_size=5,
    )
)
def test_any_calls_make_a_capture_that_is_read_back(calls: list[FollowedCall]) -> None:
    messages = [entry for call in calls for entry in call.entries]
    blocks = blocks_of(capture_of(calls))
    assert len([block for block in blocks if comments_of(block)]) == len(calls)
    assert {time_of(block) for block in blocks} == {entry.unix_ns for entry in messages}


def test_a_large_message_is_in_several_packets_of_one_time() -> None:
    call = followed(protocol="TLS", body=bytes(200_000))
    blocks = blocks_of(capture_of([call]))
    at_first = [payload(block) for block in blocks if time_of(block) == call.entries[0].unix_ns]
    assert b"".join(at_first) == message("INVITE", 1, "TLS", bytes(200_000))
    assert len(at_first) == 3 + 4
