# SPDX-License-Identifier: AGPL-3.0-or-later
"""Capture files: all frames with their times, whoever wrote them; and whatever bytes they are, an end."""

from __future__ import annotations

import io
from contextlib import suppress

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MediaError
from engine.media.sources.capture_records import frames_of, is_capture
from tests.engine.media.sources.captures import (
    START_NS,
    block,
    bytes_of,
    interface,
    packet,
    pcap,
    pcap_by_hand,
    section,
)
from tests.growth import grows_linearly

FRAMES = [(0, b"one"), (20_000_000, b"three"), (1_000_040_000_000, b""), (1_000_040_000_000, b"x" * 2000)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("unit_ns", [1, 1000])
def test_a_pcap_of_either_byte_order_and_unit(order: str, unit_ns: int) -> None:
    data = pcap_by_hand(FRAMES, 101, order, unit_ns)
    frames = list(frames_of(data, "a.pcap"))
    assert is_capture(data)
    assert bytes_of(data, frames) == [frame for _, frame in FRAMES]
    assert [frame.time_ns - START_NS for frame in frames] == [after_ns for after_ns, _ in FRAMES]
    assert {(frame.link, frame.cut) for frame in frames} == {(101, False)}


def test_a_pcap_that_another_program_wrote() -> None:
    data = pcap(FRAMES)
    frames = list(frames_of(data, "a.pcap"))
    assert bytes_of(data, frames) == [frame for _, frame in FRAMES]
    assert [frame.time_ns - START_NS for frame in frames] == pytest.approx([after for after, _ in FRAMES], abs=1000)


def test_a_pcapng_that_another_program_wrote() -> None:
    file = io.BytesIO()
    writer = dpkt.pcapng.Writer(file)
    for after_ns, frame in FRAMES:
        writer.writepkt(frame, (START_NS + after_ns) / 1e9)
    data = file.getvalue()
    frames = list(frames_of(data, "a.pcapng"))
    assert bytes_of(data, frames) == [frame for _, frame in FRAMES]
    assert [frame.time_ns - START_NS for frame in frames] == pytest.approx([after for after, _ in FRAMES], abs=1000)
    assert {frame.link for frame in frames} == {1}


@pytest.mark.parametrize("order", ["<", ">"])
def test_interfaces_have_their_own_links_and_clocks(order: str) -> None:
    data = (
        section(order)
        + interface(1, order)
        + interface(113, order, resolution=9)
        + interface(101, order, resolution=0x8A)
        + block(5, b"statistics", order)
        + packet(0, 1_000_000, b"in microseconds", order)
        + packet(1, 2_000_000_000, b"in nanoseconds", order)
        + packet(2, 3 << 10, b"in parts of a power of two", order)
        + packet(3, 0, b"of an interface that there is not", order)
        + block(3, b"\5\0\0\0simple" if order == "<" else b"\0\0\0\5simple", order)
        + section("<")
        + interface(276, "<")
        + packet(0, 5_000_000, b"of a section of its own", "<")
    )
    frames = list(frames_of(data, "a.pcapng"))
    assert [(frame.link, frame.time_ns // 1_000_000_000) for frame in frames] == [(1, 1), (113, 2), (101, 3), (1, 0), (276, 5)]
    assert bytes_of(data, frames)[3] == b"simpl"


def test_what_was_cut_off_says_so() -> None:
    assert [frame.cut for frame in frames_of(pcap_by_hand([(0, b"abcdef")], cut=2), "a.pcap")] == [True]


def test_a_file_that_was_cut_off_ends_with_the_last_whole_frame() -> None:
    data = pcap_by_hand(FRAMES)
    for size in range(24, len(data)):
        frames = bytes_of(data, list(frames_of(data[:size], "a.pcap")))
        assert frames == [frame for _, frame in FRAMES][: len(frames)]
    packets = section() + interface(1) + packet(0, 0, b"whole") + packet(0, 0, b"cut")
    assert bytes_of(packets, list(frames_of(packets[:-1], "a.pcapng"))) == [b"whole"]


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1", b"RIFF" + bytes(40), b"x" * 100])
def test_what_is_no_capture_is_refused(data: bytes) -> None:
    assert not is_capture(data)
    with pytest.raises(MediaError, match=r"^a\.wav: this is no capture"):
        frames_of(data, "a.wav")


def test_lengths_beyond_belief_end_it() -> None:
    data = pcap_by_hand([(0, b"abc")])
    assert list(frames_of(data[:-8] + b"\xff\xff\xff\xff" * 2, "a.pcap")) == []
    for size in (0, 4, 11, 0xFFFFFFFF):
        assert list(frames_of(section() + b"\6\0\0\0" + size.to_bytes(4, "little") + bytes(40), "a.pcapng")) == []


def test_times_beyond_belief_are_still_times() -> None:
    data = section() + interface(1, resolution=0) + packet(0, (1 << 64) - 1, b"late")
    assert next(frames_of(data, "a.pcapng")).time_ns < 1 << 63


@given(st.binary(max_size=200), st.sampled_from(["<", ">"]))
def test_any_bytes_have_an_end(junk: bytes, order: str) -> None:
    for head in (b"", pcap_by_hand([], order=order), section(order), section(order) + interface(1, order)):
        with suppress(MediaError):
            for frame in frames_of(head + junk, "junk"):
                assert 0 <= frame.start <= frame.end <= len(head + junk)


def test_the_time_grows_with_the_file() -> None:
    assert grows_linearly(lambda count: sum(1 for _ in frames_of(_many(count), "a.pcap")), 5000)


def _many(count: int) -> bytes:
    return pcap_by_hand([]) + (bytes(8) + b"\4\0\0\0\4\0\0\0abcd") * count
