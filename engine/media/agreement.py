# SPDX-License-Identifier: AGPL-3.0-or-later
"""What both sides of a call have agreed on for one kind of media, by the SDP of each: offer and answer (RFC 3264).

Nothing is negotiated here: the scenario says what it offers and answers. What follows from both texts is where to send, in
which formats, and with which keys; and of two descriptions which the offer was, since an answer takes its keys from it.
"""

from __future__ import annotations

from typing import Final

from engine.media.sdp import EVENTS, LAST_PORT, Format, MediaLine
from engine.media.srtp.sdes import Crypto, SdesError, agree, keys_of, read_crypto
from engine.media.srtp.setup import ACTIVE, PASSIVE, is_client
from engine.media.srtp.suites import Keys

EVENTS_PAYLOAD_TYPE: Final = 101
"""Of telephone events where no SDP names one: what nearly everybody uses."""
_NOWHERE: Final = ("", "0.0.0.0", "::")
"""Addresses of a peer that wants nothing now (RFC 3264 section 8.4)."""
Place = tuple[str, int]

_NOBODY, _WE, _THEY = range(3)
"""Whose offer waits for its answer."""


class Agreement:
    """The two descriptions of one kind of media, None as long as they are not known."""

    __slots__ = ("_open", "local", "offered_by_us", "remote")

    def __init__(self) -> None:
        self.local: MediaLine | None = None
        self.remote: MediaLine | None = None
        self.offered_by_us = False
        """The latest exchange that came to its end began with our description."""
        self._open = _NOBODY

    def sent(self, line: MediaLine, *, offers: bool = False) -> None:
        """We have sent this. `offers`: in a request that offers (INVITE, UPDATE); else it answers, if there is an offer."""
        if offers or (self._open != _THEY and self.remote is None):
            self._open = _WE
        elif self._open == _THEY:
            self.offered_by_us, self._open = False, _NOBODY
        self.local = line

    def received(self, line: MediaLine, *, offers: bool = False) -> None:
        """The peer has sent this; `offers` as above."""
        if offers or (self._open != _WE and self.local is None):
            self._open = _THEY
        elif self._open == _WE:
            self.offered_by_us, self._open = True, _NOBODY
        self.remote = line

    @property
    def is_open(self) -> bool:
        """An offer waits for its answer: until then what was agreed before holds (RFC 3264 section 8)."""
        return self._open != _NOBODY

    @property
    def is_ours_to_answer(self) -> bool:
        """The peer has offered something, and we have not answered yet."""
        return self._open == _THEY

    def offered_crypto(self) -> list[Crypto]:
        """The peer's `a=crypto` lines that can be read, when we are answering them; else none."""
        try:
            return _lines(self.remote) if self.is_ours_to_answer else []
        except SdesError:
            return []

    @property
    def offered_setup(self) -> str | None:
        """The peer's `a=setup`, "" for none, when we are answering it; else None."""
        return self.remote.setup if self.remote is not None and self.is_ours_to_answer else None

    @property
    def place(self) -> Place | None:
        """Where the peer wants its packets; None when nowhere."""
        remote = self.remote
        if remote is None or not remote.port or remote.address in _NOWHERE:
            return None
        return remote.address, remote.port

    @property
    def muxes(self) -> bool:
        """RTCP goes where RTP goes (RFC 5761 section 5.1.1)."""
        return self.local is not None and self.remote is not None and self.local.rtcp_mux and self.remote.rtcp_mux

    @property
    def rtcp_place(self) -> Place | None:
        """Where the peer wants RTCP (RFC 3605): the port after RTP's where it does not say. None when there is no such port."""
        place, remote = self.place, self.remote
        if place is None or remote is None or self.muxes:
            return place
        port = remote.rtcp_port or place[1] + 1
        return (remote.rtcp_address or place[0], port) if port <= LAST_PORT else None

    def format_in(self, payload_type: int) -> Format | None:
        """What comes under a payload type: what we have said that it is, or else the peer."""
        for line in (self.local, self.remote):
            known = line.format_of(payload_type) if line is not None else None
            if known is not None:
                return known
        return None

    def payload_type_out(self, codec: str, clock_rate: int = 0) -> int | None:
        """Under which payload type the peer wants a codec; None when nobody has said."""
        for line in (self.remote, self.local):
            known = line.payload_type_of(codec, clock_rate) if line is not None else None
            if known is not None:
                return known
        return None

    @property
    def events_out(self) -> int:
        """Under which payload type the peer wants telephone events."""
        known = self.payload_type_out(EVENTS, 8000)
        return EVENTS_PAYLOAD_TYPE if known is None else known

    def is_events(self, payload_type: int) -> bool:
        """Whether telephone events come under this payload type."""
        known = self.format_in(payload_type)
        return known.name == EVENTS if known is not None else payload_type == EVENTS_PAYLOAD_TYPE

    @property
    def is_keyed_in_sdp(self) -> bool:
        """Both sides have told keys, which protect what is sent."""
        return self.local is not None and self.remote is not None and bool(self.local.crypto and self.remote.crypto)

    def keys(self) -> tuple[Keys, Keys]:
        """With what we protect, and with what the peer does (RFC 4568 section 5.1). Raises SdesError."""
        ours, theirs = _lines(self.local), _lines(self.remote)
        if self.offered_by_us:
            mine, his = agree(ours, theirs)
        else:
            his, mine = agree(theirs, ours)
        return keys_of(mine), keys_of(his)

    @property
    def dtls_role(self) -> str:
        """Who begins the handshake (RFC 5763 section 5): `active` if we do, else `passive`; "" without fingerprints."""
        local, remote = self.local, self.remote
        if local is None or remote is None or not (local.fingerprints and remote.fingerprints):
            return ""
        try:
            return ACTIVE if is_client(local.setup, remote.setup) else PASSIVE
        except ValueError:
            return PASSIVE if self.offered_by_us else ACTIVE


def _lines(line: MediaLine | None) -> list[Crypto]:
    """The `a=crypto` lines that can be read. Raises SdesError when there are some, and none can."""
    found: list[Crypto] = []
    wrong: SdesError | None = None
    for text in line.crypto if line is not None else ():
        try:
            found.append(read_crypto(text))
        except SdesError as error:
            wrong = wrong or error
    if wrong is not None and not found:
        raise wrong
    return found
