# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much a track may hold: each shard keeps its tracks in memory for the whole run."""

from __future__ import annotations

from engine.errors import MediaError

MOST_TRACK_BYTES = 64 << 20
"""Two hours of G.711."""
MOST_PACKETS = 1_000_000
MOST_PERIOD_MS = 24 * 3600 * 1000


def check_size(name: str, payload_bytes: int, packets: int, period_ms: float = 0) -> None:
    """Raises MediaError when a track would become too large."""
    if payload_bytes > MOST_TRACK_BYTES:
        raise MediaError(name, f"too long: {payload_bytes >> 20} MiB to be sent, at most {MOST_TRACK_BYTES >> 20} MiB are held")
    if packets > MOST_PACKETS:
        raise MediaError(name, f"too long: {packets} packets, at most {MOST_PACKETS} are held")
    if period_ms > MOST_PERIOD_MS:
        raise MediaError(name, f"too long: {period_ms / 3_600_000:.0f} hours, at most 24")
