# SPDX-License-Identifier: AGPL-3.0-or-later
"""One connection: a socket, the layers on it, the calls that use it, and what the kernel has not taken yet.

A connection is no task: the poller calls it when its socket can be read or written. A message that the kernel does not take at
once, or that comes before the layers have agreed, is kept. Each turn takes one piece of what waits, so that a flood on one
connection starves no other.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Sequence
from time import monotonic_ns
from typing import Final, Protocol

from engine.messages import Failure
from engine.messages.following import Place
from engine.transport.base import Receiver, Wire, as_place
from engine.transport.datagrams import Address
from engine.transport.poller import Poller
from engine.transport.sockets import reason_of
from engine.transport.stream.layer import Layer, StreamBroken
from engine.transport.stream.stack import Stack

READ_SIZE: Final = 16_384
"""What one turn takes: some thirty messages, and at the worst a thousand of the shortest that there are."""


class Owner(Protocol):
    """Whom a connection tells what becomes of it."""

    poller: Poller
    receiver: Receiver
    most_unsent: int
    """Bytes that may wait at one connection."""
    send_timeout_ns: int
    """How long a message may wait; 0 for ever."""

    def ready(self, connection: Connection) -> None:
        """Its layers have agreed: messages flow."""

    def ended(self, connection: Connection, failure: Failure, reason: str) -> None:
        """It has ended by itself and is closed."""

    def done(self, connection: Connection) -> None:
        """It has sent the last that it had to send."""

    def blocked(self, connection: Connection) -> None:
        """Messages wait that have a time limit (`expired`)."""


class Connection:
    """A peer of calls.

    `calls` are those that use it (a dict for its order). `address` is where it was made to, None for one that was accepted.
    """

    __slots__ = (
        "_ends",
        "_flushed",
        "_is_last",
        "_kept",
        "_owner",
        "_socket",
        "_stack",
        "_timed",
        "_unsent",
        "address",
        "calls",
        "is_connecting",
        "is_open",
        "local_port",
        "peer_name",
    )

    def __init__(
        self, owner: Owner, sock: socket.socket, layers: Sequence[Layer], address: Address | None, peer_name: str
    ) -> None:
        self._owner = owner
        self.address = address
        self.peer_name = peer_name
        self.calls: dict[Wire, None] = {}
        self.await_socket(layers)
        self.take_socket(sock)

    def await_socket(self, layers: Sequence[Layer]) -> None:
        """Be a new connection for the same calls, as yet without a socket: what they send is held."""
        self._stack = Stack(layers)
        self._unsent = bytearray()
        self._kept = 0
        self._flushed = 0
        self._timed: deque[tuple[int, int, Wire]] = deque()
        self._is_last = False
        self._ends: tuple[Place, Place] | None = None
        self.is_connecting = True
        self.is_open = True

    def take_socket(self, sock: socket.socket) -> None:
        """The socket of this connection; `connect` or `begin` comes next. Raises OSError, and then the socket is not taken."""
        self._owner.poller.add(sock.fileno(), self._drain)
        self._socket = sock
        self.is_connecting = False
        self.local_port: int = sock.getsockname()[1]

    @property
    def is_ready(self) -> bool:
        """Whether messages flow."""
        return self._stack.is_ready and self.is_open

    def ends(self) -> tuple[Place, Place]:
        """Our end and the other; ("", 0) for what is not known, before there is a socket or when there is none any more."""
        if self._ends is None:
            with contextlib.suppress(OSError):
                self._ends = (as_place(self._socket.getsockname()), as_place(self._socket.getpeername()))
        return self._ends or self._ends_as_yet()

    def _ends_as_yet(self) -> tuple[Place, Place]:
        """Both ends of what is being connected: the kernel tells the other one only when it has answered."""
        ours: object = None
        with contextlib.suppress(OSError):
            ours = self._socket.getsockname()
        return as_place(ours), as_place(self.address)

    def agreed(self) -> tuple[str, str] | None:
        """The TLS version and the cipher, where there are any."""
        return self._stack.agreed()

    # --- beginning -----------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """The socket is connecting; go on when it is connected."""
        self.is_connecting = True
        self._owner.poller.when_writable(self._socket.fileno(), self._connected)

    def _connected(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._end(os.strerror(error))
            return
        self.is_connecting = False
        self._owner.poller.when_writable(self._socket.fileno(), None)
        self.begin()

    def begin(self) -> None:
        """The socket is connected."""
        self._stack.begin()
        self._after_layers(False)

    def _after_layers(self, was_ready: bool) -> None:
        """The layers have done something: write what they have to tell."""
        stack = self._stack
        if stack.output:
            self._write(stack.take_output())
        if stack.is_ready and not was_ready and self.is_open:
            self._owner.ready(self)
        self._finish()

    # --- receiving -----------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(reason_of(error))
            return
        if not data:
            self._peer_closed()
            return
        arrived_ns = monotonic_ns()
        stack = self._stack
        was_ready = stack.is_ready
        messages = stack.receive(data)
        if stack.output or not was_ready:
            self._after_layers(was_ready)
        received = self._owner.receiver.received
        for message in messages:
            received(message, self, arrived_ns, monotonic_ns())
        if not self.is_open or stack is not self._stack:
            return
        if stack.broken is not None:
            self._break(stack.broken)
        elif len(self._unsent) > self._owner.most_unsent + READ_SIZE:  # more than calls may send: answers of the layers
            self._end("it makes us answer and takes no answers")

    def _peer_closed(self) -> None:
        try:
            self._stack.ended()
        except StreamBroken as broken:
            self._break(broken)
        else:
            self._end("closed by the peer")

    def _break(self, broken: StreamBroken) -> None:
        if broken.garbage:
            self._owner.receiver.garbled(f"{broken.reason}, from {self.peer_name}")
        elif self.address is None and not self._stack.is_ready:
            self._owner.receiver.warned(f"a connection from {self.peer_name} failed: {broken.reason}")
        self._end(broken.reason, broken.failure)

    def _end(self, reason: str, failure: Failure = Failure.TCP_CLOSED) -> None:
        if self.is_open:
            was_ready = self._stack.is_ready
            self.close()
            self._owner.ended(self, failure if was_ready else Failure.TCP_CONNECT, reason)

    # --- sending -------------------------------------------------------------------------------------------------------

    def send(self, wire: Wire, data: bytes) -> bool:
        """Send a message, or keep it; False when the connection has ended or too much waits."""
        if not self.is_open:
            return False
        stack = self._stack
        if stack.is_ready and not self._unsent:
            self._write(stack.wrap(data))
        elif len(self._unsent) + stack.held + len(data) > self._owner.most_unsent:
            return False
        elif stack.is_ready:
            self._keep(stack.wrap(data))
        else:
            stack.hold(data)
        if self._unsent and self._owner.send_timeout_ns:
            self._timed.append((self._kept, monotonic_ns() + self._owner.send_timeout_ns, wire))
            if len(self._timed) == 1:
                self._owner.blocked(self)
        return True

    def _write(self, data: bytes) -> None:
        """Write, and keep what the kernel does not take."""
        if self._unsent:
            self._keep(data)
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the end of the connection is found out, with its reason, when it is read
        if sent < len(data):
            self._keep(data[sent:])
            self._owner.poller.when_writable(self._socket.fileno(), self._flush)

    def _keep(self, data: bytes) -> None:
        self._unsent += data
        self._kept += len(data)

    def _flush(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(reason_of(error))
            return
        del self._unsent[:sent]
        self._flushed += sent
        timed = self._timed
        while timed and timed[0][0] <= self._flushed:
            timed.popleft()
        if not self._unsent:
            self._owner.poller.when_writable(self._socket.fileno(), None)
            self._finish()

    def expired(self, now_ns: int) -> list[Wire]:
        """Calls whose messages have waited for too long, each once; what waits goes out all the same when it can."""
        expired: dict[Wire, None] = {}
        timed = self._timed
        while timed and timed[0][1] <= now_ns:
            expired[timed.popleft()[2]] = None
        return [wire for wire in expired if wire in self.calls]

    def give_up(self, reason: str) -> None:
        """It has not come about, or not come to its end, in the time that it has."""
        if self._is_last:
            self._owner.done(self)
        else:
            self._end(reason)

    @property
    def is_blocked(self) -> bool:
        """Whether messages wait that have a time limit."""
        return bool(self._timed)

    # --- ending --------------------------------------------------------------------------------------------------------

    def close_when_sent(self) -> None:
        """Say goodbye and close, but not before what is kept has been sent."""
        self._is_last = True
        self._finish()

    def _finish(self) -> None:
        """Close when it is to be closed and nothing waits."""
        if self._is_last and self.is_open and not self._unsent and not self._stack.held:
            self._owner.done(self)

    def close(self) -> None:
        """Say goodbye, if the socket takes it, and close."""
        if not self.is_open:
            return
        self.is_open = False
        self._timed.clear()
        if not self._unsent and not self.is_connecting and self._stack.broken is None:
            self._stack.end()
        goodbye = self._stack.take_output()
        if goodbye and not self._unsent:
            with contextlib.suppress(OSError):  # the peer is gone, and so are we
                self._socket.send(goodbye)
        self._stack.let_go()
        if self._socket.fileno() >= 0:
            self._owner.poller.remove(self._socket.fileno())
            self._socket.close()
