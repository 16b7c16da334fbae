# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Debian's kamailio and sngrep read of our HEP is what we sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import pytest

from engine.messages.following import Place
from engine.messages.records import MessageRecorded
from tests.engine.export.homers import running, until
from tests.interop.homer import KamailioHomer, Sngrep
from tests.programs import Programs

WHEN_NS = 1_763_000_000_123_456_000
V4 = (("192.0.2.1", 5060), ("198.51.100.7", 40_000))
V6 = (("2001:db8::1", 5060), ("2001:db8::77", 65_535))


def message(number: int, body: bytes = b"") -> bytes:
    """A request with a Call-ID of its own."""
    head = (
        "INVITE sip:service@198.51.100.7 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{number}",
        f"From: <sip:caller@192.0.2.1>;tag={number}",
        "To: <sip:service@198.51.100.7>",
        f"Call-ID: {number}///x%20@192.0.2.1",
        "CSeq: 1 INVITE",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def call_id(number: int) -> bytes:
    """That of a message."""
    return f"{number}///x%20@192.0.2.1".encode()


def records(places: Iterable[tuple[Place, Place]], bodies: Iterable[bytes] = (b"",)) -> list[MessageRecorded]:
    """A message from each place to the other and back, with each body."""
    found: list[MessageRecorded] = []
    for local, remote in places:
        for body in bodies:
            for is_sent in (True, False):
                number = len(found)
                when_ns, data = WHEN_NS + number * 1_000_777_000, message(number, body)
                found.append(MessageRecorded(when_ns, number, call_id(number), "main", is_sent, False, 0, local, remote, data))
    return found


def ends(record: MessageRecorded) -> tuple[Place, Place]:
    """Where it went from and to."""
    return (record.local, record.remote) if record.sent else (record.remote, record.local)


async def send(sent: list[MessageRecorded], port: int, **options: object) -> None:
    """Have a sink send them."""
    async with running(hep_address=f"127.0.0.1:{port}", **options) as it:
        for record in sent:
            it.sink.take(record)
        it.offered = len(sent)
        await until(lambda: it.counts.written == len(sent))


@pytest.mark.parametrize("transport", ["u1", "l1"])
async def test_kamailio_finds_in_every_chunk_what_we_put_there(programs: Programs, transport: str) -> None:
    homer = KamailioHomer(programs, chunks=True)
    sent = records((V4, V6))
    await send(sent, homer.port, transport=transport, hep_capture_id=4_000_000_000, hep_password="pass word")
    for record, chunks in zip(sent, homer.chunks(len(sent)), strict=True):
        source, destination = ends(record)
        assert chunks == [
            "3",
            "10" if ":" in source[0] else "2",
            "17" if transport == "u1" else "6",
            source[0],
            destination[0],
            str(source[1]),
            str(destination[1]),
            str(record.unix_ns // 1_000_000_000),
            str(record.unix_ns // 1_000 % 1_000_000),
            "1",
            "4000000000",
            "pass word",
            record.call_id.decode(),
        ]


async def test_kamailio_reads_the_messages_as_from_where_they_came(programs: Programs) -> None:
    homer = KamailioHomer(programs)
    sent = records((V4, V6), [b"", b"v=0\r\n" * 200, b"\0\xff" * 1000])
    await send(sent, homer.port)
    expected = [("INVITE", len(record.data), *ends(record)[0], record.call_id.decode()) for record in sent]
    assert homer.read(len(sent)) == expected


async def test_sngrep_writes_down_time_addresses_and_message_byte_by_byte(programs: Programs) -> None:
    homer = Sngrep(programs)
    sent = records([V4, (("127.0.0.1", 1), ("255.255.255.254", 65_535))], [b"", b"v=0\r\n" * 100])
    await send(sent, homer.port)
    for record, (seconds, packet) in zip(sent, homer.written(len(sent)), strict=True):
        source, destination = ends(record)
        assert round(seconds * 1_000_000) == record.unix_ns // 1_000
        assert [str(ipaddress.ip_address(address)) for address in (packet.src, packet.dst)] == [source[0], destination[0]]
        assert (packet.data.sport, packet.data.dport) == (source[1], destination[1])
        assert bytes(packet.data.data) == record.data


async def test_what_is_no_sip_harms_neither(programs: Programs) -> None:
    kamailio, sngrep = KamailioHomer(programs), Sngrep(programs)
    strange = [b"", b"\0", b"x" * 60_000, b"\r\n\r\n", bytes(range(256)) * 10, b"INVITE"]
    sent = [MessageRecorded(WHEN_NS, 0, body, "main", True, False, 0, *V4, body) for body in strange]
    for port in (kamailio.port, sngrep.port):
        await send([*sent, *records([V4])], port)
    assert [line[-1] for line in kamailio.read(2)][-2:] == [call_id(number).decode() for number in range(2)]
    assert sngrep.written(2)
