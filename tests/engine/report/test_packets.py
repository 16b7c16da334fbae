# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packets are what they should be to a reader who did not make them: dpkt, which also computes their checksums again."""

from __future__ import annotations

from ipaddress import ip_address

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages.following import Place
from engine.report import packets
from engine.report.packets import LONGEST_DATAGRAM, LONGEST_SEGMENT, Framing

HERE, THERE = ("192.0.2.1", 5060), ("192.0.2.2", 40000)
HERE6, THERE6 = ("2001:db8::1", 5060), ("2001:db8::2", 40000)

PLACES = st.one_of(
    st.none(),
    st.tuples(st.ip_addresses().map(str), st.integers(0, 65535)),
    st.tuples(st.ip_addresses(v=6).map(lambda address: f"[{address}%eth0]"), st.integers(0, 65535)),
    st.tuples(st.text(max_size=20), st.integers(-5, 1 << 40)),
)


def read(packet: bytes) -> dpkt.ip.IP | dpkt.ip6.IP6:
    """The packet, whose lengths and checksums are right."""
    ip = dpkt.ip6.IP6(packet) if packet[0] >> 4 == 6 else dpkt.ip.IP(packet)
    if ip.v == 4:
        assert ip.len == len(packet)
        assert dpkt.in_cksum(packet[:20]) == 0
    else:
        assert ip.plen == len(packet) - 40
    rest = bytes(ip.data)
    pseudo = ip.src + ip.dst + (len(rest)).to_bytes(4, "big") + bytes((0, 0, 0, ip.p))
    assert dpkt.in_cksum(pseudo + rest) == 0
    assert ip.data.sum != 0 or ip.p == dpkt.ip.IP_PROTO_TCP
    return ip


def stream_of(told: list[bytes]) -> dict[tuple[bytes, int, bytes, int], bytes]:
    """What each side of the connections sent, put together by sequence numbers; each byte was sent once."""
    ends: dict[tuple[bytes, int, bytes, int], int] = {}
    sent: dict[tuple[bytes, int, bytes, int], bytes] = {}
    for packet in told:
        ip = read(packet)
        tcp = ip.data
        way, back = (ip.src, tcp.sport, ip.dst, tcp.dport), (ip.dst, tcp.dport, ip.src, tcp.sport)
        if tcp.flags & dpkt.tcp.TH_SYN:
            assert way not in ends
            ends[way], sent[way] = (tcp.seq + 1) & 0xFFFFFFFF, b""
        else:
            assert tcp.seq == ends[way]
            ends[way], sent[way] = (tcp.seq + len(tcp.data)) & 0xFFFFFFFF, sent[way] + tcp.data
        if tcp.flags & dpkt.tcp.TH_ACK:
            assert tcp.ack == ends[back]
    return sent


@pytest.mark.parametrize(("here", "there"), [(HERE, THERE), (HERE6, THERE6)])
def test_a_datagram_goes_from_where_it_was_sent_to_where_it_was_sent_to(here: Place, there: Place) -> None:
    ip = read(Framing().datagram(here, there, b"hello"))
    assert (ip_address(ip.src), ip_address(ip.dst)) == (ip_address(here[0]), ip_address(there[0]))
    assert (ip.data.sport, ip.data.dport, ip.data.data) == (here[1], there[1], b"hello")


@pytest.mark.parametrize(("here", "there"), [(HERE, THERE), (HERE6, THERE6)])
def test_a_checksum_of_zero_is_told_as_all_ones(here: Place, there: Place) -> None:
    sums = {read(Framing().datagram(here, there, number.to_bytes(2, "big"))).data.sum for number in range(1 << 16)}
    assert 0 not in sums
    assert 0xFFFF in sums


@given(PLACES, PLACES, st.binary(max_size=2000))
def test_any_message_between_any_places_is_a_sound_packet(here: Place | None, there: Place | None, data: bytes) -> None:
    framing = Framing()
    assert bytes(read(framing.datagram(here, there, data)).data.data) == data
    for packet in framing.handshake(here, there) + framing.segments(here, there, data):
        read(packet)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.binary(max_size=300)), max_size=20))
