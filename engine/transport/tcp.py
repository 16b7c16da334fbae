# SPDX-License-Identifier: AGPL-3.0-or-later
"""TCP with one connection (`t1`): outgoing calls share one that is made before the first; a server accepts any number.

A call that is sent elsewhere (`redirect`) has a connection to there, which calls with the same destination share and which is
closed when the last of them is over.

A message that the kernel does not take at once is kept and sent when the socket can be written to. A connection whose
peer does not read for so long that `MOST_UNSENT` bytes wait takes no more messages.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import cast

import trio

from engine.errors import BindError, GossipperError, TransportError
from engine.messages import Failure
from engine.sip.stream import StreamError, StreamFramer
from engine.transport.base import Transport, Wire, settled
from engine.transport.listener import Listener
from engine.transport.sockets import bind, bind_port, reason_of

CONNECT_TIMEOUT_S = 10
MOST_UNSENT = 16_777_216
MOST_READ = 16
READ_SIZE = 65_536
BACKLOG = 1024


class TcpOneConnection(Transport):
    """`t1`: a peer is a connection."""

    protocol = "TCP"
    reliable = True

    async def open(self) -> None:
        """Listen, and with a remote address connect to it. Raises BindError, TransportError."""
        self._connections: set[Connection] = set()
        self._outgoing: Connection | None = None
        self._elsewhere: dict[tuple[str, int], Connection] = {}
        self._listener: Listener | None = None
        if self.addresses.remote_ip:
            await self._connect()
        else:
            self._listen()

    def _listen(self) -> None:
        listener = bind(self.addresses, socket.SOCK_STREAM, self.config.buffer_size)
        self.local_port = listener.getsockname()[1]
        try:
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            raise BindError(f"cannot listen on port {self.local_port}: {reason_of(error)}; choose another with -p") from None
        self._listener = Listener(listener, self.poller, self._add, self.receiver.warned)

    async def tend(self) -> None:
        """The listener's rests, when there is one."""
        if self._listener is not None:
            await self._listener.tend()
        await super().tend()

    async def _connect(self) -> None:
        """Connect from a port of its own choice unless one was given: SIPp says the port that it connects from."""
        sock = bind_port(self.addresses, socket.SOCK_STREAM, self.addresses.local_port or 0, self.config.buffer_size)
        where = f"{self.addresses.remote_ip} port {self.addresses.remote_port}"
        try:
            with trio.fail_after(CONNECT_TIMEOUT_S):
                await trio.socket.from_stdlib_socket(sock).connect(self.addresses.remote)
        except trio.TooSlowError:
            sock.close()
            raise TransportError(f"no TCP connection to {where} within {CONNECT_TIMEOUT_S} s") from None
        except OSError as error:
            sock.close()
            raise TransportError(f"no TCP connection to {where}: {reason_of(error)}; is a server listening there?") from None
        self.local_port = sock.getsockname()[1]
        self._outgoing = self._add(sock)

    def _add(self, sock: socket.socket) -> Connection:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock)
        self._connections.add(connection)
        return connection

    def ended(self, connection: Connection, reason: str) -> None:
        """A connection has ended by itself: its calls lose it; without the outgoing one no call can be made."""
        self._forget(connection)
        self.receiver.disconnected(connection, Failure.TCP_CONNECT if connection.is_connecting else Failure.TCP_CLOSED, reason)
        if connection is self._outgoing:
            self._outgoing = None
            where = f"{self.addresses.remote_ip} port {self.addresses.remote_port}"
            self.receiver.broken(f"the TCP connection to {where} ended: {reason}")

    def attach(self, wire: Wire) -> bool:
        """Every outgoing call's peer is the one connection."""
        wire.peer = self._outgoing
        wire.local_port = self.local_port
        return self._outgoing is not None

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send on the call's connection."""
        peer = wire.peer
        return peer.send(data) if isinstance(peer, Connection) else self._send_anew(wire, data)

    def _send_anew(self, wire: Wire, data: bytes) -> bool:
        """Send for a call without a connection: its destination is being looked up, or its connection was closed (`renew`)."""
        if isinstance(wire.peer, tuple) and self.redirect(wire, cast("tuple[str, int]", wire.peer)):
            return False
        return wire.peer.send(data) if isinstance(wire.peer, Connection) else self.keep(wire, data)

    def redirect(self, wire: Wire, address: tuple[str, int]) -> str:
        """Another peer is a connection to there; it is used before it stands."""
        self._leave(settled(wire.peer))
        wire.peer = self._outgoing if address == self.addresses.remote else None
        if wire.peer is not None:
            return ""
        connection = self._elsewhere.get(address)
        if connection is None:
            try:
                connection = self._elsewhere[address] = self._begin(address)
            except (GossipperError, OSError) as error:
                return reason_of(error) if isinstance(error, OSError) else str(error)
        connection.users += 1
        wire.peer = connection
        return ""

    def _begin(self, address: tuple[str, int]) -> Connection:
        """Begin to connect, and wait for nothing. Raises OSError, BindError, TransportError."""
        sock = bind_port(self.addresses, socket.SOCK_STREAM, 0, self.config.buffer_size)
        error = sock.connect_ex(address)
        if error not in (0, errno.EINPROGRESS):
            sock.close()
            raise OSError(error, os.strerror(error))
        connection = self._add(sock)
        connection.address = address
        connection.connect()
        return connection

    def renewed(self, wire: Wire) -> str:
        """Close the call's connection; a call that made it connects again when it sends."""
        peer = wire.peer
        if not isinstance(peer, Connection) or peer is self._outgoing or peer.users > 1:
            return "other calls share the connection"
        if peer.address is not None:
            self._leave(peer)
            wire.peer = peer.address
            return ""
        wire.peer = None
        peer.close()
        self._forget(peer)
        self.receiver.disconnected(peer, Failure.TCP_CLOSED, "closed by closecon")
        return ""

    def detach(self, wire: Wire) -> None:
        """The call needs no connection any more."""
        self._leave(settled(wire.peer))
        wire.peer = None

    def _leave(self, peer: object) -> None:
        """A call has done with its peer: a connection elsewhere is closed after the last."""
        if isinstance(peer, Connection) and peer.address is not None:
            peer.users -= 1
            if peer.users <= 0:
                self._elsewhere.pop(peer.address, None)
                peer.close_when_sent()

    def done(self, connection: Connection) -> None:
        """A connection has nothing left to do."""
        connection.close()
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection.address is not None and self._elsewhere.get(connection.address) is connection:
            del self._elsewhere[connection.address]

    def drops(self) -> int:
        """A stream loses nothing."""
        return 0

    def without_socket(self) -> int:
        """Connections that had to wait."""
        return self._listener.kept_out if self._listener is not None else 0

    def close(self) -> None:
        """Close the listener and every connection."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._listener is not None:
            self._listener.close()


class Connection:
    """One TCP connection: framing on the way in, what is not sent yet on the way out.

    `address` is where one leads that calls made for themselves, `users` how many of them have it now.
    """

    __slots__ = ("_framer", "_is_last", "_owner", "_socket", "_unsent", "address", "is_connecting", "is_open", "users")

    def __init__(self, owner: TcpOneConnection, sock: socket.socket) -> None:
        self._owner = owner
        self._socket = sock
        self._framer = StreamFramer()
        self._unsent = bytearray()
        self._is_last = False
        self.address: tuple[str, int] | None = None
        self.users = 0
        self.is_connecting = False
        self.is_open = True
        owner.poller.add(sock.fileno(), self._drain)

    def _drain(self) -> None:
        for _ in range(MOST_READ):
            try:
                data = self._socket.recv(READ_SIZE)
                messages = self._framer.feed(data)
            except BlockingIOError:
                return
            except OSError as error:
                self._end(reason_of(error))
                return
            except StreamError as broken:
                self._end(f"what arrives is no SIP: {broken}")
                return
            if not data:
                self._end("closed by the peer")
                return
            arrived_ns = time.monotonic_ns()
            for message in messages:
                self._owner.receiver.received(message, self, arrived_ns, time.monotonic_ns())
            if not self.is_open or len(data) < READ_SIZE:
                return

    def send(self, data: bytes) -> bool:
        """Send, or keep what the kernel does not take; False when the connection has ended or too much waits."""
        if not self.is_open or len(self._unsent) > MOST_UNSENT:
            return False
        if self._unsent or self.is_connecting:
            self._unsent += data
            return True
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False  # the end of the connection is found out, with its reason, when it is read
        if sent < len(data):
            self._unsent += data[sent:]
            self._owner.poller.when_writable(self._socket.fileno(), self._flush)
        return True

    def connect(self) -> None:
        """Wait until the connection stands; what is sent until then is kept."""
        self.is_connecting = True
        self._owner.poller.when_writable(self._socket.fileno(), self._connected)

    def _connected(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._end(os.strerror(error))
            return
        self.is_connecting = False
        self._owner.poller.when_writable(self._socket.fileno(), self._flush)

    def close_when_sent(self) -> None:
        """Close, but not before what is kept has been sent."""
        self._is_last = True
        if not self._unsent and self.is_open:
            self._owner.done(self)

    def _flush(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self._end(reason_of(error))
            return
        if not self._unsent:
            self._owner.poller.when_writable(self._socket.fileno(), None)
            if self._is_last:
                self._owner.done(self)

    def _end(self, reason: str) -> None:
        if self.is_open:
            self.close()
            self._owner.ended(self, reason)

    def close(self) -> None:
        """Close the socket."""
        self.is_open = False
        self._owner.poller.remove(self._socket.fileno())
        self._socket.close()
