# SPDX-License-Identifier: AGPL-3.0-or-later
"""Captures made here: datagrams in frames of each link type, and the files around them (pcap's by dpkt, as a referee)."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence

import dpkt

from engine.media.sources.capture_records import Frame

CALLER, CALLEE = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
START_NS = 1_700_000_000_000_000_000


def rtp(sequence: int, payload_type: int = 8, size: int = 160, source: int = 7) -> bytes:
    header = struct.pack("!BBHII", 0x80, payload_type, sequence & 0xFFFF, 160 * sequence, source)
    return header + bytes([sequence & 0xFF]) * size


def udp(payload: bytes, port: int = 6000, to: bytes = CALLEE) -> bytes:
    return struct.pack("!HHHH", 5000, port, 8 + len(payload), 0) + payload


def ipv4(datagram: bytes, to: bytes = CALLEE, fragment: int = 0, options: bytes = b"", protocol: int = 17) -> bytes:
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(options) + len(datagram), 1, fragment, 64, protocol, 0, CALLER, to)
    return bytes([0x45 + len(options) // 4]) + header[1:] + options + datagram


def ipv6(datagram: bytes, following: int = 17, extensions: bytes = b"") -> bytes:
    address = bytes(15) + b"\1"
    return struct.pack("!IHBB", 6 << 28, len(extensions) + len(datagram), following, 64) + address * 2 + extensions + datagram


def ethernet(packet: bytes, *tags: int) -> bytes:
    ethertype = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    vlans = b"".join(struct.pack("!HH", tag, 100) for tag in tags)
    return bytes(12) + vlans + struct.pack("!H", ethertype) + packet


FRAMES: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "Ethernet": (1, ethernet),
    "a VLAN": (1, lambda packet: ethernet(packet, 0x8100)),
    "VLANs in VLANs": (1, lambda packet: ethernet(packet, 0x88A8, 0x8100)),
    "Linux cooked": (113, lambda packet: bytes(14) + ethernet(packet)[12:]),
    "Linux cooked 2": (276, lambda packet: ethernet(packet)[12:14] + bytes(18) + packet),
    "raw IP": (101, lambda packet: packet),
    "raw IP of OpenBSD": (12, lambda packet: packet),
    "BSD loopback": (0, lambda packet: struct.pack("<I", 2) + packet),
    "OpenBSD loopback": (108, lambda packet: struct.pack(">I", 2) + packet),
}


def pcap(frames: Sequence[tuple[int, bytes]], link: int = 1) -> bytes:
    """A pcap file of frames, each with nanoseconds after the start, which it keeps to the microsecond."""
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, linktype=link)
    for after_ns, frame in frames:
        writer.writepkt_time(frame, (START_NS + after_ns) / 1e9)
    return file.getvalue()


def pcap_by_hand(frames: Sequence[tuple[int, bytes]], link: int = 1, order: str = "<", unit_ns: int = 1, cut: int = 0) -> bytes:
    """The same with either byte order and unit; of each frame the last `cut` bytes are missing."""
    magic = 0xA1B23C4D if unit_ns == 1 else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    for after_ns, frame in frames:
        seconds, rest = divmod(START_NS + after_ns, 1_000_000_000)
        out += struct.pack(order + "IIII", seconds, rest // unit_ns, len(frame) - cut, len(frame))
        out += frame[: len(frame) - cut]
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    padded = body + bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(padded)) + padded + struct.pack(order + "I", 12 + len(padded))


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int, order: str = "<", resolution: int | None = None) -> bytes:
    options = b"" if resolution is None else struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
    return block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)


def packet(number: int, time: int, frame: bytes, order: str = "<") -> bytes:
    return block(6, struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame)) + frame, order)


def bytes_of(data: bytes, frames: Sequence[Frame]) -> list[bytes]:
    return [data[frame.start : frame.end] for frame in frames]
