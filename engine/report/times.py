# SPDX-License-Identifier: AGPL-3.0-or-later
"""Points in time and durations as SIPp writes them in its files, and as RFC 3339 says."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache

NS_PER_SECOND = 1_000_000_000


@lru_cache(maxsize=16)
def _local_second(unix_s: int, separator: str) -> str:
    return time.strftime(f"%Y-%m-%d{separator}%H:%M:%S", time.localtime(unix_s))


@lru_cache(maxsize=16)
def _utc_second(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def local_time(unix_ns: int, separator: str = " ") -> str:
    """Local date and time to the microsecond: `2026-11-22 18:18:30.368204`."""
    second, ns = divmod(unix_ns, NS_PER_SECOND)
    return f"{_local_second(second, separator)}.{ns // 1000:06d}"


def tabbed_time(unix_ns: int) -> str:
    """SIPp's time in tables: date, time and seconds since the epoch, separated by tabs."""
    second, ns = divmod(unix_ns, NS_PER_SECOND)
    return f"{local_time(unix_ns, chr(9))}\t{second}.{ns // 1000:06d}"


def rfc3339_time(unix_ns: int) -> str:
    """UTC as RFC 3339 section 5.6 writes it: `2026-11-22T18:18:30.368204Z`."""
    second, ns = divmod(unix_ns, NS_PER_SECOND)
    return f"{_utc_second(second)}.{ns // 1000:06d}Z"


def clock(duration_ns: int) -> str:
    """A duration as `hours:minutes:seconds`, cut to whole seconds."""
    minutes, seconds = divmod(duration_ns // NS_PER_SECOND, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def fine_clock(duration_ns: float) -> str:
    """A duration as `hours:minutes:seconds:microseconds`, rounded: `00:00:00:002000`."""
    microseconds = round(duration_ns / 1000)
    return f"{clock(microseconds * 1000)}:{microseconds % 1_000_000:06d}"
