# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packets of RTCP (RFC 3550 section 6): what a compound one says, and how one is written."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

MOST_PACKETS: Final = 32
"""Packets in a datagram that are read: nobody sends as many, and each costs time."""
MOST_BYTES: Final = 4096
"""Of a datagram that is read, for the same reason; what is sent keeps to the size of a packet of the network."""
MOST_BLOCKS: Final = 31
"""Report blocks in a packet; its header has five bits for their number."""
MOST_TEXT_BYTES: Final = 255

SR: Final = 200
RR: Final = 201
SDES: Final = 202
BYE: Final = 203
CNAME: Final = 1

_VERSION: Final = 2
_PADDING: Final = 0x20
_COUNT: Final = 0x1F
_WORD: Final = 4
_HEADER: Final = struct.Struct("!BBH")
_SOURCE: Final = struct.Struct("!I")
_SENDER: Final = struct.Struct("!QIII")
_BLOCK: Final = struct.Struct("!IIIIII")
_FIRST_TYPE: Final = 192
_LAST_TYPE: Final = 223
_24_BITS: Final = 0xFFFFFF
_SIGN: Final = 0x800000
_U32: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class ReportBlock:
    """What one end tells of a source that it receives (section 6.4.1).

    `fraction_lost` is in 256ths, `cumulative_lost` signed, `jitter` in units of the source's clock, `last_sr` the middle of
    the NTP time of its last sender report, `delay_since_last_sr` in 65536ths of a second.
    """

    ssrc: int
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int = 0
    delay_since_last_sr: int = 0


@dataclass(frozen=True)
class SenderReport:
    """SR (section 6.4.1): `ntp` is the time as NTP has it, 32 bits of seconds and 32 of fractions."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True)
class ReceiverReport:
    """RR (section 6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True)
class SourceDescription:
    """SDES (section 6.5): the names of sources, "" for one that tells none. Other items are passed over."""

    cnames: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Goodbye:
    """BYE (section 6.6): sources that have left, and why."""

    ssrcs: tuple[int, ...]
    reason: str = ""


RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye


def read_rtcp(data: bytes) -> list[RtcpPacket] | None:
    """The packets of a datagram; None when it is malformed (A.2): then nothing of it is believed.

    A report comes first, but reduced-size RTCP (RFC 5506) may begin with anything. APP, feedback, extended reports and kinds
    that nobody knows are passed over, so the list may be empty.
    """
    packets: list[RtcpPacket] = []
    offset, size = 0, len(data)
    if size > MOST_BYTES:
        return None
    for _ in range(MOST_PACKETS):
        if offset + _WORD > size or data[offset] >> 6 != _VERSION or not _FIRST_TYPE <= data[offset + 1] <= _LAST_TYPE:
            return None
        first = data[offset]
        end = offset + _WORD + _WORD * (data[offset + 2] << 8 | data[offset + 3])
        if end > size or (first & _PADDING and end != size):
            return None
        padding = data[end - 1] if first & _PADDING else 0
        if first & _PADDING and (padding == 0 or padding % _WORD or offset + _WORD + padding > end):
            return None
        kind = data[offset + 1]
        read = _READERS.get(kind)
        if read is not None:
            packet = read(data[offset + _WORD : end - padding], first & _COUNT)
            if packet is None:
                return None
            packets.append(packet)
        offset = end
        if offset == size:
            return packets
    return None


def write_rtcp(packets: list[RtcpPacket]) -> bytes:
    """A compound packet of these, in their order; ValueError for what its header cannot count."""
    return b"".join(map(_write, packets))


def ntp_time(unix_ns: int) -> int:
    """The time as NTP has it (section 4), of nanoseconds since 1970."""
    seconds, ns = divmod(unix_ns, 1_000_000_000)
    return (seconds + 2_208_988_800 & _U32) << 32 | (ns << 32) // 1_000_000_000


def ntp_middle(ntp: int) -> int:
    """The middle 32 bits of a time: what reports name a sender report by."""
    return ntp >> 16 & _U32


def _read_blocks(body: bytes, start: int, count: int) -> tuple[ReportBlock, ...] | None:
    if start + count * _BLOCK.size > len(body):
        return None
    blocks = []
    for place in range(start, start + count * _BLOCK.size, _BLOCK.size):
        ssrc, losses, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, place)
        lost = ((losses & _24_BITS) ^ _SIGN) - _SIGN
        blocks.append(ReportBlock(ssrc, losses >> 24, lost, highest, jitter, last_sr, delay))
    return tuple(blocks)


