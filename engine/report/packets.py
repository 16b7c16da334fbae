# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages as the IP packets that would have carried them, for captures: UDP datagrams, or segments of TCP connections.

Addresses and ports are the real ones, and checksums are right (RFC 768, 791, 8200, 9293). What a message went through on
its way is not told: of a TLS or WebSocket connection the packets carry the SIP in it, as if TCP had been all, and of a TCP
connection they have what a reader of captures needs: its handshake once, sequence numbers without a gap, nothing again.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

from engine.messages.following import Place

LONGEST_DATAGRAM: Final = 65_507
LONGEST_SEGMENT: Final = 65_495
"""What an IPv4 packet of 65,535 bytes holds of a datagram, and of a stream, in bytes; an IPv6 packet could hold more."""
MOST_CONNECTIONS: Final = 10_000
"""Connections that are remembered. One that was forgotten begins with a handshake again, as a later one of its ports would."""

_UDP, _TCP = 17, 6
_SYN, _PSH, _ACK = 0x02, 0x08, 0x10
_IPV4 = Struct("!BBHHHBBH4s4s")
_IPV6 = Struct("!IHBB16s16s")
_UDP_HEADER = Struct("!HHHH")
_TCP_HEADER = Struct("!HHIIBBHHH")
_LENGTH_AND_PROTOCOL = Struct("!II")
_DONT_FRAGMENT = 0x4000
_HOPS = 64
_NUMBERS = 1 << 32
_FIRST_STEP = 0x9E3779B1
"""Odd, so that initial sequence numbers differ until there were as many connections as there are numbers."""
_WINDOW = 0xFFFF
_SYN_OPTIONS = b"\x02\x04" + LONGEST_SEGMENT.to_bytes(2, "big") + b"\x01\x03\x03\x0e"
"""The longest segment, and windows that count in units of 16 KB (RFC 7323), so that none looks full."""


class End(NamedTuple):
    """An end of a packet: the bytes of its address, 4 or 16, and its port."""

    address: bytes
    port: int


Connection: TypeAlias = "dict[End, int]"
"""The next sequence numbers of both ends."""


class Framing:
    """Makes packets, and remembers for each TCP connection what was sent in it."""

    def __init__(self) -> None:
        self._connections: OrderedDict[frozenset[End], Connection] = OrderedDict()
        self._opened = 0

    def datagram(self, source: Place | None, target: Place | None, data: bytes) -> bytes:
        """A UDP datagram; what is longer than one can be is cut off at its end."""
        here, there = ends_of(source, target)
        data = data[:LONGEST_DATAGRAM]
        length = _UDP_HEADER.size + len(data)
        rest = _UDP_HEADER.pack(here.port, there.port, length, 0) + data
        # RFC 768: a sum of zero is told as all ones, for zero means that there is none.
        number = _checksum(_pseudo_header(here, there, _UDP, length) + rest) or 0xFFFF
        return _ip_header(here, there, _UDP, length) + _UDP_HEADER.pack(here.port, there.port, length, number) + data

    def handshake(self, client: Place | None, server: Place | None) -> list[bytes]:
        """How a connection between the two came about: three packets, or none when that was told before."""
        here, there = ends_of(client, server)
        key = frozenset((here, there))
        if key in self._connections:
            self._connections.move_to_end(key)
            return []
        if len(self._connections) >= MOST_CONNECTIONS:
            self._connections.popitem(last=False)
        self._opened += 1
        first = self._opened * _FIRST_STEP % _NUMBERS
        connection = self._connections[key] = {there: first ^ (_NUMBERS >> 1), here: first}
        steps = ((here, there, _SYN), (there, here, _SYN | _ACK), (here, there, _ACK))
        return [_segment(connection, *step) for step in steps]

    def segments(self, source: Place | None, target: Place | None, data: bytes) -> list[bytes]:
        """The segments of a message, at least one, in a connection whose handshake was told."""
        here, there = ends_of(source, target)
        connection = self._connections[frozenset((here, there))]
        packets = []
        for at in range(0, max(len(data), 1), LONGEST_SEGMENT):
            is_last = at + LONGEST_SEGMENT >= len(data)
            flags = _ACK | (_PSH if is_last else 0)
            packets.append(_segment(connection, here, there, flags, data[at : at + LONGEST_SEGMENT]))
        return packets


@lru_cache(maxsize=4096)
def ends_of(source: Place | None, target: Place | None) -> tuple[End, End]:
    """Both ends in one version of IP. What is unknown, or no address of that version, is told as the address of nobody."""
    here, there = _address(source), _address(target)
    version = max((each.version for each in (here, there) if each is not None), default=4)
    nobody = IPv6Address(0) if version == 6 else IPv4Address(0)
    here, there = (each if each is not None and each.version == version else nobody for each in (here, there))
    return End(here.packed, _port(source)), End(there.packed, _port(target))


def _address(place: Place | None) -> IPv4Address | IPv6Address | None:
    """The address as it stands in packets: without a zone, and of IPv4 as such also where an IPv6 socket told it."""
    if place is None:
        return None
    try:
        address = ip_address(place[0].partition("%")[0].strip("[]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _port(place: Place | None) -> int:
    return place[1] & 0xFFFF if place is not None else 0


def _segment(connection: Connection, here: End, there: End, flags: int, data: bytes = b"") -> bytes:
    """The next segment of a connection, whose numbers move on."""
    is_syn = bool(flags & _SYN)
    options = _SYN_OPTIONS if is_syn else b""
    words = (_TCP_HEADER.size + len(options)) // 4
    answered = connection[there] if flags & _ACK else 0
    fields = (here.port, there.port, connection[here], answered, words << 4, flags, _WINDOW)
    connection[here] = (connection[here] + len(data) + is_syn) % _NUMBERS
    length = words * 4 + len(data)
    number = _checksum(_pseudo_header(here, there, _TCP, length) + _TCP_HEADER.pack(*fields, 0, 0) + options + data)
    return _ip_header(here, there, _TCP, length) + _TCP_HEADER.pack(*fields, number, 0) + options + data


def _ip_header(here: End, there: End, protocol: int, length: int) -> bytes:
    """The header of a packet whose rest is `length` bytes."""
    if len(here.address) == 16:
        return _IPV6.pack(6 << 28, length, protocol, _HOPS, here.address, there.address)
    # RFC 6864: what is not fragmented needs no identification.
    before = (4 << 4 | _IPV4.size // 4, 0, _IPV4.size + length, 0, _DONT_FRAGMENT, _HOPS, protocol)
    return _IPV4.pack(*before, _checksum(_IPV4.pack(*before, 0, here.address, there.address)), here.address, there.address)


def _pseudo_header(here: End, there: End, protocol: int, length: int) -> bytes:
    """What a checksum covers beside its packet. That of IPv4 has shorter fields (RFC 9293 section 3.1), with the same sum."""
    return here.address + there.address + _LENGTH_AND_PROTOCOL.pack(length, protocol)


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071). The sum of 16-bit words in ones' complement is the whole as one number modulo 65,535,
    which C computes in one step; of a sum that is no zero, zero is written as all ones."""
    if len(data) % 2:
        data += b"\0"
    return 0xFFFF - (int.from_bytes(data, "big") % 0xFFFF or 0xFFFF)
