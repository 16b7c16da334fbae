# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose a packet is that came to a port which many calls share, as SIPp's `[media_port]` is.

Most peers have a port for each call: then it is told by where it came from. Where the peer too has one port for all (SIPp),
calls are told apart by the synchronisation source (RFC 3550 section 8). One that comes back as we sent it, from an echo, is
that call's. One that nobody knows is taken for that of a call with this peer that has not heard anything yet: of those that
have begun just now the first, since calls begin to be heard in their order, or else the last, since of the others many may stay
silent.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from engine.media.demux import is_rtcp, is_rtp

Owner = TypeVar("Owner")
Place = tuple[str, int]
"""Address and port of a peer."""

MOST_SOURCES: Final = 4
"""Synchronisation sources that are held for one call: a peer may make up as many as it likes."""
YOUNG_NS: Final = 1_000_000_000
"""How soon a peer begins to be heard, if he does so at once."""
_RTP_SOURCE: Final = 8
_RTCP_SOURCE: Final = 4


def source_in(data: bytes) -> int:
    """The synchronisation source of a packet of RTP or RTCP, -1 when it is neither."""
    if is_rtp(data):
        return int.from_bytes(data[_RTP_SOURCE : _RTP_SOURCE + 4], "big")
    if is_rtcp(data):
        return int.from_bytes(data[_RTCP_SOURCE : _RTCP_SOURCE + 4], "big")
    return -1


class Sharing(Generic[Owner]):
    """Who shares a port. All methods take the same time however many do."""

    def __init__(self) -> None:
        self._places: dict[Owner, Place] = {}
        self._at: dict[Place, dict[Owner, None]] = {}
        self._silent: dict[Place, dict[Owner, None]] = {}
        self._young: dict[Place, dict[Owner, int]] = {}
        self._heard: dict[int, Owner] = {}
        self._sent: dict[int, Owner] = {}
        self._sources: dict[Owner, list[int]] = {}
        self._own: dict[Owner, int] = {}

    def __len__(self) -> int:
        """How many share it."""
        return len(self._sources)

    def join(self, owner: Owner, own_source: int) -> None:
        """One more; `own_source` is the synchronisation source that it sends with."""
        self._sources[owner] = []
        self._own[owner] = own_source
        self._sent[own_source] = owner

    def expect(self, owner: Owner, place: Place, now_ns: int) -> None:
        """Its peer is there, from now on; it must have joined."""
        self._forget_place(owner)
        self._places[owner] = place
        self._at.setdefault(place, {})[owner] = None
        if not self._sources[owner]:
            self._silent.setdefault(place, {})[owner] = None
            self._young.setdefault(place, {})[owner] = now_ns

    def leave(self, owner: Owner) -> None:
        """It shares no more."""
        self._forget_place(owner)
        for source in self._sources.pop(owner, ()):
            self._forget_source(owner, source)
        own = self._own.pop(owner, -1)
        if self._sent.get(own) == owner:
            del self._sent[own]

    def owner(self, data: bytes, place: Place, now_ns: int) -> Owner | None:
        """Whose a datagram from there is that comes now; None when nobody's."""
        there = self._at.get(place)
        if there is not None and len(there) == 1:
            only = next(iter(there))
            if not self._sources[only]:
                self._bind(only, source_in(data))
            return only
        source = source_in(data)
        known = self._heard.get(source)
        if known is not None:
            return known
        found = self._sent.get(source)
        if found is None and there:
            found = self._guess(place, now_ns, there) if source >= 0 else next(reversed(there))
        if found is not None:
            self._bind(found, source)
        return found

    def _guess(self, place: Place, now_ns: int, there: dict[Owner, None]) -> Owner:
        """Who has begun to hear his peer."""
        young = self._young.get(place)
        while young:
            owner = next(iter(young))
            if now_ns - young[owner] < YOUNG_NS:
                return owner
            del young[owner]
        return next(reversed(self._silent.get(place) or there))

    def _bind(self, owner: Owner, source: int) -> None:
        if source < 0:
            return
        sources = self._sources[owner]
        if len(sources) >= MOST_SOURCES:
            self._forget_source(owner, sources.pop(0))
        sources.append(source)
        self._heard[source] = owner
        place = self._places.get(owner)
        if place is not None:
            _drop(self._silent, place, owner)
            _drop(self._young, place, owner)

    def _forget_source(self, owner: Owner, source: int) -> None:
        """Unless it is another's by now: peers in different places may have the same."""
        if self._heard.get(source) == owner:
            del self._heard[source]

    def _forget_place(self, owner: Owner) -> None:
        place = self._places.pop(owner, None)
        if place is not None:
            _drop(self._at, place, owner)
            _drop(self._silent, place, owner)
            _drop(self._young, place, owner)


def _drop(table: dict[Place, dict[Owner, Any]], place: Place, owner: Owner) -> None:
    owners = table.get(place)
    if owners is not None:
        owners.pop(owner, None)
        if not owners:
            del table[place]
