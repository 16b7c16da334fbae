# SPDX-License-Identifier: AGPL-3.0-or-later
"""What protects the packets of one leg: nothing, keys that both SDPs tell (RFC 4568), or keys from a handshake (RFC 5763).

Importing the libraries of DTLS takes a tenth of a second, so this module does not: who makes an `Identity` brings them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.media.agreement import Agreement
from engine.media.leg_port import Address
from engine.media.srtp.fingerprints import Fingerprint, read_fingerprint
from engine.media.srtp.sdes import SdesError
from engine.media.srtp.session import Refused, Srtp
from engine.media.srtp.setup import ACTIVE
from engine.media.srtp.suites import Keys
from engine.media.tally import Tally

if TYPE_CHECKING:
    from engine.media.srtp.dtls import Dtls
    from engine.media.srtp.identity import Identity

MOST_EARLY: Final = 4
"""Datagrams of DTLS that are kept until the peer's SDP has come: its first flight may be faster."""
MOST_KEPT: Final = 32
"""Packets that are kept until there are keys: the peer may have them first, and SIP and media go different ways."""
Kept = tuple[bytes, Address, int, bool]
"""A packet, where it came from, when in ns, and whether it came to the port of RTCP or is RTCP."""


class Keying:
    """The keys of a leg. `failed` is why there are none though there should be, or ""; `wanted`: nothing goes in the clear.

    `pending`: keys may come still, and what came without them is `kept` so long.
    """

    __slots__ = ("_early", "_keys", "_tally", "dtls", "failed", "kept", "pending", "srtp", "wanted")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._keys: tuple[Keys, Keys] | None = None
        self._early: list[bytes] = []
        self.srtp: Srtp | None = None
        self.dtls: Dtls | None = None
        self.wanted = False
        self.pending = False
        self.kept: list[Kept] = []
        self.failed = ""

    @property
    def due_ns(self) -> int:
        """When `run` has something to do, 0 for never."""
        return 0 if self.dtls is None or self.dtls.due_ns is None else self.dtls.due_ns

    def agree(self, agreement: Agreement, identity: Identity | None, now_ns: int) -> None:
        """One of the descriptions has changed."""
        local, remote = agreement.local, agreement.remote
        if local is not None and remote is None:
            self.pending = bool(local.crypto or local.fingerprints)
        if local is None or remote is None or not remote.port or agreement.is_open:
            return
        self.pending = False
        if agreement.is_keyed_in_sdp:
            self._agree_in_sdp(agreement)
        elif local.fingerprints and remote.fingerprints:
            self._agree_by_dtls(agreement, identity, now_ns)
        elif local.crypto or local.fingerprints:
            self.wanted = True
            self._fail("the peer answered SRTP without a key: there is neither a=crypto nor a=fingerprint in its SDP")

    def _agree_in_sdp(self, agreement: Agreement) -> None:
        self.wanted = True
        try:
            keys = agreement.keys()
        except SdesError as error:
            self._fail(str(error))
            return
        if keys != self._keys:
            self._use(*keys)

    def _use(self, outgoing: Keys, incoming: Keys) -> None:
        """New keys; the same ones are never taken anew, for that would send the same key stream again."""
        self._keys = outgoing, incoming
        self.pending = False
        try:
            if self.srtp is None:
                self.srtp = Srtp(outgoing, incoming)
            else:
                self.srtp.renew(outgoing, incoming)
        except ValueError as error:
            self._fail(str(error))

    def _agree_by_dtls(self, agreement: Agreement, identity: Identity | None, now_ns: int) -> None:
        self.wanted = True
        self.pending = self.srtp is None and not self.failed
        if self.dtls is not None or agreement.remote is None:
            return
        fingerprints = _fingerprints(agreement.remote.fingerprints)
        if not fingerprints or identity is None:
            self._fail("no a=fingerprint of the peer can be read" if identity else "no certificate was made for DTLS")
            return
        from engine.media.srtp.dtls import Dtls  # who made the identity has imported it

        self.dtls = Dtls(identity, client=agreement.dtls_role == ACTIVE, fingerprints=fingerprints, now_ns=now_ns)
        early, self._early = self._early, []
        for datagram in early:
            self.handshake(datagram, now_ns)

    def handshake(self, datagram: bytes, now_ns: int) -> None:
        """A datagram of DTLS has come."""
        if self.dtls is None:
            if len(self._early) < MOST_EARLY:
                self._early.append(datagram)
            return
        self.dtls.feed(datagram, now_ns)
        self._look(self.dtls)

    def run(self, now_ns: int) -> None:
        """What is done by the clock."""
        if self.dtls is not None:
            self.dtls.timeout(now_ns)
            self._look(self.dtls)

    def _look(self, dtls: Dtls) -> None:
        if dtls.failed is not None and not self.failed:
            self._tally.dtls_failed += 1
            self._fail(dtls.failed)
        elif dtls.done and self.srtp is None and dtls.outgoing is not None and dtls.incoming is not None:
            self._use(dtls.outgoing, dtls.incoming)

    def take(self) -> list[bytes]:
        """Datagrams of DTLS to send now."""
        return self.dtls.take() if self.dtls is not None else []

    def keep(self, packet: Kept) -> None:
        """It came before the keys."""
        if len(self.kept) < MOST_KEPT:
            self.kept.append(packet)
        else:
            self._tally.srtp_rejected += 1

    def take_kept(self) -> list[Kept]:
        """What was kept and can be read now, or never."""
        kept, self.kept = self.kept, []
        return kept

    def unprotect(self, data: bytes) -> bytes | Refused:
        """What came, in the clear, or why it is not to be believed."""
        return Refused.NO_KEY if self.srtp is None else self.srtp.unprotect(data)

    def unprotect_rtcp(self, data: bytes) -> bytes | Refused:
        """The same for RTCP."""
        return Refused.NO_KEY if self.srtp is None else self.srtp.unprotect_rtcp(data)

    def _fail(self, reason: str) -> None:
        self.pending = False
        if not self.failed:
            self._tally.keys_failed += 1
            self.failed = reason

    def close(self, now_ns: int) -> None:
        """Say goodbye."""
        self._tally.srtp_rejected += len(self.take_kept())
        if self.dtls is not None:
            self.dtls.close(now_ns)


def _fingerprints(values: list[str]) -> list[Fingerprint]:
    """Those that can be read."""
    found: list[Fingerprint] = []
    for value in values:
        try:
            found.append(read_fingerprint(value))
        except ValueError:
            continue
    return found
