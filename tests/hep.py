# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading HEP version 3, written from its description and not from our encoder: packets out of datagrams or a stream."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

BEGINNING = 6
"""Bytes before the chunks, and before what a chunk holds."""


@dataclass(frozen=True)
class Packet:
    """What a packet says; `chunks` are all of it, as bytes, by type."""

    chunks: dict[int, bytes]

    def number(self, kind: int) -> int:
        """What a chunk holds, as a number."""
        return int.from_bytes(self.chunks[kind], "big")

    @property
    def source(self) -> tuple[str, int]:
        """Where the message came from."""
        return self._place((3, 5), 7)

    @property
    def destination(self) -> tuple[str, int]:
        """Where it went to."""
        return self._place((4, 6), 8)

    def _place(self, kinds: tuple[int, int], port: int) -> tuple[str, int]:
        assert [kind for kind in kinds if kind in self.chunks] == [kinds[self.number(1) == 10]]
        return str(ipaddress.ip_address(self.chunks[kinds[self.number(1) == 10]])), self.number(port)

    @property
    def unix_us(self) -> int:
        """When it was."""
        assert self.number(10) < 1_000_000
        return self.number(9) * 1_000_000 + self.number(10)

    @property
    def payload(self) -> bytes:
        """The message."""
        return self.chunks[15]

    @property
    def correlation(self) -> bytes:
        """What packets of one call have in common."""
        return self.chunks.get(17, b"")

    @property
    def key(self) -> bytes:
        """The authentication key."""
        return self.chunks.get(14, b"")


def read_packet(data: bytes) -> Packet:
    """The packet that these bytes are, all of them."""
    assert data[:4] == b"HEP3"
    assert int.from_bytes(data[4:6], "big") == len(data)
    chunks: dict[int, bytes] = {}
    at = BEGINNING
    while at < len(data):
        vendor, kind, size = (int.from_bytes(data[at + each : at + each + 2], "big") for each in (0, 2, 4))
        assert vendor == 0
        assert kind not in chunks
        assert BEGINNING <= size <= len(data) - at
        chunks[kind] = data[at + BEGINNING : at + size]
        at += size
    return Packet(chunks)


def read_packets(data: bytes) -> tuple[list[Packet], bytes]:
    """The packets of a stream, and what has come of the next."""
    packets = []
    while len(data) >= BEGINNING and len(data) >= (size := int.from_bytes(data[4:6], "big")):
        packets.append(read_packet(data[:size]))
        data = data[size:]
    return packets, data
