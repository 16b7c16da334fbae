# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ogg Opus: every packet of a file that an encoder wrote, at its time; whatever the pages are, an end."""

from __future__ import annotations

import io
import struct
from contextlib import suppress

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MediaError
from engine.media.codecs import OPUS, PCMU
from engine.media.sources.ogg import duration_ticks, is_ogg, ogg_track
from engine.media.track import Track
from tests.engine.media.sounds import samples, sine
from tests.growth import grows_linearly


def page(serial: int, number: int, packets: bytes, segments: bytes, flags: int = 0) -> bytes:
    return b"OggS" + struct.pack("<BBqIIIB", 0, flags, 0, serial, number, 0, len(segments)) + segments + packets


def of_packets(*packets: bytes) -> bytes:
    pages = page(1, 0, b"OpusHead", b"\x08", 2) + page(1, 1, b"OpusTags", b"\x08")
    for number, packet in enumerate(packets):
        segments = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        pages += page(1, number + 2, packet, segments)
    return pages


def payloads(track: Track) -> list[bytes]:
    return [track.payloads[at : at + size] for at, size in zip(track.starts, track.sizes, strict=True)]


def encoded_by_libopus(frame_ms: str) -> tuple[bytes, list[bytes]]:
    """An Ogg file of 1 s, and its packets as the encoder made them."""
    file = io.BytesIO()
    packets: list[bytes] = []
    with av.open(file, "w", "ogg") as container:
        stream = container.add_stream("libopus", rate=48000, options={"frame_duration": frame_ms})
        stream.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=48000)
        frame.sample_rate = 48000
        frame.planes[0].update(samples(sine(440, 48000, 1000)).tobytes())
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            packets.append(bytes(packet))
            container.mux(packet)
    return file.getvalue(), packets


@pytest.mark.parametrize("frame_ms", ["5", "20", "60"])
def test_what_an_encoder_wrote_is_sent_packet_for_packet(frame_ms: str) -> None:
    data, packets = encoded_by_libopus(frame_ms)
    track = ogg_track(data, "a.opus", OPUS)
    step = 48 * int(frame_ms)
    assert is_ogg(data)
    assert payloads(track) == packets
    assert list(track.timestamps) == [step * k for k in range(len(packets))]
    assert list(track.dues_ns) == [int(frame_ms) * 1_000_000 * k for k in range(len(packets))]
    assert track.period_ticks == step * len(packets)
    assert (track.codec, track.clock_rate, track.payload_type) == ("opus", 48000, 111)


@pytest.mark.parametrize(
    ("packet", "ms"),
    [
        ("00", 10),
        ("18", 60),
        ("60", 10),
        ("78", 20),
        ("80", 2.5),
        ("f8", 20),
        ("f9", 40),
        ("fb06", 120),
        ("fb07", 0),
        ("fb", 0),
        ("fb00", 0),
        ("", 0),
    ],
)
def test_a_packet_says_how_long_it_is(packet: str, ms: float) -> None:
    assert duration_ticks(bytes.fromhex(packet)) == 48 * ms


def test_packets_may_be_long_and_go_over_pages() -> None:
    long = b"\xf8" + bytes(range(200)) * 5
    exact = b"\xf8" + bytes(254)
    assert payloads(ogg_track(of_packets(long, exact, b"\xf8end"), "a.opus", OPUS)) == [long, exact, b"\xf8end"]
    pages = of_packets() + page(1, 2, b"\xf8" + bytes(254), b"\xff") + page(1, 3, b"rest\xf8next", b"\x04\x05", 1)
    assert payloads(ogg_track(pages, "a.opus", OPUS)) == [b"\xf8" + bytes(254) + b"rest", b"\xf8next"]


def test_other_streams_and_what_lost_its_beginning_are_left_out() -> None:
    other = page(2, 0, b"\xf8theora", b"\x07")
    orphan = page(1, 5, b"rest\xf8ok", b"\x04\x03", 1)
    track = ogg_track(of_packets(b"\xf8one") + other + b"junk" + orphan, "a.opus", OPUS)
    assert payloads(track) == [b"\xf8one", b"\xf8ok"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"OggS", "the Ogg file holds no Opus"),
        (page(1, 0, b"\x01vorbis", b"\x07"), "the Ogg file holds no Opus"),
        (of_packets(), "the Ogg file has no packets of Opus"),
        (of_packets(b"\xfb\x3f"), "the Ogg file has no packets of Opus"),
    ],
)
def test_what_has_no_opus_is_said_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(MediaError, match=f"^a.opus: {message}"):
        ogg_track(data, "a.opus", OPUS)


def test_another_codec_is_not_in_it() -> None:
    with pytest.raises(MediaError, match="an Ogg file cannot be sent as PCMU"):
        ogg_track(of_packets(b"\xf8one"), "a.opus", PCMU)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_pages_have_an_end(junk: bytes, cut: int) -> None:
    whole = of_packets(b"\xf8one", bytes(300), b"\xf8two")
    for data in (b"OggS" + junk, whole[:cut] + junk, whole + junk, whole[:cut] + junk + whole[cut:]):
        with suppress(MediaError):
            track = ogg_track(data, "a.opus", OPUS)
            assert sum(track.sizes) == len(track.payloads)


def test_the_time_grows_with_the_file() -> None:
    endless = page(1, 2, b"\xff" * 255 * 255, b"\xff" * 255, 1)
    files = {count: of_packets(b"\xf8one") + endless * count for count in (20, 160)}
    assert grows_linearly(lambda count: ogg_track(files[count], "a.opus", OPUS), 20)