def _read_sender_report(body: bytes, count: int) -> SenderReport | None:
    start = _SOURCE.size + _SENDER.size
    blocks = _read_blocks(body, start, count)
    if blocks is None or len(body) < start:
        return None
    (ssrc,) = _SOURCE.unpack_from(body)
    ntp, timestamp, packets, octets = _SENDER.unpack_from(body, _SOURCE.size)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, blocks)


def _read_receiver_report(body: bytes, count: int) -> ReceiverReport | None:
    blocks = _read_blocks(body, _SOURCE.size, count)
    if blocks is None or len(body) < _SOURCE.size:
        return None
    return ReceiverReport(_SOURCE.unpack_from(body)[0], blocks)


def _read_description(body: bytes, count: int) -> SourceDescription | None:
    cnames: dict[int, str] = {}
    place = 0
    for _ in range(count):
        if place + _SOURCE.size > len(body):
            return None
        (ssrc,) = _SOURCE.unpack_from(body, place)
        cname, end = _read_items(body, place + _SOURCE.size)
        if end < 0:
            return None
        cnames[ssrc] = cname
        place = end
    return SourceDescription(cnames)


def _read_items(body: bytes, place: int) -> tuple[str, int]:
    """The name among the items of a chunk, and where the next chunk begins; -1 when there is no end."""
    cname = ""
    while place < len(body):
        item = body[place]
        if item == 0:
            end = (place // _WORD + 1) * _WORD
            return cname, end if end <= len(body) else -1
        if place + 2 > len(body) or place + 2 + body[place + 1] > len(body):
            return cname, -1
        end = place + 2 + body[place + 1]
        if item == CNAME:
            cname = body[place + 2 : end].decode("utf-8", "replace")
        place = end
    return cname, -1


def _read_goodbye(body: bytes, count: int) -> Goodbye | None:
    end = count * _SOURCE.size
    if end > len(body):
        return None
    ssrcs = struct.unpack_from(f"!{count}I", body)
    if end == len(body):
        return Goodbye(ssrcs)
    if end + 1 + body[end] > len(body):
        return None
    return Goodbye(ssrcs, body[end + 1 : end + 1 + body[end]].decode("utf-8", "replace"))


_READERS: Final = {SR: _read_sender_report, RR: _read_receiver_report, SDES: _read_description, BYE: _read_goodbye}


def _write(packet: RtcpPacket) -> bytes:
    if isinstance(packet, SenderReport):
        return _packet(SR, len(packet.blocks), _written_sender(packet) + _written_blocks(packet.blocks))
    if isinstance(packet, ReceiverReport):
        return _packet(RR, len(packet.blocks), _SOURCE.pack(packet.ssrc) + _written_blocks(packet.blocks))
    if isinstance(packet, SourceDescription):
        return _packet(SDES, len(packet.cnames), b"".join(_written_chunk(*chunk) for chunk in packet.cnames.items()))
    reason = _cut(packet.reason)
    told = bytes([len(reason)]) + reason if reason else b""
    return _packet(BYE, len(packet.ssrcs), b"".join(map(_SOURCE.pack, packet.ssrcs)) + told + bytes(-len(told) % _WORD))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    if count > MOST_BLOCKS:
        raise ValueError(f"a packet of RTCP has room for {MOST_BLOCKS} sources, not for {count}")
    return _HEADER.pack(_VERSION << 6 | count, kind, len(body) // _WORD) + body


def _written_sender(report: SenderReport) -> bytes:
    counts = (report.timestamp & _U32, report.packets & _U32, report.octets & _U32)
    return _SOURCE.pack(report.ssrc) + _SENDER.pack(report.ntp, *counts)


def _written_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.cumulative_lost & _24_BITS,
            block.highest_sequence,
            block.jitter,
            block.last_sr,
            block.delay_since_last_sr,
        )
        for block in blocks
    )


def _written_chunk(ssrc: int, cname: str) -> bytes:
    """A chunk with its end: at least one null byte, up to a full word."""
    text = _cut(cname)
    items = bytes([CNAME, len(text)]) + text
    return _SOURCE.pack(ssrc) + items + bytes(_WORD - len(items) % _WORD)


def _cut(text: str) -> bytes:
    """As much of a text as an item holds, of whole characters."""
    return text.encode("utf-8", "replace")[:MOST_TEXT_BYTES].decode("utf-8", "ignore").encode()
