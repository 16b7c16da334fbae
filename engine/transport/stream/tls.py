# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS (RFC 8446, RFC 5246) as a layer of a stream: the standard library's `SSLObject` between two buffers, without I/O.

A peer that speaks no TLS is known by its first byte. Of one that does, OpenSSL bounds what it keeps: a record of 16 KiB, a
handshake message of some 100 KiB. That it goes on for ever without saying anything is our own limit (`MOST_FRUITLESS`).
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Final

from engine.messages import Failure
from engine.transport.stream.layer import Layer, StreamBroken
from engine.transport.stream.tls_reasons import broken, no_tls

MOST_FRUITLESS: Final = 262_144
"""Bytes in a row that bring nothing for above: a handshake with its certificates is a few thousand."""
LARGEST_RECORD: Final = 16_384
"""Bytes of plain text (RFC 8446 section 5.1)."""
FIRST_BYTES: Final = b"\x15\x16"
"""What a peer may begin with: an alert or a handshake (RFC 8446 section 5.1)."""


class Tls(Layer):
    """One connection's TLS: handshake by `begin`, `receive` and `own`; then plain bytes above, records below.

    `host` is the name or the address that was asked for: a name is told to the server (SNI), and when the context checks
    host names the certificate has to be for it. It is "" for a server.
    """

    __slots__ = ("_fruitless", "_has_heard", "_has_read", "_host", "_incoming", "_is_over", "_outgoing", "_session")

    def __init__(self, context: ssl.SSLContext, is_server: bool, host: str) -> None:
        super().__init__()
        self.is_ready = False
        self._host = host.strip("[]").partition("%")[0]
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = self._wrap(context, is_server)
        self._fruitless = 0
        self._has_heard = False
        self._has_read = False
        self._is_over = False

    def _wrap(self, context: ssl.SSLContext, is_server: bool) -> ssl.SSLObject:
        if is_server:
            return context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            return context.wrap_bio(self._incoming, self._outgoing, server_hostname=self._host or None)
        except ValueError:  # no name that TLS could tell: no certificate is for it, and one that is not checked need not be
            name = "invalid" if context.check_hostname else None
            return context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    def begin(self) -> None:
        """A client says hello; a server waits for that."""
        with contextlib.suppress(ssl.SSLWantReadError, StreamBroken):
            self._shake_hands()

    def receive(self, data: bytes) -> list[bytes]:
        """Plain bytes from records. Nothing counts that comes after the peer's close_notify (RFC 8446 section 6.1)."""
        if self._is_over:
            return []
        if not self._has_heard and data:
            if data[0] not in FIRST_BYTES:
                raise no_tls(data)
            self._has_heard = True
        self._incoming.write(data)
        self._fruitless += len(data)
        try:
            if not self.is_ready:
                self._shake_hands()
            return self._read()
        except ssl.SSLWantReadError:
            pass
        if self._fruitless > MOST_FRUITLESS:
            raise StreamBroken("the peer goes on with TLS handshakes and says nothing", self._failure(), garbage=True)
        return []

    def _shake_hands(self) -> None:
        """A step of the handshake. Raises SSLWantReadError, or StreamBroken."""
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLZeroReturnError:
            raise StreamBroken("the peer closed the connection during the TLS handshake", Failure.TCP_CONNECT) from None
        except ssl.SSLError as error:
            raise broken(error, self._host, self._failure()) from None
        self.is_ready = True

    def _read(self) -> list[bytes]:
        """All that is whole. Raises SSLWantReadError when nothing is, or StreamBroken."""
        pieces: list[bytes] = []
        while self._incoming.pending:
            try:
                piece = self._read_record()
            except StreamBroken as error:
                self.broken = error
                break
            if not piece:
                break
            pieces.append(piece)
        if not pieces and self.broken is None:
            raise ssl.SSLWantReadError
        self._fruitless = 0
        self._has_read = True
        return pieces

    def _read_record(self) -> bytes:
        """One record's plain text; nothing when none is whole, or after the last."""
        try:
            piece = self._session.read(LARGEST_RECORD)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError:
            piece = b""
        except ssl.SSLError as error:
            raise broken(error, self._host, self._failure()) from None
        if not piece:
            self._over()
        return piece

    def _over(self) -> None:
        """The peer has said goodbye: what it leaves open brings no answers any more (RFC 8446 section 6.1)."""
        self._is_over = True
        self.broken = StreamBroken("closed by the peer", Failure.TCP_CLOSED)
        self.end()

    def _failure(self) -> Failure:
        """What calls fail with: in TLS 1.3 a client has shaken hands before it learns that its certificate is refused."""
        return Failure.TCP_CLOSED if self._has_read else Failure.TCP_CONNECT

    def send(self, data: bytes) -> bytes:
        """The records that hold `data`; none once the session has broken, as `receive` tells."""
        with contextlib.suppress(ssl.SSLError):
            self._session.write(data)
        return self._outgoing.read()

    def agreed(self) -> tuple[str, str] | None:
        """The version and the cipher, once there are any."""
        version, cipher = self._session.version(), self._session.cipher()
        return (version, cipher[0]) if self.is_ready and version and cipher else None

    def own(self) -> bytes:
        """What the handshake, an alert or a goodbye has to say."""
        return self._outgoing.read()

    def ended(self) -> None:
        """Raises StreamBroken unless the peer has said goodbye: somebody else may have cut the connection."""
        if self._is_over:
            return
        if self.is_ready:
            raise StreamBroken("the peer closed the connection without ending TLS (no close_notify)", Failure.TCP_CLOSED)
        what = "during the TLS handshake" if self._has_heard else "instead of a TLS handshake; it may speak none"
        raise StreamBroken(f"the peer closed the connection {what}", Failure.TCP_CONNECT)

    def end(self) -> None:
        """Say close_notify, without waiting for the peer's."""
        if self.is_ready:
            with contextlib.suppress(ssl.SSLError):
                self._session.unwrap()
