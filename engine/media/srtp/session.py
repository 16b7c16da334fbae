# SPDX-License-Identifier: AGPL-3.0-or-later
"""SRTP and SRTCP (RFC 3711, RFC 7714) between two transport addresses: `Srtp`, over libsrtp.

Packets are changed in place in a buffer of the direction's, without pylibsrtp's session in between; a packet of 172 bytes
takes 0.8 µs so instead of 1.3. Nothing here raises because of what came: what is refused is one of `Refused`, and is counted.

libsrtp keeps state for each SSRC, inbound only for those of packets that were authentic. A peer that has the key can still
make up SSRCs, and what is echoed goes out under them, so a direction keeps the last `MOST_SSRCS` and forgets older ones.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from enum import Enum
from typing import Any, Final

from engine.media.srtp.binding import ffi, lib
from engine.media.srtp.policy import ANY_INBOUND, ANY_OUTBOUND, context_of
from engine.media.srtp.suites import Keys

MOST_SSRCS: Final = 64
_RTP_SSRC, _RTCP_SSRC = 8, 4
_RTP_BYTES, _RTCP_BYTES = 12, 8 + 4
"""The shortest packet, but for its tag; SRTCP's has an index."""
_BUFFER_BYTES: Final = 2048
_GROWTH_BYTES: Final = 4 + 16
"""What libsrtp may append: SRTCP's index and the longest tag."""


class Refused(Enum):
    """Why an incoming packet was refused."""

    REPLAYED = "came before, or is older than the 128 packets that are remembered"
    REJECTED = "is not authentic: another key, or it was changed on its way"
    MALFORMED = "is no packet of SRTP"
    NO_KEY = "came where nothing was agreed on to read it with"


# srtp_err_status_t: 7 and 8 auth_fail and cipher_fail, 9 and 10 replay_fail and replay_old, 26 and 27 an index out of reach.
_REFUSED: Final = {
    7: Refused.REJECTED,
    8: Refused.REJECTED,
    9: Refused.REPLAYED,
    10: Refused.REPLAYED,
    26: Refused.REPLAYED,
    27: Refused.REJECTED,
}


class _Direction:
    """libsrtp's context of one direction, with its buffer and the SSRCs that it knows."""

    __slots__ = ("_buffer", "_context", "_last", "_length", "_mki", "_owner", "_ssrcs", "_view", "keys", "status")

    def __init__(self, keys: Keys, ssrc_type: int) -> None:
        self._owner = context_of(keys, ssrc_type)
        self._context: Any = self._owner[0]
        self._buffer: Any = ffi.new("char[]", _BUFFER_BYTES)
        self._view: Any = ffi.buffer(self._buffer)
        self._length: Any = ffi.new("int *")
        self.keys = keys
        self._mki = keys.mki
        self._ssrcs: OrderedDict[bytes, None] = OrderedDict()
        self._last = b""
        self.status = 0
        """What libsrtp said of the last packet; 0: it was done."""

    def run(self, function: Any, packet: bytes, ssrc_at: int) -> bytes:
        """What one of libsrtp's functions makes of a packet; b"" when it refused, and `status` says why."""
        size = len(packet)
        if size > _BUFFER_BYTES - _GROWTH_BYTES:
            return self._run_large(function, packet, ssrc_at)
        self._view[:size] = packet
        self._length[0] = size
        self.status = function(self._context, self._buffer, self._length)
        if self.status:
            return b""
        ssrc = packet[ssrc_at : ssrc_at + 4]
        if ssrc != self._last:
            self._note(ssrc)
        done: bytes = self._view[: self._length[0]]
        return done

    def _run_large(self, function: Any, packet: bytes, ssrc_at: int) -> bytes:
        size = len(packet)
        buffer: Any = ffi.new("char[]", size + _GROWTH_BYTES)
        view: Any = ffi.buffer(buffer)
        view[:size] = packet
        self._length[0] = size
        self.status = function(self._context, buffer, self._length)
        if self.status:
            return b""
        self._note(packet[ssrc_at : ssrc_at + 4])
        done: bytes = view[: self._length[0]]
        return done

    def _note(self, ssrc: bytes) -> None:
        """Another SSRC than that of the packet before: the oldest of too many is forgotten."""
        self._last = ssrc
        if ssrc in self._ssrcs:
            self._ssrcs.move_to_end(ssrc)
            return
        self._ssrcs[ssrc] = None
        if len(self._ssrcs) > MOST_SSRCS:
            oldest, _ = self._ssrcs.popitem(last=False)
            lib.srtp_remove_stream(self._context, int.from_bytes(oldest, sys.byteorder))

    def with_mki(self, packet: bytes, tag_bytes: int) -> bytes:
        """The packet with the master key identifier before its tag, or behind all in AEAD (RFC 3711 3.1, RFC 7714 7 and 9)."""
        if not self._mki or not packet:
            return packet
        end = len(packet) if self.keys.suite.aead else len(packet) - tag_bytes
        return packet[:end] + self._mki + packet[end:]

    def without_mki(self, packet: bytes, tag_bytes: int) -> bytes:
        """The packet without the master key identifier; b"" when it has another."""
        end = len(packet) if self.keys.suite.aead else len(packet) - tag_bytes
        start = end - len(self._mki)
        return packet[:start] + packet[end:] if start > 0 and packet[start:end] == self._mki else b""


