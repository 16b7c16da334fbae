# SPDX-License-Identifier: AGPL-3.0-or-later
"""HEP3 packets: chunk by chunk, of any addresses, Call-IDs and messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export.hep import LARGEST, LARGEST_DATAGRAM, MOST_CORRELATION, MOST_KEY, TCP, UDP, HepEncoder
from tests.hep import read_packet

HERE, THERE = ("192.0.2.1", 5060), ("198.51.100.7", 40_000)
SIX, OTHER_SIX = ("2001:db8::1", 5060), ("2001:db8::2", 5061)
WHEN_NS = 1_700_000_000_123_456_789
PLACES = st.tuples(st.text(max_size=20) | st.ip_addresses().map(str), st.integers(-1, 70_000))


def test_a_packet_has_all_its_chunks() -> None:
    packet = read_packet(HepEncoder(UDP, 2001, b"secret").encode(WHEN_NS, HERE, THERE, b"call@here", b"OPTIONS ..."))
    assert packet.chunks == {
        1: b"\x02",
        2: b"\x11",
        3: bytes((192, 0, 2, 1)),
        4: bytes((198, 51, 100, 7)),
        7: b"\x13\xc4",
        8: b"\x9c\x40",
        9: (1_700_000_000).to_bytes(4, "big"),
        10: (123_456).to_bytes(4, "big"),
        11: b"\x01",
        12: (2001).to_bytes(4, "big"),
        14: b"secret",
        15: b"OPTIONS ...",
        17: b"call@here",
    }


def test_the_bytes_of_a_packet_are_these() -> None:
    packet = HepEncoder(TCP).encode(1_000_002_000, ("::1", 1), ("::2", 2), b"", b"x")
    chunks = (
        "0000 0001 0007 0a",
        "0000 0002 0007 06",
        "0000 0005 0016 00000000000000000000000000000001",
        "0000 0006 0016 00000000000000000000000000000002",
        "0000 0007 0008 0001",
        "0000 0008 0008 0002",
        "0000 0009 000a 00000001",
        "0000 000a 000a 00000002",
        "0000 000b 0007 01",
        "0000 000c 000a 00000000",
        "0000 000f 0007 78",
    )
    assert packet == b"HEP3" + bytes.fromhex("007c") + bytes.fromhex("".join(chunks))


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        (HERE, THERE, (HERE, THERE)),
        (SIX, OTHER_SIX, (SIX, OTHER_SIX)),
        (("::ffff:192.0.2.1", 5060), THERE, (HERE, THERE)),
        (("fe80::1%eth0", 1), ("fe80::2%2", 2), (("fe80::1", 1), ("fe80::2", 2))),
        (HERE, SIX, (("::ffff:c000:201", 5060), SIX)),
        (("", 0), SIX, (("::", 0), SIX)),
        (("", 0), THERE, (("0.0.0.0", 0), THERE)),
        (("localhost", 70_000), ("", -1), (("0.0.0.0", 4464), ("0.0.0.0", 65_535))),
    ],
    ids=lambda value: str(value),
)
def test_addresses_are_of_one_family(
    source: tuple[str, int], destination: tuple[str, int], expected: tuple[tuple[str, int], tuple[str, int]]
) -> None:
    encoder = HepEncoder(UDP)
    for _ in range(2):  # kept
        packet = read_packet(encoder.encode(WHEN_NS, source, destination, b"", b""))
        assert (packet.source, packet.destination) == expected


def test_without_a_call_id_or_a_password_there_is_no_chunk_for_it() -> None:
    assert not {14, 17} & set(read_packet(HepEncoder(UDP).encode(WHEN_NS, HERE, THERE, b"", b"x")).chunks)


@pytest.mark.parametrize("most", [LARGEST, LARGEST_DATAGRAM])
def test_of_a_message_that_is_too_long_the_beginning_is_sent(most: int) -> None:
    encoder = HepEncoder(UDP, 1, b"secret", most)
    about = len(encoder.encode(WHEN_NS, HERE, THERE, b"id", b""))
    fits = bytes(most - about)
    assert read_packet(encoder.encode(WHEN_NS, HERE, THERE, b"id", fits)).payload == fits
    assert encoder.cut == 0
    packet = encoder.encode(WHEN_NS, HERE, THERE, b"id", fits + b"x")
    assert len(packet) == most
    assert read_packet(packet).payload == fits
    assert encoder.cut == 1


def test_no_key_and_no_call_id_leaves_no_room_for_the_message() -> None:
    encoder = HepEncoder(UDP, 1, b"k" * 70_000)
    packet = read_packet(encoder.encode(WHEN_NS, HERE, THERE, b"i" * 70_000, b"m" * 70_000))
    assert packet.key == b"k" * MOST_KEY
    assert packet.correlation == b"i" * MOST_CORRELATION
    assert len(packet.payload) > 60_000


@given(
    st.integers(-(2**70), 2**70),
    PLACES,
    PLACES,
    st.binary(max_size=40) | st.sampled_from([b"\0", b"x" * 100_000]),
    st.binary(max_size=100) | st.sampled_from([b"\r\n" * 40_000]),
)
def test_anything_makes_a_sound_packet(
    unix_ns: int, source: tuple[str, int], destination: tuple[str, int], call_id: bytes, message: bytes
) -> None:
    data = HepEncoder(UDP, 2**32 - 1, b"\0\xff").encode(unix_ns, source, destination, call_id, message)
    packet = read_packet(data)
    assert (packet.source[1], packet.destination[1]) == (source[1] % 65_536, destination[1] % 65_536)
    assert packet.unix_us == unix_ns // 1000 % (2**32 * 1_000_000)
    assert packet.correlation == call_id[:MOST_CORRELATION]
    assert message.startswith(packet.payload)
    assert len(packet.payload) == len(message) or len(data) == LARGEST


def test_what_is_kept_of_addresses_is_bounded() -> None:
    encoder = HepEncoder(UDP)
    for number in range(40_000):
        packet = encoder.encode(WHEN_NS, (f"10.{number >> 8}.{number & 255}.1", number), THERE, b"", b"")
    assert len(encoder._paths) <= 16_384
    assert read_packet(packet).source == ("10.156.63.1", 39_999)
