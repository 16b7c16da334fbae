# SPDX-License-Identifier: AGPL-3.0-or-later
"""What came on a media port, told by its first two bytes: RTP, RTCP, DTLS or STUN may share one (RFC 7983, RFC 5761)."""

from __future__ import annotations

_MOST_STUN = 3
_LEAST_DTLS, _MOST_DTLS = 20, 63
_LEAST_RTP, _MOST_RTP = 128, 191
_LEAST_RTCP, _MOST_RTCP = 192, 223
_STUN_BYTES, _DTLS_BYTES, _RTP_BYTES, _RTCP_BYTES = 20, 13, 12, 8


def is_rtp(data: bytes) -> bool:
    """RTP or SRTP, and not RTCP."""
    return len(data) >= _RTP_BYTES and _LEAST_RTP <= data[0] <= _MOST_RTP and not _LEAST_RTCP <= data[1] <= _MOST_RTCP


def is_rtcp(data: bytes) -> bool:
    """RTCP or SRTCP: packet types of 192 to 223, which are no payload types of RTP (RFC 5761 section 4)."""
    return len(data) >= _RTCP_BYTES and _LEAST_RTP <= data[0] <= _MOST_RTP and _LEAST_RTCP <= data[1] <= _MOST_RTCP


def is_dtls(data: bytes) -> bool:
    """A record of DTLS (RFC 6347 section 4.1)."""
    return len(data) >= _DTLS_BYTES and _LEAST_DTLS <= data[0] <= _MOST_DTLS


def is_stun(data: bytes) -> bool:
    """STUN (RFC 8489 section 5): its first byte and its magic cookie."""
    return len(data) >= _STUN_BYTES and data[0] <= _MOST_STUN and data[4:8] == b"\x21\x12\xa4\x42"
