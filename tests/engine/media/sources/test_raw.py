# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of payloads are cut into the packets that SIPp makes of them; the sizes below were seen on its wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MediaError
from engine.media.codecs import CN, G722, G729, H264, ILBC, OPUS, PCMA, PCMU, Codec
from engine.media.sources.raw import raw_track
from engine.media.track import Track

BYTES = bytes(range(1, 201))


def packets(track: Track) -> list[bytes]:
    return [track.payloads[at : at + size] for at, size in zip(track.starts, track.sizes, strict=True)]


@pytest.mark.parametrize(
    ("codec", "size", "step_ms", "ticks"),
    [
        (PCMU, 160, 20, 160),
        (PCMA, 160, 20, 160),
        (G722, 160, 20, 160),
        (G729, 20, 20, 160),
        (ILBC, 50, 30, 240),
        (CN, 1, 150, 1200),
        (H264, 1280, 160, 14400),
    ],
)
def test_packets_have_the_size_and_time_of_sipps(codec: Codec, size: int, step_ms: int, ticks: int) -> None:
    track, loops = raw_track(bytes(size * 3), "file.raw", codec, 2)
    assert (len(track), loops) == (3, 2)
    assert set(track.sizes) == {size}
    assert list(track.dues_ns) == [0, step_ms * 1_000_000, 2 * step_ms * 1_000_000]
    assert list(track.timestamps) == [0, ticks, 2 * ticks]
    assert set(track.markers) == {0}, "what is never silent has no marker (RFC 3551 section 4.1), nor has SIPp's"
    assert (track.codec, track.clock_rate, track.payload_type) == (codec.name, codec.clock_rate, codec.payload_type)


def test_the_last_packet_is_filled_up_from_the_beginning() -> None:
    track, loops = raw_track(BYTES, "file.raw", PCMU)
    assert loops == 1
    assert packets(track) == [BYTES[:160], BYTES[160:] + BYTES[:120]]


def test_the_next_pass_goes_on_within_the_packet() -> None:
    track, loops = raw_track(BYTES, "file.raw", PCMU, 2)
    assert (loops, len(track)) == (1, 3)
    assert b"".join(packets(track)) == (BYTES * 3)[:480]


def test_an_endless_one_comes_round_to_its_beginning() -> None:
    track, loops = raw_track(BYTES, "file.raw", PCMU, -1)
    assert (loops, len(track)) == (-1, 5)
    assert b"".join(packets(track)) == BYTES * 4


def test_a_file_shorter_than_a_packet_fills_it() -> None:
    track, _ = raw_track(b"abc", "file.raw", PCMU)
    assert packets(track) == [(b"abc" * 54)[:160]]


@given(st.integers(1, 2000), st.sampled_from([1, 2, 3, 7, -1, 10**9]), st.sampled_from([PCMU, G729, ILBC]))
def test_any_length_plays_its_bytes_in_order(length: int, loops: int, codec: Codec) -> None:
    data = bytes(k % 251 for k in range(length))
    track, passes = raw_track(data, "file.raw", codec, loops)
    whole = b"".join(packets(track))
    assert codec.packet_bytes is not None
    assert len(whole) == len(track) * codec.packet_bytes
    assert whole == (data * (len(whole) // length + 1))[: len(whole)]
    if passes == 1 and loops < 100:
        assert 0 <= len(whole) - length * loops < codec.packet_bytes
    if loops == -1:
        assert passes == -1
        assert len(whole) % length == 0


def test_what_cannot_be_cut_is_said_in_one_line() -> None:
    with pytest.raises(MediaError, match=r"a\.raw: the file is empty"):
        raw_track(b"", "a.raw", PCMU)
    with pytest.raises(MediaError, match=r"a\.raw: packets of opus differ in size"):
        raw_track(b"x", "a.raw", OPUS)
    with pytest.raises(MediaError, match=r"a\.raw: too long: 65 MiB"):
        raw_track(bytes(65 << 20), "a.raw", PCMU)
    with pytest.raises(MediaError, match=r"a\.raw: too long: 2000000 packets"):
        raw_track(bytes(2_000_000), "a.raw", CN)
