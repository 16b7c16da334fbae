# SPDX-License-Identifier: AGPL-3.0-or-later
"""When calls are due.

`RatePacer` goes by schedule: call *k* of a run is due at start + *k* / rate, and a late start never shifts later ones.
Of *n* shards, shard *i* takes the calls *i*, *i* + *n*, *i* + 2*n* …, so that together they keep the same schedule. A
change of the rate keeps the phase: what was half due stays half due. While traffic is paused, or held back because too
many calls are open, due times pass by and are not made up for.

`UserPacer` keeps as many calls open as there are users: a call is due as soon as a user is free.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import Final

NEVER_NS: Final = 1 << 62
HELD_BACK_NS: Final = 1_000_000
"""How long a user waits who is free but may not call."""


class Pacer(ABC):
    """Says when this shard's next call is due. All times are of the monotonic clock, in ns."""

    @abstractmethod
    def next_ns(self) -> int:
        """When the next call is due; `NEVER_NS` when none is."""

    @abstractmethod
    def started(self) -> int:
        """The call that was due is being started; the user it belongs to, or 0."""

    @abstractmethod
    def ended(self, user: int, now_ns: int) -> None:
        """A call of this user has ended."""

    @abstractmethod
    def hold_back(self, now_ns: int) -> int:
        """Let the due times up to now pass by; how many."""

    @abstractmethod
    def pause(self, now_ns: int) -> None:
        """No call is due until `resume`."""

    @abstractmethod
    def resume(self, now_ns: int) -> None:
        """Go on from where `pause` came."""


class RatePacer(Pacer):
    """Calls at a rate."""

    def __init__(self, start_ns: int, calls_per_second: float, *, index: int = 0, count: int = 1) -> None:
        self._count = count
        self._calls = 0
        self._paused_ns = -1
        self._interval_ns = 0.0
        self._set(start_ns, calls_per_second)
        self._anchor_ns = start_ns + index * self._interval_ns / count

    def _set(self, anchor_ns: float, calls_per_second: float) -> None:
        """From `anchor_ns` on, this shard starts a call every `_interval_ns`."""
        self._anchor_ns = anchor_ns
        self._calls = 0
        self._interval_ns = self._count * 1e9 / calls_per_second if calls_per_second > 0 else 0.0

    def next_ns(self) -> int:
        """The schedule's next time."""
        if not self._interval_ns or self._paused_ns >= 0:
            return NEVER_NS
        return int(self._anchor_ns + self._calls * self._interval_ns)

    def started(self) -> int:
        """Go on to the next time."""
        self._calls += 1
        return 0

    def ended(self, user: int, now_ns: int) -> None:
        """The schedule does not care."""

    def hold_back(self, now_ns: int) -> int:
        """Go on to the first time after now."""
        passed = int((now_ns - self._anchor_ns) / self._interval_ns) + 1 - self._calls
        self._calls += max(0, passed)
        return max(0, passed)

    def set_rate(self, now_ns: int, calls_per_second: float) -> None:
        """A new rate for the whole run, from now on."""
        waited = 0.0
        if self._interval_ns:
            missing_ns = self._anchor_ns + self._calls * self._interval_ns - now_ns
            waited = 1 - min(1.0, max(0.0, missing_ns / self._interval_ns))
        self._set(now_ns, calls_per_second)
        self._anchor_ns = now_ns + (1 - waited) * self._interval_ns
        if self._paused_ns >= 0:
            self._paused_ns = now_ns

    def pause(self, now_ns: int) -> None:
        """Remember where the schedule stood."""
        if self._paused_ns < 0:
            self._paused_ns = now_ns

    def resume(self, now_ns: int) -> None:
        """Shift the schedule by as long as it was paused."""
        if self._paused_ns >= 0:
            self._anchor_ns += now_ns - self._paused_ns
            self._paused_ns = -1


class UserPacer(Pacer):
    """A call for each user, and another as soon as it ends. Users are numbered from `first`.

    As in SIPp, whoever has the highest number begins, and who has waited longest goes on.
    """

    def __init__(self, start_ns: int, users: int, *, first: int = 1) -> None:
        self._first = first
        self._free: deque[int] = deque()
        self._calling: set[int] = set()
        self._free_since_ns = start_ns
        self._users = 0
        self._paused = False
        self.set_users(start_ns, users)

    def next_ns(self) -> int:
        """At once while a user is free."""
        return self._free_since_ns if self._free and not self._paused else NEVER_NS

    def started(self) -> int:
        """The user whose call it is."""
        user = self._free.popleft()
        self._calling.add(user)
        return user

    def ended(self, user: int, now_ns: int) -> None:
        """The user is free again, unless there are fewer users now."""
        self._calling.discard(user)
        if self._first <= user < self._first + self._users:
            self._release(user, now_ns)

    def _release(self, user: int, now_ns: int) -> None:
        if not self._free:
            self._free_since_ns = now_ns
        self._free.append(user)

    def hold_back(self, now_ns: int) -> int:
        """Users wait, and are looked at again in a while; nothing passes by."""
        self._free_since_ns = now_ns + HELD_BACK_NS
        return 0

    def set_users(self, now_ns: int, users: int) -> None:
        """More users begin at once, but for those whose last call goes on; fewer let their calls end."""
        for user in range(self._first + users - 1, self._first + self._users - 1, -1):
            if user not in self._calling:
                self._release(user, now_ns)
        self._free = deque([user for user in self._free if user < self._first + users])
        self._users = users

    def pause(self, now_ns: int) -> None:
        """Free users wait."""
        self._paused = True

    def resume(self, now_ns: int) -> None:
        """Free users are due now."""
        self._paused = False
        self._free_since_ns = now_ns


class NoPacer(Pacer):
    """A server starts no calls."""

    def next_ns(self) -> int:
        """Never."""
        return NEVER_NS

    def started(self) -> int:
        """Nothing is ever due."""
        raise AssertionError("a server starts no calls")

    def ended(self, user: int, now_ns: int) -> None:
        """Nothing to do."""

    def hold_back(self, now_ns: int) -> int:
        """Nothing passes by."""
        return 0

    def pause(self, now_ns: int) -> None:
        """Nothing to pause."""

    def resume(self, now_ns: int) -> None:
        """Nothing to resume."""
