# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sounds, pictures and captures that come with the program are those that `media_samples` makes, and can be played."""

from __future__ import annotations

import io

import av
import pytest

from engine.media.codecs import G722, PCMA, PCMU, Codec
from engine.media.events import DIGITS as EVENTS
from engine.media.events import read_event
from engine.media.kinds import MediaKind
from engine.media.rtp import read_rtp
from engine.media.sources.pcap import replay
from engine.media.sources.wav import wav_track
from engine.media.track import Track
from tests.engine.media.sounds import level_dbfs
from tests.media_samples import DIGITS, FOLDER, samples


def datagrams(name: str, kind: MediaKind = MediaKind.AUDIO) -> list[bytes]:
    track = played(name, kind)
    return [track.payloads[at : at + size] for at, size in zip(track.starts, track.sizes, strict=True)]


def played(name: str, kind: MediaKind = MediaKind.AUDIO) -> Track:
    found = replay((FOLDER / name).read_bytes(), name, kind)
    assert found.notes == ()
    return found.track


def payload_of(datagram: bytes) -> bytes:
    packet = read_rtp(datagram)
    assert packet is not None
    return datagram[packet.payload_start : packet.payload_end]


def source_of(name: str) -> int:
    packet = read_rtp(datagrams(name)[0])
    assert packet is not None
    return packet.ssrc


def test_captures_that_a_call_replays_one_after_another_are_told_apart() -> None:
    names = ["pcap/g711a.pcap", *(f"pcap/dtmf_2833_{name}.pcap" for name in DIGITS)]
    assert len(set(map(source_of, names))) == len(names)


def test_they_are_what_the_script_makes() -> None:
    made = samples()
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    assert there == set(made)
    for name, data in made.items():
        assert (FOLDER / name).read_bytes() == data, name


def test_the_call_is_236_packets_of_a_law_that_sound() -> None:
    track = played("pcap/g711a.pcap")
    assert (len(track), track.payload_type, set(track.sizes)) == (236, 8, {252})
    assert list(track.dues_ns) == [k * 30_000_000 for k in range(236)]
    assert PCMA.make_decoder is not None
    pcm = PCMA.make_decoder().decode(b"".join(map(payload_of, datagrams("pcap/g711a.pcap"))))
    assert -30 < level_dbfs(pcm) < -10


@pytest.mark.parametrize("name", DIGITS)
def test_each_digit_has_its_capture(name: str) -> None:
    events = [read_event(payload_of(datagram)) for datagram in datagrams(f"pcap/dtmf_2833_{name}.pcap")]
    assert {event.event for event in events if event is not None} == {EVENTS.index(DIGITS[name])}
    assert [event.end for event in events if event is not None] == [False] * 7 + [True] * 3
    assert played(f"pcap/dtmf_2833_{name}.pcap").payload_type == 101


@pytest.mark.parametrize("codec", [PCMU, G722])
def test_the_speech_is_three_seconds_with_pauses(codec: Codec) -> None:
    track, _ = wav_track((FOLDER / "media/speech.wav").read_bytes(), "speech.wav", codec)
    assert track.period_ns == 3_000_000_000
    assert codec.make_decoder is not None
    decoder = codec.make_decoder()
    levels = [level_dbfs(decoder.decode(track.payloads[at : at + 160])) for at in range(0, len(track.payloads), 160)]
    assert max(levels) > -15
    assert sum(level < -50 for level in levels) > len(levels) / 5


def test_a_decoder_sees_the_video() -> None:
    units = b""
    for payload in map(payload_of, datagrams("media/video.pcap", MediaKind.VIDEO)):
        if payload[0] & 31 != 28:
            units += b"\0\0\0\1" + payload
        else:
            units += (b"\0\0\0\1" + bytes([payload[0] & 0xE0 | payload[1] & 31]) if payload[1] & 0x80 else b"") + payload[2:]
    with av.open(io.BytesIO(units), format="h264") as container:
        pictures = [(frame.width, frame.height, bytes(frame.planes[0])) for frame in container.decode(video=0)]
    assert len(pictures) == 90
    assert {picture[:2] for picture in pictures} == {(64, 64)}
    assert len({picture[2] for picture in pictures}) == 3


def test_the_fax_is_udptl_in_order_with_what_went_before() -> None:
    sent = datagrams("media/fax.pcap", MediaKind.IMAGE)
    assert [int.from_bytes(datagram[:2], "big") for datagram in sent] == list(range(len(sent)))
    first = [datagram[3 : 3 + datagram[2]] for datagram in sent]
    for number, datagram in enumerate(sent):
        rest = datagram[3 + datagram[2] :]
        assert rest[:2] == bytes([0, min(number, 2)])
        assert number == 0 or rest[3 : 3 + rest[2]] == first[number - 1]
