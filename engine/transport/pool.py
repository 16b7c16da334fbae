# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of the open things (sockets, connections) the next user gets, and when nobody uses one any more.

Each user has one for itself as long as fewer than `most` are open; from then on users share those that are there, round
robin, as SIPp does beyond `-max_socket`. Every method takes the same time however many are open, and what is remembered
are those that are open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Shared = TypeVar("Shared", bound=Hashable)


class Pool(Generic[Shared]):
    """The open things and how many use each. They are of kinds (a source address, a destination); users share within one.

    Usage: `take`; when it gives nothing, open one and `add` it. Later `release`, and close it when that says so. With
    `keeps`, those that nobody uses stay open, and `take` gives them before anything else.
    """

    __slots__ = ("_keeps", "_kinds", "_most", "_rings", "_users")

    def __init__(self, most: int, *, keeps: bool = False) -> None:
        self._most = most
        self._keeps = keeps
        self._users: dict[Shared, int] = {}
        self._kinds: dict[Shared, Hashable] = {}
        # Of each kind the one that is given next comes first: those without users, then the one given longest ago.
        self._rings: dict[Hashable, OrderedDict[Shared, None]] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._users)

    def __iter__(self) -> Iterator[Shared]:
        """All that are open, as of now: they may be released meanwhile."""
        return iter(list(self._users))

    def __contains__(self, thing: Shared) -> bool:
        """Whether it is open."""
        return thing in self._users

    def take(self, kind: Hashable = None) -> Shared | None:
        """One of this kind for another user, or None: open one and `add` it.

        That is also the answer when `most` are open and none is of this kind: a kind has at least one.
        """
        ring = self._rings.get(kind)
        if ring is None:
            return None
        first = next(iter(ring))
        if self._users[first] and len(self._users) < self._most:
            return None
        ring.move_to_end(first)
        self._users[first] += 1
        return first

    def add(self, thing: Shared, kind: Hashable = None) -> None:
        """It has been opened for one user."""
        self._users[thing] = 1
        self._kinds[thing] = kind
        ring = self._rings.get(kind)
        if ring is None:
            ring = self._rings[kind] = OrderedDict()
        ring[thing] = None

    def release(self, thing: Shared, *, reusable: bool = True) -> bool:
        """A user needs it no more; True when nobody does and it is to be closed: it is forgotten.

        What is not `reusable` is not kept for others either. What is not open (any more) is none of ours, and False.
        """
        users = self._users.get(thing, 0) - 1
        if users < 0:
            return False
        self._users[thing] = users
        if users:
            return False
        if self._keeps and reusable:
            self._rings[self._kinds[thing]].move_to_end(thing, last=False)
            return False
        self.remove(thing)
        return True

    def remove(self, thing: Shared) -> None:
        """It is closed, whoever used it; nothing when it was already."""
        if self._users.pop(thing, None) is None:
            return
        kind = self._kinds.pop(thing)
        ring = self._rings[kind]
        del ring[thing]
        if not ring:
            del self._rings[kind]
