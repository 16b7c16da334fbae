# SPDX-License-Identifier: AGPL-3.0-or-later
"""TCP with one connection (`t1`): outgoing calls share one that is made before the first; a server accepts any number.

A message that the kernel does not take at once is kept and sent when the socket can be written to. A connection whose
peer does not read for so long that `MOST_UNSENT` bytes wait takes no more messages.
"""

from __future__ import annotations

import socket
import time

import trio

from engine.errors import BindError, TransportError
from engine.messages import Failure
from engine.sip.stream import StreamError, StreamFramer
from engine.transport.base import Transport, Wire
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
        self._listener: Listener | None = None
        if self.addresses.remote_ip:
            await self._connect()
        else:
            self._listen()

    def _listen(self) -> None:
        listener = bind(self.addresses, socket.SOCK_STREAM, self.buffer_size)
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
        sock = bind_port(self.addresses, socket.SOCK_STREAM, self.addresses.local_port or 0, self.buffer_size)
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
        self._connections.discard(connection)
        self.receiver.disconnected(connection, Failure.TCP_CLOSED, reason)
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
        return isinstance(wire.peer, Connection) and wire.peer.send(data)

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
    """One TCP connection: framing on the way in, what is not sent yet on the way out."""

    __slots__ = ("_framer", "_owner", "_socket", "_unsent", "is_open")

    def __init__(self, owner: TcpOneConnection, sock: socket.socket) -> None:
        self._owner = owner
        self._socket = sock
        self._framer = StreamFramer()
        self._unsent = bytearray()
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
        if self._unsent:
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

    def _end(self, reason: str) -> None:
        if self.is_open:
            self.close()
            self._owner.ended(self, reason)

    def close(self) -> None:
        """Close the socket."""
        self.is_open = False
        self._owner.poller.remove(self._socket.fileno())
        self._socket.close()
