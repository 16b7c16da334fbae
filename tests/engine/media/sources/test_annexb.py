# SPDX-License-Identifier: AGPL-3.0-or-later
"""H.264 in packets of RFC 6184, which a decoder turns into the pictures again."""

from __future__ import annotations

import io

import av
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.media.codecs import H264
from engine.media.sources.annexb import MOST_PAYLOAD_BYTES, annexb_track, is_annexb
from engine.media.sources.playing import playable
from engine.media.sources.spec import StreamSpec, parse_stream
from engine.media.track import Track
from tests.engine.media.sources.h264 import video
from tests.growth import grows_linearly


def put_together(track: Track) -> bytes:
    """The units of the packets, as a receiver puts them together (RFC 6184 sections 5.6 and 5.8)."""
    out = b""
    for at, size in zip(track.starts, track.sizes, strict=True):
        payload = track.payloads[at : at + size]
        if payload[0] & 31 != 28:
            out += b"\0\0\0\1" + payload
            continue
        if payload[1] & 0x80:
            out += b"\0\0\0\1" + bytes([payload[0] & 0xE0 | payload[1] & 31])
        out += payload[2:]
    return out


def pictures(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data), format="h264") as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


def test_a_decoder_gets_the_same_pictures() -> None:
    data = video(6, 3)
    track = annexb_track(data, "a.h264")
    assert put_together(track) == data
    seen = pictures(put_together(track))
    assert len(seen) == 6
    assert seen[0] == seen[1] == seen[2] != seen[3] == seen[5]


def test_pictures_have_their_times_and_their_last_packets_the_marker() -> None:
    track = annexb_track(video(6, 3), "a.h264")
    last = [at for at, marker in enumerate(track.markers) if marker]
    assert len(last) == 6
    assert [track.timestamps[at] for at in last] == [0, 3000, 6000, 9000, 12000, 15000]
    assert [track.dues_ns[at] // 1_000_000 for at in last] == [0, 33, 66, 100, 133, 166]
    assert (track.period_ticks, track.period_ns) == (18000, 200_000_000)
    assert max(track.sizes) <= MOST_PAYLOAD_BYTES
    assert sorted(track.timestamps) == list(track.timestamps)


def test_a_file_with_start_codes_is_played_so_and_another_as_sipp_does() -> None:
    spec = parse_stream("a.h264,1,99,H264/90000")
    assert isinstance(spec, StreamSpec)
    assert is_annexb(video(1, 1))
    assert playable(spec, video(6, 3)).track.period_ticks == 18000
    raw = playable(spec, bytes([7]) * 2560).track
    assert (list(raw.sizes), list(raw.timestamps)) == ([1280, 1280], [0, 14400])


def units_of(data: bytes) -> list[bytes]:
    return [unit for unit in (each.rstrip(b"\0") for each in data.split(b"\0\0\1")[1:]) if unit]


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=10))
def test_any_units_come_out_as_they_went_in(units: list[bytes]) -> None:
    data = b"".join(b"\0\0\1" + unit for unit in [b"x", *units])
    assume(all(unit[0] & 31 != 28 for unit in units_of(data)))
    track = annexb_track(data, "a.h264")
    assert units_of(put_together(track)) == units_of(data)
    assert len(track) == len(track.markers) == len(track.dues_ns) == len(track.timestamps)


@pytest.mark.parametrize("unit", [b"\0\0\1a", b"\0\0\1\x65\x80", b"\0\0\1", b"\0\0\1\x67"])
def test_the_time_grows_with_the_file(unit: bytes) -> None:
    assert grows_linearly(lambda count: annexb_track(b"\0\0\1x" + unit * count, "a.h264"), 3000)


def test_the_codec_is_h264() -> None:
    assert annexb_track(video(1, 1), "a.h264").codec == H264.name
