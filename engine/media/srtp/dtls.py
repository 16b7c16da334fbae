# SPDX-License-Identifier: AGPL-3.0-or-later
"""DTLS-SRTP (RFC 5763, RFC 5764) without sockets: `Dtls`, one handshake over memory BIOs of OpenSSL.

    dtls = Dtls(identity, client=True, fingerprints=[…], now_ns=now)
    dtls.feed(datagram, now)      what came on the media port and is DTLS
    dtls.take()                   datagrams to send, after each of these
    dtls.due_ns, dtls.timeout(now)

When `done`, `outgoing` and `incoming` are the keys for `Srtp`. When `failed` is not None, it says why in one line. A side of a
handshake takes 0.35 ms in three steps, of which none takes longer than 0.25: `handshakes` does so many a turn and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from engine.media.srtp.fingerprints import Fingerprint, matches
from engine.media.srtp.identity import Identity, suite_of
from engine.media.srtp.suites import Keys, Suite

_EXPORTER: Final = b"EXTRACTOR-dtls_srtp"
_MTU_BYTES: Final = 1200
_MOST_DATAGRAM_BYTES: Final = 16384
_MOST_LATER_BYTES: Final = 2048
"""Of a datagram that comes after the handshake: all records of it are read, and it may have many."""
_RECORD_HEADER_BYTES: Final = 13
_NS: Final = 1_000_000_000
PATIENCE_NS: Final = 30 * _NS
"""How long a handshake may take."""


class Dtls:
    """One side of one handshake, and what the connection says later (RFC 5764 has no other use for it).

    `fingerprints`: those of the peer's SDP. Without any the handshake goes on, and is not done before `expect` has brought
    them (RFC 5763 section 6.6). Nothing that comes makes it raise. `closed`: the peer, or we, said goodbye; the keys stay good.
    """

    __slots__ = (
        "_connection",
        "_fingerprints",
        "_give_up_ns",
        "_handshake_over",
        "_is_client",
        "_mtu_bytes",
        "_outbox",
        "closed",
        "done",
        "due_ns",
        "failed",
        "incoming",
        "outgoing",
    )

    def __init__(
        self,
        identity: Identity,
        *,
        client: bool,
        now_ns: int,
        fingerprints: Sequence[Fingerprint] = (),
        mtu_bytes: int = _MTU_BYTES,
        patience_ns: int = PATIENCE_NS,
    ) -> None:
        self._connection = identity.connection()
        self._connection.set_ciphertext_mtu(mtu_bytes)
        self._mtu_bytes = mtu_bytes
        self._fingerprints = tuple(fingerprints)
        self._is_client = client
        self._handshake_over = False
        self._outbox: list[bytes] = []
        self._give_up_ns = now_ns + patience_ns
        self.outgoing: Keys | None = None
        self.incoming: Keys | None = None
        self.done = False
        self.closed = False
        self.failed: str | None = None
        self.due_ns: int | None = self._give_up_ns
        if client:
            self._connection.set_connect_state()
            self._advance(now_ns)
        else:
            self._connection.set_accept_state()

    def feed(self, datagram: bytes, now_ns: int) -> None:
        """A datagram that came."""
        most_bytes = _MOST_LATER_BYTES if self._handshake_over else _MOST_DATAGRAM_BYTES
        if self.failed is not None or self.closed or not datagram or len(datagram) > most_bytes:
            return
        self._connection.bio_write(datagram)
        self._advance(now_ns)

    def timeout(self, now_ns: int) -> None:
        """`due_ns` is over: what was not answered is sent again (RFC 6347 section 4.2.4)."""
        if self.due_ns is None or now_ns < self.due_ns:
            return
        if now_ns >= self._give_up_ns:
            self._fail("the peer did not complete the handshake of DTLS in time")
            return
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            self._fail(f"the handshake of DTLS has failed: {_reason(error)}")
        self._collect(now_ns)

    def expect(self, fingerprints: Sequence[Fingerprint]) -> None:
        """The peer's SDP has come after the handshake began."""
        self._fingerprints = tuple(fingerprints)
        if self._handshake_over and not self.done:
            self._verify()

    def take(self) -> list[bytes]:
        """Datagrams to send now, oldest first; each is given once."""
        taken, self._outbox = self._outbox, []
        return taken

    def close(self, now_ns: int) -> None:
        """Say goodbye (close_notify), when there was a handshake. Keys stay as they are."""
        if not self.closed and self.failed is None:
            self._say_goodbye()
        self.closed = True
        self._collect(now_ns)

    def _advance(self, now_ns: int) -> None:
        try:
            if not self._handshake_over:
                self._connection.do_handshake()
                self._handshake_over = True
                self._verify()
            else:
                self._read()
        except SSL.WantReadError:
            pass  # all that has come is read: it goes on with what the peer sends next
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error as error:
            self._broken(error)
        self._collect(now_ns)

    def _read(self) -> None:
        """What comes after the handshake: repeated flights, alerts and data that nobody asked for. What is not read is kept."""
        for _ in range(_MOST_LATER_BYTES // _RECORD_HEADER_BYTES):
            self._connection.recv(_MOST_DATAGRAM_BYTES)

    def _broken(self, error: SSL.Error) -> None:
        if self._handshake_over:
            self.closed = True  # an alert after the handshake ends DTLS, and the keys stay good
        else:
            self._fail(f"the handshake of DTLS has failed: {_reason(error)}")

    def _verify(self) -> None:
        """The handshake is over: whose certificate it was, and the keys."""
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        suite = suite_of(self._connection.get_selected_srtp_profile())
        if certificate is None or suite is None:
            self._fail("the peer agreed on no profile of SRTP (use_srtp)" if certificate else "the peer showed no certificate")
            return
        if not self._fingerprints:
            return
        if not matches(certificate.public_bytes(Encoding.DER), self._fingerprints):
            self._fail("the peer's certificate is not the one of its a=fingerprint")
            return
        self._export(suite)
        self.done = True
        self.due_ns = None

    def _export(self, suite: Suite) -> None:
        """The keys of both directions (RFC 5764 section 4.2)."""
        key, salt = suite.key_bytes, suite.salt_bytes
        secret = self._connection.export_keying_material(_EXPORTER, 2 * (key + salt))
        client = Keys(suite, secret[:key] + secret[2 * key : 2 * key + salt])
        server = Keys(suite, secret[key : 2 * key] + secret[2 * key + salt :])
        self.outgoing, self.incoming = (client, server) if self._is_client else (server, client)

    def _collect(self, now_ns: int) -> None:
        """What OpenSSL wants sent, in datagrams, and when it wants to be called again."""
        records = b""
        with suppress(SSL.Error):  # which says that there is nothing left
            while True:
                records += self._connection.bio_read(_MOST_DATAGRAM_BYTES)
        self._outbox += _datagrams(records, self._mtu_bytes)
        if self.done or self.closed or self.failed is not None:
            self.due_ns = None
            return
        wait_s = None if self._handshake_over else self._connection.DTLSv1_get_timeout()
        self.due_ns = self._give_up_ns if wait_s is None else min(self._give_up_ns, now_ns + round(wait_s * _NS))

    def _fail(self, reason: str) -> None:
        self.failed = reason
        self.due_ns = None
        self._say_goodbye()

    def _say_goodbye(self) -> None:
        """close_notify, which OpenSSL does not send within a handshake."""
        if self._handshake_over:
            with suppress(SSL.Error):
                self._connection.shutdown()


def _datagrams(records: bytes, most_bytes: int) -> list[bytes]:
    """Records in as few datagrams as they fit in; a memory BIO does not keep them apart."""
    datagrams: list[bytes] = []
    start = at = 0
    while at < len(records):
        end = at + _RECORD_HEADER_BYTES + int.from_bytes(records[at + 11 : at + 13], "big")
        if end - start > most_bytes and at > start:
            datagrams.append(records[start:at])
            start = at
        at = end
    if start < len(records):
        datagrams.append(records[start:])
    return datagrams


def _reason(error: SSL.Error) -> str:
    """What OpenSSL says, in its words (`sslv3 alert bad certificate`)."""
    told = error.args[0] if error.args else ()
    texts = [str(one[-1]) for one in told if isinstance(one, tuple) and one] if isinstance(told, list) else []
    return "; ".join(text for text in texts if text)[:200] or "the connection is broken"
