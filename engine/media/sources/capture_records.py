# SPDX-License-Identifier: AGPL-3.0-or-later
"""The frames in a capture file: pcap (both byte orders, micro- and nanoseconds) and pcapng (draft-ietf-opsawg-pcapng).

Times are whole nanoseconds, and each frame has the link type of the interface that it came from, of which pcapng may have
many. Whatever lengths a file claims, it is gone through once, and what goes beyond its end ends it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.errors import MediaError
from engine.media.track import NS_A_SECOND

_PCAP_HEADER: Final = 24
_PCAP_RECORD: Final = 16
_PCAP_MAGIC: Final = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}
"""Nanoseconds of its fractions."""
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_BYTE_ORDER: Final = 0x1A2B3C4D
_MOST_INTERFACES: Final = 1 << 16
_RESOLUTION_OPTION, _OFFSET_OPTION = 9, 14
_MICROSECONDS: Final = 6
_MOST_DIGITS: Final = 19
_MOST_BITS: Final = 63
_MOST_TIME_NS: Final = 1 << 62


class Frame(NamedTuple):
    """A frame is `data[start:end]` of the file; `link` is its link type (tcpdump's LINKTYPE_*), `cut`: not all was captured."""

    time_ns: int
    link: int
    start: int
    end: int
    cut: bool


def is_capture(data: bytes) -> bool:
    """Whether a file begins as a capture does."""
    return data[:4] == _SECTION.to_bytes(4, "big") or _pcap_order(data) is not None


def frames_of(data: bytes, name: str) -> Iterator[Frame]:
    """All frames, in their order. Raises MediaError when it is no capture."""
    if data[:4] == _SECTION.to_bytes(4, "big"):
        return _pcapng(data)
    order = _pcap_order(data)
    if order is None:
        raise MediaError(name, "this is no capture", "a pcap or pcapng file is needed, as tcpdump and Wireshark write them")
    return _pcap(data, *order)


def ends_within_frame(data: bytes, end: int) -> bool:
    """Whether something comes after the `end` of the last frame that is no frame; of pcapng, which has more in it, False."""
    return _pcap_order(data) is not None and end < len(data)


def _pcap_order(data: bytes) -> tuple[str, int] | None:
    """Byte order and nanoseconds of a fraction."""
    if len(data) < _PCAP_HEADER:
        return None
    for order in "<>":
        unit_ns = _PCAP_MAGIC.get(struct.unpack_from(order + "I", data)[0])
        if unit_ns is not None:
            return order, unit_ns
    return None


def _pcap(data: bytes, order: str, unit_ns: int) -> Iterator[Frame]:
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    header = struct.Struct(order + "IIII")
    at, length = _PCAP_HEADER, len(data)
    while at + _PCAP_RECORD <= length:
        seconds, fraction, captured, whole = header.unpack_from(data, at)
        at += _PCAP_RECORD
        end = at + captured
        if end > length:
            return
        yield Frame(seconds * NS_A_SECOND + fraction * unit_ns, link, at, end, captured < whole)
        at = end


class _Interface(NamedTuple):
    link: int
    snap_bytes: int
    scale: tuple[int, int]
    """A time in its units times the first, divided by the second, are nanoseconds."""
    offset_ns: int


def _pcapng(data: bytes) -> Iterator[Frame]:
    at, length, order = 0, len(data), "<"
    interfaces: list[_Interface] = []
    while at + 12 <= length:
        if data[at : at + 4] == _SECTION.to_bytes(4, "big"):
            order = "<" if data[at + 8 : at + 12] == _BYTE_ORDER.to_bytes(4, "little") else ">"
            interfaces = []
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or at + size > length:
            return
        body, end = at + 8, at + size - 4
        if kind == _INTERFACE and len(interfaces) < _MOST_INTERFACES and end - body >= 8:
            interfaces.append(_interface(data, body, end, order))
        elif kind in _PACKET_BLOCKS:
            frame = _PACKET_BLOCKS[kind](data, body, end, order, interfaces)
            if frame is not None:
                yield frame
        at += size + (-size & 3)


def _interface(data: bytes, body: int, end: int, order: str) -> _Interface:
    link, _, snap_bytes = struct.unpack_from(order + "HHI", data, body)
    scale, offset_ns = _scale(_MICROSECONDS), 0
    at = body + 8
    while at + 4 <= end:
        option, size = struct.unpack_from(order + "HH", data, at)
        if at + 4 + size > end or not option:
            break
        if option == _RESOLUTION_OPTION and size >= 1:
            scale = _scale(data[at + 4])
        elif option == _OFFSET_OPTION and size >= 8:
            offset_ns = NS_A_SECOND * int(struct.unpack_from(order + "q", data, at + 4)[0])
        at += 4 + size + (-size & 3)
    return _Interface(link, snap_bytes, scale, offset_ns)


def _scale(resolution: int) -> tuple[int, int]:
    """if_tsresol: a negative power of 10, or of 2 when the highest bit is set."""
    if resolution & 0x80:
        return NS_A_SECOND, 1 << min(resolution & 0x7F, _MOST_BITS)
    return NS_A_SECOND, 10 ** min(resolution, _MOST_DIGITS)


def _packet(data: bytes, body: int, end: int, order: str, interfaces: list[_Interface]) -> Frame | None:
    """An enhanced packet block."""
    if end - body < 20:
        return None
    number, high, low, captured, whole = struct.unpack_from(order + "IIIII", data, body)
    return _frame(body + 20, end, interfaces, number, high << 32 | low, captured, whole)


def _old_packet(data: bytes, body: int, end: int, order: str, interfaces: list[_Interface]) -> Frame | None:
    if end - body < 20:
        return None
    number, _, high, low, captured, whole = struct.unpack_from(order + "HHIIII", data, body)
    return _frame(body + 20, end, interfaces, number, high << 32 | low, captured, whole)


def _simple_packet(data: bytes, body: int, end: int, order: str, interfaces: list[_Interface]) -> Frame | None:
    """One without a time: all of these come at once."""
    if end - body < 4 or not interfaces:
        return None
    whole = struct.unpack_from(order + "I", data, body)[0]
    captured = min(whole, interfaces[0].snap_bytes or whole, end - body - 4)
    return _frame(body + 4, end, interfaces, 0, 0, captured, whole)


def _frame(
    start: int, end: int, interfaces: list[_Interface], number: int, time: int, captured: int, whole: int
) -> Frame | None:
    if number >= len(interfaces) or start + captured > end:
        return None
    interface = interfaces[number]
    times, parts = interface.scale
    time_ns = max(-_MOST_TIME_NS, min(time * times // parts + interface.offset_ns, _MOST_TIME_NS))
    return Frame(time_ns, interface.link, start, start + captured, captured < whole)


_PACKET_BLOCKS: Final = {_PACKET: _packet, _OLD_PACKET: _old_packet, _SIMPLE_PACKET: _simple_packet}
