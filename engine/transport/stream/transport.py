# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all transports over streams share: listening, connecting, giving up, and calls that are sent elsewhere.

A peer is a `Connection`. A server accepts any number and answers each call where it spoke last. Which connection an outgoing
call has is for the classes that derive from this one.
"""

from __future__ import annotations

import errno
import os
import socket
from abc import abstractmethod
from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Final, cast

import trio

from engine.errors import BindError, GossipperError
from engine.messages import Failure
from engine.messages.following import Place
from engine.options import RunConfig
from engine.transport.addresses import Addresses, legible, zoned
from engine.transport.base import Receiver, Transport, Wire, settled
from engine.transport.datagrams import Address
from engine.transport.listener import Listener
from engine.transport.poller import Poller
from engine.transport.sockets import bind, bind_port, reason_of, shortage_of
from engine.transport.stream.connection import Connection
from engine.transport.stream.layer import Layer

NS_PER_MS: Final = 1_000_000
HANDSHAKE_LIMIT_S: Final = 10
"""How long a connection may take until messages flow, and until the last of them has gone out when it is to be closed."""
TICK_S: Final = 0.1
"""How often what goes by the clock is looked at, while there is any."""
BACKLOG: Final = 4096
_SHORTAGES: Final = {
    errno.EADDRNOTAVAIL: "every local port is taken, or rests after its last connection; more addresses (-ip_list) have more",
    errno.ENOBUFS: "the kernel has no memory left for it",
    errno.ENOMEM: "the kernel has no memory left for it",
    errno.ENOSPC: "the kernel watches no more sockets (sysctl fs.epoll.max_user_watches)",
}
"""What this machine is short of when a connection cannot even be begun."""

MakeLayer = Callable[[str], Layer]
"""Makes a layer for one connection to this host ("" where a server accepted it)."""
Recipe = Callable[[RunConfig, Addresses, bool], MakeLayer]
"""Prepares a layer once for a run, for a server or a client; it may read files. Raises GossipperError."""


class StreamTransport(Transport):
    """A transport whose peers are connections, with these layers on each, the lowest first."""

    reliable = True
    follows = True

    def __init__(
        self,
        addresses: Addresses,
        poller: Poller,
        receiver: Receiver,
        config: RunConfig,
        *,
        protocol: str,
        recipes: Sequence[Recipe],
    ) -> None:
        super().__init__(addresses, poller, receiver, config)
        self.protocol = protocol
        self.most_unsent = 16_777_216
        self.send_timeout_ns = (config.send_timeout_ms or 0) * NS_PER_MS
        self._recipes = recipes
        self._serving: list[MakeLayer] = []
        self._calling: list[MakeLayer] = []
        self._listener: Listener | None = None
        self._connections: dict[Connection, None] = {}
        self._unready: dict[Connection, int] = {}
        self._blocked: dict[Connection, None] = {}
        self._without = 0
        self._refused: tuple[Failure, str] | None = None
        self._stirred = trio.Event()

    # --- opening -------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Prepare the layers, and listen or connect. Raises BindError, TransportError."""
        await trio.to_thread.run_sync(self._prepare)
        if self.addresses.connects:
            await self._open_client()
        else:
            self._listen()

    def _prepare(self) -> None:
        self._calling = [recipe(self.config, self.addresses, False) for recipe in self._recipes]
        if not self.addresses.connects:
            self._serving = [recipe(self.config, self.addresses, True) for recipe in self._recipes]

    @abstractmethod
    async def _open_client(self) -> None:
        """What there is to do before the first outgoing call. Raises BindError, TransportError."""

    def _listen(self) -> None:
        listener = bind(self.addresses, socket.SOCK_STREAM, self.config.buffer_size)
        self.shortage = shortage_of(listener, self.config.buffer_size)
        try:
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            taken = (self.addresses.local_port or 0) if error.errno == errno.EADDRINUSE else 0
            raise BindError(f"cannot listen: {reason_of(error)}; choose another port with -p", taken) from None
        self.local_port = listener.getsockname()[1]
        self._listener = Listener(listener, self.poller, self._accept, self.receiver.warned)

    def _accept(self, sock: socket.socket) -> None:
        """Take a connection. Raises OSError when it cannot be watched."""
        try:
            peer_name = str(sock.getpeername()[0])
        except OSError:
            sock.close()  # it has gone while it waited
            return
        connection = self._made(sock, [make("") for make in self._serving], None, peer_name)
        connection.begin()

    def connect(self, address: Address, host: str, source_ip: str = "", source_port: int = 0) -> Connection:
        """Begin to connect, and wait for nothing. Raises OSError, BindError, TransportError."""
        sock = self._connecting_socket(address, source_port, source_ip)
        try:
            connection = self._made(sock, [make(host) for make in self._calling], address, address[0])
        except OSError:
            sock.close()
            raise
        connection.connect()
        return connection

    def _take(self, connection: Connection, sock: socket.socket) -> None:
        """Connect a connection that has waited for its next socket."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.take_socket(sock)
        self._connections[connection] = None
        self._give_up_later(connection)
        connection.connect()

    def _connecting_socket(self, address: Address, source_port: int, source_ip: str = "") -> socket.socket:
        size = self._call_buffer()
        sock = bind_port(self.addresses.of(source_ip), socket.SOCK_STREAM, source_port, size)
        if size and not self.shortage:
            self.shortage = shortage_of(sock, size)
        error = sock.connect_ex(address)
        if error not in (0, errno.EINPROGRESS):
            sock.close()
            raise OSError(error, os.strerror(error))
        return sock

    def _call_buffer(self) -> int:
        """What is asked of the kernel for a connection that we make."""
        return self.config.buffer_size

    def _made(self, sock: socket.socket, layers: list[Layer], address: Address | None, name: str) -> Connection:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock, layers, address, name)
        self._connections[connection] = None
        self._give_up_later(connection)
        return connection

    # --- what goes by the clock ----------------------------------------------------------------------------------------

    async def tend(self) -> None:
        """The listener's rests, connections that do not come about, messages that wait for too long."""
        async with trio.open_nursery() as nursery:
            if self._listener is not None:
                nursery.start_soon(self._listener.tend)
            while True:
                await self._stirred.wait()
                await trio.sleep(TICK_S)
                if not self._look(monotonic_ns()):
                    self._stirred = trio.Event()

    def _look(self, now_ns: int) -> bool:
        """Do what is due by the clock; whether there is more to come."""
        while self._unready:
            connection = next(iter(self._unready))  # each has as long: the first was there first
            if self._unready[connection] > now_ns:
                break
            del self._unready[connection]
            connection.give_up(f"no answer within {HANDSHAKE_LIMIT_S} s")
        for connection in list(self._blocked):
            for wire in connection.expired(now_ns):
                waited = f"the peer has taken nothing for {self.send_timeout_ns / 1e9:g} s"
                self.receiver.disconnected(wire, Failure.OUTBOUND_CONGESTION, waited)
            if not connection.is_blocked:
                self._blocked.pop(connection, None)
        return bool(self._unready or self._blocked)

    def _give_up_later(self, connection: Connection) -> None:
        self._unready.pop(connection, None)
        self._unready[connection] = monotonic_ns() + HANDSHAKE_LIMIT_S * 1_000_000_000
        self._stirred.set()

    # --- what a connection tells ---------------------------------------------------------------------------------------

    def ready(self, connection: Connection) -> None:
        """Messages flow."""
        self._unready.pop(connection, None)
        if self.secured is None:
            self.secured = connection.agreed()

    def blocked(self, connection: Connection) -> None:
        """Messages wait that may not wait for ever."""
        self._blocked[connection] = None
        self._stirred.set()

    def done(self, connection: Connection) -> None:
        """A connection has nothing left to do."""
        connection.close()
        self._forget(connection)

    def ended(self, connection: Connection, failure: Failure, reason: str) -> None:
        """A connection has ended by itself: its calls have lost it."""
        self._forget(connection)
        self._lose_calls(connection, failure, reason)

    def _lose_calls(self, connection: Connection, failure: Failure, reason: str) -> None:
        if failure is Failure.TCP_CONNECT and connection.address is not None:
            text = f"no {self.protocol} connection to {place_of(connection.address)}: {reason}"
        else:
            text = f"the connection ended: {reason}"
        for wire in list(connection.calls):
            self.receiver.disconnected(wire, failure, text)

    def _forget(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._unready.pop(connection, None)
        self._blocked.pop(connection, None)

    # --- calls ---------------------------------------------------------------------------------------------------------

    def _join(self, wire: Wire, connection: Connection) -> None:
        """Give a call its connection."""
        wire.peer = connection
        wire.local_port = connection.local_port
        connection.calls[wire] = None

    def _leave(self, wire: Wire) -> None:
        """A call has done with its connection: one that was made for calls is closed after the last of them."""
        peer = settled(wire.peer)
        if isinstance(peer, Connection):
            peer.calls.pop(wire, None)
            if not peer.calls and self._is_spare(peer):
                self._close_later(peer)

    def _is_spare(self, connection: Connection) -> bool:
        """Whether a connection without calls is to be closed."""
        return connection.address is not None

    def _close_later(self, connection: Connection) -> None:
        self._give_up_later(connection)
        connection.close_when_sent()

    def adopt(self, wire: Wire, source: object) -> None:
        """An incoming call answers on the connection that it came by."""
        wire.peer = source
        wire.local_port = self.local_port
        if isinstance(source, Connection):
            source.calls[wire] = None

    def follow(self, wire: Wire, source: object) -> None:
        """A call that came by a connection has come by another (RFC 3261 section 18.2.2); one that was sent elsewhere stays."""
        peer = wire.peer
        if (peer is None or (isinstance(peer, Connection) and peer.address is None)) and isinstance(source, Connection):
            self._leave(wire)
            self.adopt(wire, source)

    def ends(self, wire: Wire | None, peer: object) -> tuple[Place, Place]:
        """See `Transport`."""
        return peer.ends() if isinstance(peer, Connection) else super().ends(wire, peer)

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send on the call's connection."""
        peer = wire.peer
        return peer.send(wire, data) if isinstance(peer, Connection) else self._send_anew(wire, data)

    def _send_anew(self, wire: Wire, data: bytes) -> bool:
        """Send for a call without a connection: its destination is being looked up, or its connection was closed (`renew`)."""
        if isinstance(wire.peer, tuple):
            reason = self.redirect(wire, cast("Address", wire.peer))
            if reason:
                self._refused = Failure.TCP_CONNECT, reason
                return False
        peer = wire.peer
        return peer.send(wire, data) if isinstance(peer, Connection) else self.keep(wire, data)

    def refusal(self, wire: Wire) -> tuple[Failure, str]:
        """Why `attach` or `send` has just said False."""
        refused, self._refused = self._refused, None
        if refused is not None:
            return refused
        peer = wire.peer
        if isinstance(peer, Connection) and peer.is_open:
            return Failure.OUTBOUND_CONGESTION, f"the peer takes nothing any more, and {self.most_unsent} bytes wait"
        return Failure.TCP_CLOSED, "its connection has ended"

    def _try_to_connect(self, address: Address, host: str, source_ip: str) -> Connection | None:
        """The same as `connect`, but that it gives None, and `refusal` says why."""
        try:
            return self.connect(address, host, source_ip)
        except GossipperError as error:
            self._refused = Failure.CANNOT_SEND, str(error)
            self._without += 1
        except OSError as error:
            shortage = _SHORTAGES.get(error.errno or 0, "")
            self._without += bool(shortage)
            failure = Failure.CANNOT_SEND if shortage else Failure.TCP_CONNECT
            self._refused = failure, f"no {self.protocol} connection to {place_of(address)}: {shortage or reason_of(error)}"
        return None

    def renewed(self, wire: Wire) -> str:
        """Close the call's connection. A call that made it connects again when it sends; another waits for its peer to."""
        peer = wire.peer
        if not isinstance(peer, Connection) or len(peer.calls) > 1 or (peer.address is not None and not self._is_spare(peer)):
            return "other calls share the connection"
        self._leave(wire)
        wire.peer = peer.address
        if peer.address is None:
            self._close_later(peer)
        return ""

    def detach(self, wire: Wire) -> None:
        """The call needs no connection any more."""
        self._leave(wire)
        wire.peer = None

    # --- totals and the end --------------------------------------------------------------------------------------------

    def drops(self) -> int:
        """A stream loses nothing."""
        return 0

    def without_socket(self) -> int:
        """Calls that got no socket, and connections that had to wait for one."""
        return self._without + (self._listener.kept_out if self._listener is not None else 0)

    def close(self) -> None:
        """Close the listener and every connection."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._listener is not None:
            self._listener.close()


def place_of(address: Address) -> str:
    return f"{legible(zoned(address))} port {address[1]}"
