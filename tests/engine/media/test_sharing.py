# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose a packet is that came to a port which many calls share."""

from __future__ import annotations

import struct

from engine.media.sharing import MOST_SOURCES, YOUNG_NS, Sharing, source_in

PBX = ("127.0.0.2", 7000)
OTHER = ("127.0.0.2", 7002)


def rtp(source: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, 1, 160, source) + b"sound"


def rtcp(source: int) -> bytes:
    return struct.pack("!BBHI", 0x80, 201, 1, source)


def test_a_peer_with_a_port_for_each_call_is_told_by_where_it_came_from() -> None:
    sharing: Sharing[str] = Sharing()
    sharing.join("one", 1)
    sharing.expect("one", PBX, 0)
    sharing.join("two", 2)
    sharing.expect("two", OTHER, 0)
    assert sharing.owner(rtp(77), PBX, 0) == "one"
    assert sharing.owner(rtp(77), OTHER, 0) == "two"
    assert sharing.owner(b"\x00\x01T.38", OTHER, 0) == "two"


def test_calls_with_one_peer_take_its_sources_in_turn_and_keep_them() -> None:
    sharing: Sharing[str] = Sharing()
    for number, name in enumerate(("one", "two", "three")):
        sharing.join(name, number)
        sharing.expect(name, PBX, 0)
    assert [sharing.owner(rtp(source), PBX, 0) for source in (70, 71, 70, 72, 71)] == ["one", "two", "one", "three", "two"]


def test_what_an_echo_sends_back_belongs_to_who_sent_it() -> None:
    sharing: Sharing[str] = Sharing()
    for number, name in enumerate(("one", "two")):
        sharing.join(name, number)
        sharing.expect(name, PBX, 0)
    assert sharing.owner(rtp(1), PBX, 0) == "two"
    assert sharing.owner(rtcp(1), PBX, 0) == "two"
    assert sharing.owner(rtp(99), PBX, 0) == "one"


def test_a_call_that_stays_silent_takes_nobody_elses_place() -> None:
    sharing: Sharing[str] = Sharing()
    for number in range(5):
        sharing.join(f"silent {number}", number)
        sharing.expect(f"silent {number}", PBX, number)
    sharing.join("heard", 99)
    sharing.expect("heard", PBX, 10 * YOUNG_NS)
    assert sharing.owner(rtp(70), PBX, 10 * YOUNG_NS + 1) == "heard"
    sharing.join("late", 100)
    sharing.expect("late", PBX, 10 * YOUNG_NS)
    assert sharing.owner(rtp(71), PBX, 20 * YOUNG_NS) == "late"


def test_the_first_call_keeps_its_source_when_others_come() -> None:
    sharing: Sharing[str] = Sharing()
    sharing.join("one", 1)
    sharing.expect("one", PBX, 0)
    assert sharing.owner(rtp(70), PBX, 0) == "one"
    sharing.join("two", 2)
    sharing.expect("two", PBX, 0)
    assert [sharing.owner(rtp(source), PBX, 0) for source in (71, 70)] == ["two", "one"]


def test_what_comes_from_nowhere_that_was_named_is_nobodys() -> None:
    sharing: Sharing[str] = Sharing()
    sharing.join("one", 1)
    sharing.expect("one", PBX, 0)
    assert sharing.owner(rtp(77), OTHER, 0) is None
    assert sharing.owner(b"", OTHER, 0) is None


def test_nothing_is_left_of_who_has_left() -> None:
    sharing: Sharing[str] = Sharing()
    for number in range(50):
        sharing.join(f"call {number}", number)
        sharing.expect(f"call {number}", PBX, 0)
        sharing.owner(rtp(1000 + number), PBX, 0)
    for number in range(50):
        sharing.leave(f"call {number}")
    assert len(sharing) == 0
    assert not any(vars(sharing).values())


def test_a_peer_that_makes_up_sources_costs_no_more_memory() -> None:
    sharing: Sharing[str] = Sharing()
    for name, own in (("one", 1), ("two", 2)):
        sharing.join(name, own)
        sharing.expect(name, PBX, 0)
    for source in range(100, 10_000):
        sharing.owner(rtp(source), PBX, 0)
    assert len(sharing._heard) <= 2 * MOST_SOURCES


def test_the_source_of_a_packet_is_read_or_there_is_none() -> None:
    assert source_in(rtp(0xDEADBEEF)) == 0xDEADBEEF
    assert source_in(rtcp(0xDEADBEEF)) == 0xDEADBEEF
    for nothing in (b"", b"\x80", b"\x80\x00\x00\x01\x00\x00\x00\xa0", b"\x16\xfe\xff" + bytes(20)):
        assert source_in(nothing) == -1


def test_a_source_of_two_calls_stays_that_of_the_one_that_goes_on() -> None:
    sharing: Sharing[str] = Sharing()
    for number, (name, place) in enumerate((("one", PBX), ("two", OTHER))):
        sharing.join(name, number)
        sharing.expect(name, place, 0)
        assert sharing.owner(rtp(70), place, 0) == name
    sharing.leave("one")
    sharing.join("three", 3)
    sharing.expect("three", OTHER, 1)
    assert sharing.owner(rtp(70), OTHER, 2) == "two"
    assert sharing.owner(rtp(71), OTHER, 2) == "three"
