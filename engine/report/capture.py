# SPDX-License-Identifier: AGPL-3.0-or-later
"""Followed calls as a capture (`-trace_pcap`): a pcapng file that Wireshark, tshark and sngrep read.

Packets are of raw IP (link type 101), their times in ns. Those of a call are in order; calls stand in the order in which
they were told, which is that of their ends. The first packet of each call has a comment that says how the call ended.
"""

from __future__ import annotations

from typing import Final

import dpkt

from engine.messages.following import EntryKind, FollowedCall, TraceEntry
from engine.report.packets import Framing
from engine.version import __version__

LONGEST_COMMENT: Final = 2_000
_LINK_RAW_IP = 101
"""LINKTYPE_RAW: a packet begins with its IP header, which says of which version it is."""
_NO_LIMIT = 0
_NANOSECONDS = b"\x09"
_COMMENT, _APPLICATION = 1, 4
_NAME, _TIME_RESOLUTION = 2, 9
"""Options of blocks, by the numbers that pcapng gives them."""


def file_header() -> bytes:
    """What a capture begins with: who wrote it, and what its packets are."""
    section = dpkt.pcapng.SectionHeaderBlockLE(opts=_options((_APPLICATION, f"gossipper {__version__}".encode())))
    interface = dpkt.pcapng.InterfaceDescriptionBlockLE(
        linktype=_LINK_RAW_IP,
        snaplen=_NO_LIMIT,
        opts=_options((_NAME, b"followed calls"), (_TIME_RESOLUTION, _NANOSECONDS)),
    )
    return bytes(section) + bytes(interface)


class Capture:
    """Makes the packets of calls, one call after the other, and remembers which connections have been told."""

    def __init__(self) -> None:
        self._framing = Framing()

    def blocks(self, call: FollowedCall) -> bytes:
        """The packets of a call."""
        comment = comment_on(call)
        blocks = []
        for entry in sorted(call.messages, key=lambda entry: entry.unix_ns):
            before, packets = self._packets(call, entry)
            blocks += [_block(entry.unix_ns, packet) for packet in before]
            blocks.append(_block(entry.unix_ns, packets[0], comment))
            blocks += [_block(entry.unix_ns, packet) for packet in packets[1:]]
            comment = ""
        return b"".join(blocks)

    def _packets(self, call: FollowedCall, entry: TraceEntry) -> tuple[list[bytes], list[bytes]]:
        """What a reader has to be told before a message, and the message."""
        sent = entry.kind is EntryKind.SENT
        source, target = (entry.local, entry.remote) if sent else (entry.remote, entry.local)
        if call.protocol == "UDP":
            return [], [self._framing.datagram(source, target, entry.data)]
        client, server = (entry.local, entry.remote) if call.outgoing else (entry.remote, entry.local)
        return self._framing.handshake(client, server), self._framing.segments(source, target, entry.data)


def comment_on(call: FollowedCall) -> str:
    """How a call ended, in one line."""
    ended = "succeeded" if call.is_over else "was open when the run ended"
    if call.failure is not None:
        ended = f"failed: {call.reason or call.failure}"
    forgotten = f"; what came before its last {len(call.entries)} entries was forgotten" if call.left_out else ""
    return " ".join(f"call {call.number} ({call.call_id}) {ended}{forgotten}".splitlines())[:LONGEST_COMMENT]


def _block(unix_ns: int, packet: bytes, comment: str = "") -> bytes:
    block = dpkt.pcapng.EnhancedPacketBlockLE(ts_high=unix_ns >> 32, ts_low=unix_ns & 0xFFFFFFFF, pkt_data=packet)
    if comment:
        block.opts = _options((_COMMENT, comment.encode(errors="replace")))
    return bytes(block)


def _options(*options: tuple[int, bytes]) -> list[dpkt.pcapng.PcapngOptionLE]:
    made = [dpkt.pcapng.PcapngOptionLE(code=code, data=data) for code, data in options]
    return [*made, dpkt.pcapng.PcapngOptionLE()]