def test_a_connection_has_every_byte_of_its_messages_once(messages: list[tuple[bool, bool, bytes]]) -> None:
    framing, told, said = Framing(), [], {HERE: b"", THERE: b""}
    for forth, caller, data in messages:
        source, target = (HERE, THERE) if forth else (THERE, HERE)
        told += framing.handshake(*((HERE, THERE) if caller else (THERE, HERE)))
        told += framing.segments(source, target, data)
        said[source] += data
    streams = {way[1]: data for way, data in stream_of(told).items()}
    assert streams == ({HERE[1]: said[HERE], THERE[1]: said[THERE]} if messages else {})


@pytest.mark.parametrize(("here", "there"), [(HERE, THERE), (HERE6, THERE6)])
@pytest.mark.parametrize("size", [0, 1, LONGEST_SEGMENT, LONGEST_SEGMENT + 1, 3 * LONGEST_SEGMENT])
def test_a_message_has_as_many_segments_as_it_needs(here: Place, there: Place, size: int) -> None:
    framing = Framing()
    told = framing.handshake(here, there) + framing.segments(here, there, bytes(size))
    assert max(map(len, told)) <= 0xFFFF + (40 if here == HERE6 else 0)
    assert len(told) == 3 + max(1, -(-size // LONGEST_SEGMENT))
    pushed = [bool(read(packet).data.flags & dpkt.tcp.TH_PUSH) for packet in told[3:]]
    assert pushed == [False] * (len(told) - 4) + [True]
    assert sum(map(len, stream_of(told).values())) == size


def test_a_connection_is_made_once_by_who_calls() -> None:
    framing = Framing()
    handshake = [read(packet).data for packet in framing.handshake(HERE, THERE)]
    syn, ack = dpkt.tcp.TH_SYN, dpkt.tcp.TH_ACK
    assert [(tcp.sport, tcp.flags) for tcp in handshake] == [(HERE[1], syn), (THERE[1], syn | ack), (HERE[1], ack)]
    assert framing.handshake(HERE, THERE) == framing.handshake(THERE, HERE) == []
    assert len(framing.handshake(("192.0.2.1", 5061), THERE)) == 3


def test_a_connection_that_was_forgotten_begins_again_with_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST_CONNECTIONS", 2)
    framing = Framing()
    first = framing.handshake(HERE, THERE)
    framing.handshake(("192.0.2.1", 1), THERE)
    assert framing.handshake(HERE, THERE) == []
    framing.handshake(("192.0.2.1", 2), THERE)  # the one of port 1 is forgotten: it was used longest ago
    assert framing.handshake(HERE, THERE) == []
    framing.handshake(("192.0.2.1", 1), THERE)
    framing.handshake(("192.0.2.1", 2), THERE)
    again = framing.handshake(HERE, THERE)
    assert len(again) == 3
    assert read(again[0]).data.seq != read(first[0]).data.seq


def test_a_datagram_that_is_too_long_to_be_one_is_cut() -> None:
    assert len(read(Framing().datagram(HERE, THERE, bytes(70_000))).data.data) == LONGEST_DATAGRAM


@pytest.mark.parametrize(
    ("here", "there", "source", "target"),
    [
        (("::ffff:192.0.2.1", 1), ("192.0.2.2", 2), "192.0.2.1", "192.0.2.2"),
        (("fe80::1%eth0", 1), ("[fe80::2]", 2), "fe80::1", "fe80::2"),
        (None, ("2001:db8::2", 2), "::", "2001:db8::2"),
        (("0.0.0.0", 1), ("2001:db8::2", 2), "::", "2001:db8::2"),
        (("not.an.address", 1), ("192.0.2.2", 2), "0.0.0.0", "192.0.2.2"),
        (None, None, "0.0.0.0", "0.0.0.0"),
    ],
)
def test_addresses_are_those_of_packets(here: Place | None, there: Place | None, source: str, target: str) -> None:
    ip = read(Framing().datagram(here, there, b""))
    assert (str(ip_address(ip.src)), str(ip_address(ip.dst))) == (source, target)
