# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a captured frame carries: the payload of a UDP datagram, and where it went.

Ethernet with VLAN tags, Linux cooked (both), raw IP, BSD loopback; IPv4 and IPv6 with its extension headers. Nothing is copied:
places are offsets in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

_ETHERTYPE_IPV4, _ETHERTYPE_IPV6 = 0x0800, 0x86DD
_VLAN: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_MOST_TAGS: Final = 8
_UDP: Final = 17
_EXTENSIONS: Final = frozenset({0, 43, 60, 135})
_FRAGMENT: Final = 44
_MOST_EXTENSIONS: Final = 16


class Skip(Enum):
    """Why a frame has no payload for us."""

    OTHER = auto()
    FRAGMENT = auto()
    CUT = auto()
    UNFINISHED = auto()
    """The file ends within it."""


class Datagram(NamedTuple):
    """A UDP payload is `data[start:end]`; it went to `port` of `address` (4 or 16 bytes)."""

    address: bytes
    port: int
    start: int
    end: int


def datagram_of(data: bytes, link: int, start: int, end: int) -> Datagram | Skip:
    """The datagram in a frame of a link type that is in `LINKS`."""
    return LINKS[link](data, start, end)


def _by_ethertype(data: bytes, at: int, end: int, payload: int) -> Datagram | Skip:
    """`at` is the place of the type, `payload` that of what follows."""
    for _ in range(_MOST_TAGS):
        if payload > end:
            return Skip.OTHER
        ethertype = data[at] << 8 | data[at + 1]
        if ethertype == _ETHERTYPE_IPV4:
            return _ipv4(data, payload, end)
        if ethertype == _ETHERTYPE_IPV6:
            return _ipv6(data, payload, end)
        if ethertype not in _VLAN:
            return Skip.OTHER
        at, payload = payload + 2, payload + 4
    return Skip.OTHER


def _ethernet(data: bytes, start: int, end: int) -> Datagram | Skip:
    return _by_ethertype(data, start + 12, end, start + 14)


def _cooked(data: bytes, start: int, end: int) -> Datagram | Skip:
    """LINKTYPE_LINUX_SLL."""
    return _by_ethertype(data, start + 14, end, start + 16)


def _cooked_2(data: bytes, start: int, end: int) -> Datagram | Skip:
    """LINKTYPE_LINUX_SLL2."""
    return _by_ethertype(data, start, end, start + 20)


def _raw(data: bytes, start: int, end: int) -> Datagram | Skip:
    if start >= end:
        return Skip.OTHER
    version = data[start] >> 4
    if version == 4:
        return _ipv4(data, start, end)
    return _ipv6(data, start, end) if version == 6 else Skip.OTHER


def _loopback(data: bytes, start: int, end: int) -> Datagram | Skip:
    """LINKTYPE_NULL and LINKTYPE_LOOP: the family, in either byte order."""
    if start + 4 >= end:
        return Skip.OTHER
    return _raw(data, start + 4, end)


def _ipv4(data: bytes, at: int, end: int) -> Datagram | Skip:
    if at + 20 > end:
        return Skip.CUT
    header, total = (data[at] & 15) * 4, data[at + 2] << 8 | data[at + 3]
    if data[at] >> 4 != 4 or header < 20 or data[at + 9] != _UDP:
        return Skip.OTHER
    if data[at + 6] & 0x3F or data[at + 7]:
        return Skip.FRAGMENT
    last = at + total if total else end
    return _udp(data, at + header, min(last, end), data[at + 16 : at + 20])


def _ipv6(data: bytes, at: int, end: int) -> Datagram | Skip:
    if at + 40 > end:
        return Skip.CUT
    if data[at] >> 4 != 6:
        return Skip.OTHER
    size, following, address = data[at + 4] << 8 | data[at + 5], data[at + 6], data[at + 24 : at + 40]
    end = min(end, at + 40 + size) if size else end
    at += 40
    for _ in range(_MOST_EXTENSIONS):
        if following == _UDP:
            return _udp(data, at, end, address)
        if at + 8 > end:
            return Skip.OTHER
        if following == _FRAGMENT:
            if data[at + 2] or data[at + 3] & 0xF9:
                return Skip.FRAGMENT
            following, at = data[at], at + 8
        elif following in _EXTENSIONS:
            following, at = data[at], at + 8 + 8 * data[at + 1]
        else:
            return Skip.OTHER
    return Skip.OTHER


def _udp(data: bytes, at: int, end: int, address: bytes) -> Datagram | Skip:
    if at + 8 > end:
        return Skip.CUT
    size = data[at + 4] << 8 | data[at + 5]
    last = at + size if size else end
    if last > end:
        return Skip.CUT
    if size and size < 8:
        return Skip.OTHER
    return Datagram(address, data[at + 2] << 8 | data[at + 3], at + 8, last)


LINKS: Final[Mapping[int, Callable[[bytes, int, int], Datagram | Skip]]] = {
    0: _loopback,
    1: _ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked_2,
}
"""By link type, those that can be read."""