class Srtp:
    """What protects what we send, and reads what comes; either may be None. Raises ValueError for keys that cannot be used.

    All SSRCs of a direction share its keys. A direction's rollover counters begin at 0 with the keys. Counts of what was
    refused: `replayed`, `rejected`, `malformed` (what came), `unprotected` (what could not go out).
    """

    __slots__ = (
        "_incoming",
        "_outgoing",
        "_read_rtcp_tag",
        "_read_tag",
        "_write_rtcp_tag",
        "_write_tag",
        "malformed",
        "rejected",
        "replayed",
        "unprotected",
    )

    def __init__(self, outgoing: Keys | None, incoming: Keys | None) -> None:
        self._outgoing: _Direction | None = None
        self._incoming: _Direction | None = None
        self.replayed = 0
        self.rejected = 0
        self.malformed = 0
        self.unprotected = 0
        self.renew(outgoing, incoming)

    def renew(self, outgoing: Keys | None, incoming: Keys | None) -> None:
        """Other keys from now on. A direction whose keys are what they were goes on as it was. Raises ValueError as above."""
        if self._outgoing is None or self._outgoing.keys != outgoing:
            self._outgoing = None if outgoing is None else _Direction(outgoing, ANY_OUTBOUND)
        if self._incoming is None or self._incoming.keys != incoming:
            self._incoming = None if incoming is None else _Direction(incoming, ANY_INBOUND)
        self._write_tag = 0 if outgoing is None else outgoing.suite.tag_bytes
        self._write_rtcp_tag = 0 if outgoing is None else outgoing.suite.rtcp_tag_bytes
        self._read_tag = 0 if incoming is None else incoming.suite.tag_bytes
        self._read_rtcp_tag = 0 if incoming is None else incoming.suite.rtcp_tag_bytes

    def protect(self, packet: bytes) -> bytes:
        """SRTP of a whole RTP packet. b"" when it must not be sent: it is none, or its index is far behind the newest one."""
        return self._protect(lib.srtp_protect, packet, _RTP_SSRC, self._write_tag)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP of a whole (compound) RTCP packet. b"" when it is none."""
        return self._protect(lib.srtp_protect_rtcp, packet, _RTCP_SSRC, self._write_rtcp_tag)

    def _protect(self, function: Any, packet: bytes, ssrc_at: int, tag_bytes: int) -> bytes:
        direction = self._outgoing
        done = b""
        if direction is not None:
            done = direction.with_mki(direction.run(function, packet, ssrc_at), tag_bytes)
        if not done:
            self.unprotected += 1
        return done

    def unprotect(self, packet: bytes) -> bytes | Refused:
        """The RTP packet that came as SRTP, or why it is refused."""
        if len(packet) < _RTP_BYTES + self._read_tag:
            return self._refuse(Refused.MALFORMED)
        return self._unprotect(lib.srtp_unprotect, packet, _RTP_SSRC, self._read_tag)

    def unprotect_rtcp(self, packet: bytes) -> bytes | Refused:
        """The RTCP packet that came as SRTCP, or why it is refused."""
        if len(packet) < _RTCP_BYTES + self._read_rtcp_tag:
            return self._refuse(Refused.MALFORMED)
        return self._unprotect(lib.srtp_unprotect_rtcp, packet, _RTCP_SSRC, self._read_rtcp_tag)

    def _unprotect(self, function: Any, packet: bytes, ssrc_at: int, tag_bytes: int) -> bytes | Refused:
        direction = self._incoming
        if direction is None:
            return self._refuse(Refused.NO_KEY)
        if direction._mki:
            packet = direction.without_mki(packet, tag_bytes)
            if not packet:
                return self._refuse(Refused.REJECTED)
        done = direction.run(function, packet, ssrc_at)
        return done if done else self._refuse(_REFUSED.get(direction.status, Refused.MALFORMED))

    def _refuse(self, why: Refused) -> Refused:
        if why is Refused.REPLAYED:
            self.replayed += 1
        elif why is Refused.MALFORMED:
            self.malformed += 1
        else:
            self.rejected += 1
        return why
