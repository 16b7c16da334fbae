# SPDX-License-Identifier: AGPL-3.0-or-later
"""HEP version 3, in which Homer and its like are sent copies of messages: what a packet looks like. No I/O.

A packet is `HEP3`, its whole length in 16 bits, and chunks: vendor (0: those that everybody knows), type, length with these
six bytes, and what it holds; all in network order. Which there are says the "HEP3 Network Protocol Specification" of
sipcapture.org.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Final

from engine.messages.following import Place

UDP: Final = 17
TCP: Final = 6
"""Numbers of protocols (IANA). TLS and WebSocket are TCP: there is no number for them."""

LARGEST: Final = 65_535
"""Bytes of a packet: its length has 16 bits."""
LARGEST_DATAGRAM: Final = 65_507
"""Bytes of a packet that goes over UDP: 65,535 without the headers of IPv4 and UDP."""
MOST_KEY: Final = 1_000
MOST_CORRELATION: Final = 4_096
"""Bytes of an authentication key and of a correlation id."""

_FAMILY, _PROTOCOL, _SOURCE_PORT, _DESTINATION_PORT, _SECONDS, _MICROSECONDS = 1, 2, 7, 8, 9, 10
_ADDRESSES: Final = {4: (3, 4), 6: (5, 6)}
_KIND, _CAPTURE_ID, _KEY, _PAYLOAD, _CORRELATION = 11, 12, 14, 15, 17
_FAMILY_OF: Final = {4: b"\x02", 6: b"\x0a"}
"""Linux's AF_INET and AF_INET6, which the protocol has taken over."""
_SIP: Final = b"\x01"

_CHUNK: Final = struct.Struct("!HHH")
_BEGINNING: Final = struct.Struct("!4sH")
_PORTS_AND_TIME: Final = struct.Struct("!HHHHHHHHHHHIHHHI")
_HALF: Final = 0xFFFF
_WORD: Final = 0xFFFF_FFFF
_NS: Final = 1_000_000_000
_MOST_PATHS: Final = 16_384
"""Pairs of addresses whose chunks are kept."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NOWHERE: Final = ipaddress.IPv4Address(0)


def _chunk(kind: int, content: bytes) -> bytes:
    return _CHUNK.pack(0, kind, _CHUNK.size + len(content)) + content


def _address(text: str) -> _Address:
    """The address that a text is, an IPv4 one also where a socket for both has it as IPv6; 0.0.0.0 where it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return _NOWHERE
    return (address.version == 6 and address.ipv4_mapped) or address


def _pair(source: str, destination: str) -> tuple[_Address, _Address]:
    """Both addresses in one family, for a packet has one."""
    one, other = _address(source), _address(destination)
    if one.version == other.version:
        return one, other
    return _as_v6(one), _as_v6(other)


def _as_v6(address: _Address) -> _Address:
    if address.version == 6:
        return address
    return ipaddress.IPv6Address(b"\xff\xff".rjust(12, b"\0") + address.packed if int(address) else 0)


class HepEncoder:
    """Makes the packets of one run. `protocol` is what its messages go over, UDP or TCP; `most` the bytes that a packet has at
    most. `cut` counts messages that were longer: of these a packet holds the beginning."""

    def __init__(self, protocol: int, capture_id: int = 0, password: bytes = b"", most: int = LARGEST) -> None:
        self.cut = 0
        self._protocol = _chunk(_PROTOCOL, bytes((protocol,)))
        key = _chunk(_KEY, password[:MOST_KEY]) if password else b""
        self._about = _chunk(_KIND, _SIP) + _chunk(_CAPTURE_ID, struct.pack("!I", capture_id)) + key
        self._most = most
        self._paths: dict[tuple[str, str], bytes] = {}

    def encode(self, unix_ns: int, source: Place, destination: Place, correlation: bytes, payload: bytes) -> bytes:
        """The packet with a message that went from one place to another at this wall time. Any bytes and any texts will do."""
        path = self._paths.get((source[0], destination[0])) or self._path(source[0], destination[0])
        seconds, rest_ns = divmod(unix_ns, _NS)
        ports = (0, _SOURCE_PORT, 8, source[1] & _HALF, 0, _DESTINATION_PORT, 8, destination[1] & _HALF)
        time = (0, _SECONDS, 10, seconds & _WORD, 0, _MICROSECONDS, 10, rest_ns // 1000)
        varying = _PORTS_AND_TIME.pack(*ports, *time)
        named = _chunk(_CORRELATION, correlation[:MOST_CORRELATION]) if correlation else b""
        without = _BEGINNING.size + len(path) + len(varying) + len(self._about) + len(named) + _CHUNK.size
        if without + len(payload) > self._most:
            payload = payload[: self._most - without]
            self.cut += 1
        size = len(payload)
        beginning = _BEGINNING.pack(b"HEP3", without + size)
        return b"".join((beginning, path, varying, self._about, named, _CHUNK.pack(0, _PAYLOAD, _CHUNK.size + size), payload))

    def _path(self, source: str, destination: str) -> bytes:
        """The chunks that say between which addresses; kept, for there are few, and making them takes longer than the rest."""
        if len(self._paths) >= _MOST_PATHS:
            self._paths.clear()
        one, other = _pair(source, destination)
        first, second = _ADDRESSES[one.version]
        chunks = (
            _chunk(_FAMILY, _FAMILY_OF[one.version]),
            self._protocol,
            _chunk(first, one.packed),
            _chunk(second, other.packed),
        )
        path = self._paths[source, destination] = b"".join(chunks)
        return path
