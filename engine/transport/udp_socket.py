# SPDX-License-Identifier: AGPL-3.0-or-later
"""A UDP socket: drained in turns, sends to any address, and hears what the network says of what it sent.

It is not connected, so answers are taken from wherever they come, as SIPp does. A socket is drained in turns of so many
datagrams at most, so that a flood cannot keep due calls from starting. Each datagram comes with the time at which the
kernel had it: a response time must not grow because we were busy, or waited for a batch.

That a destination cannot be reached is told to a person and fails no call: as in SIPp it is sent to again, and a call ends
with its limit of retransmissions or its timeout. The kernel tells of a datagram that got lost when the next is sent, which
may be another call's and to somewhere else; that one is sent again at once.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from time import monotonic_ns
from typing import Any, Final, cast

from engine.messages import Failure
from engine.transport.base import Received, Receiver
from engine.transport.datagrams import Inbox
from engine.transport.network_errors import ask_errors, next_error
from engine.transport.poller import Poller
from engine.transport.sockets import arrival_ns, drops_of, monotonic_offset_ns, reason_of

AT_ONCE: Final = 32
MOST_READS: Final = 4
_INBOX: Final = Inbox(AT_ONCE)
# One for the process: what is read is handed on before the next read.
MOST_UNSENT: Final = 1000
"""Datagrams that wait at one socket for room in its send buffer."""
MOST_TRIES: Final = 4
"""To send a datagram: each may fail with what the network says of another, and then did not try."""
MOST_TOLD: Final = 100
"""Destinations that a person is told of."""

_NO_ROOM: Final = (errno.EAGAIN, errno.EWOULDBLOCK)
_FINAL: Final = (*_NO_ROOM, errno.ENOBUFS)
_QUEUE_IS_FULL: Final = "the queue of the network interface is full: datagrams are lost on this machine (see 'ip -s link')"
_WHY_NOT: Final = {
    errno.EMSGSIZE: "the message is longer than a datagram can be",
    errno.EPERM: "a firewall of this machine does not let it out",
    errno.EACCES: "the destination is a broadcast address",
    errno.EINVAL: "the destination cannot be reached from this local address; see -i",
    errno.ENETUNREACH: "this machine has no route to the destination",
    errno.EHOSTUNREACH: "this machine has no route to the destination",
    errno.ENETDOWN: "the network interface is down",
}


def drain(sock: socket.socket, received: Received) -> None:
    """Hand on what waits at a socket, within limits. The socket may be closed by what one of the datagrams does."""
    offset_ns = monotonic_offset_ns()
    for _ in range(MOST_READS):
        try:
            count = _INBOX.read(sock.fileno())
        except BlockingIOError:
            return
        except OSError:
            continue  # what the network says of an earlier datagram; `UdpSocket` hears it apart
        for index in range(count):
            source, stamp_ns = _INBOX.about(index)
            now_ns = monotonic_ns()
            received(_INBOX.data(index), source, arrival_ns(stamp_ns, offset_ns, now_ns), now_ns)
            if sock.fileno() < 0:
                return
        if count < AT_ONCE:
            return


class News:
    """What the network said, of all sockets of a transport; told once for each destination."""

    __slots__ = ("_receiver", "_told")

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._told: set[str] = set()

    def tell(self, text: str) -> None:
        """Warn, unless this was told or too much."""
        if text not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(text)
            self._receiver.warned(text)


class UdpSocket:
    """A bound, non-blocking socket, watched from now on. Raises OSError when it cannot be watched; then it is closed."""

    __slots__ = ("_lost", "_news", "_poller", "_receiver", "_refused", "_socket", "_told_drops", "_unsent", "port")

    def __init__(self, sock: socket.socket, poller: Poller, receiver: Receiver, news: News) -> None:
        self._socket = sock
        self._poller = poller
        self._receiver = receiver
        self._news = news
        self._lost = 0
        self._told_drops = 0
        self._refused: OSError | None = None
        self._unsent: deque[tuple[bytes, object]] | None = None
        try:
            self.port: int = sock.getsockname()[1]
            ask_errors(sock)
            poller.add(sock.fileno(), self._drain, self._hear)
        except OSError:
            sock.close()
            raise

    # --- sending -------------------------------------------------------------------------------------------------------

    def send(self, data: bytes, address: object) -> bool:
        """Send a datagram, now or when there is room; False when that cannot be, and `refusal` says why.

        Raises TypeError when `address` is none.
        """
        if self._unsent is not None:
            return self._keep(data, address)
        try:
            self._socket.sendto(data, cast("Any", address))
        except OSError:
            return self._send_slowly(data, address)
        return True

    def _send_slowly(self, data: bytes, address: object) -> bool:
        """It was not sent, for its own sake or because the kernel told of another instead."""
        error = self._deliver(data, address)
        if error is None:
            return True
        if error.errno in _NO_ROOM:
            return self._keep(data, address)
        if error.errno == errno.ENOBUFS:
            self._lose(_QUEUE_IS_FULL)
            return True
        self._refused = error
        return False

    def _deliver(self, data: bytes, address: object) -> OSError | None:
        """Send a datagram; what keeps it from being sent, if that is not an error of an earlier one."""
        error: OSError | None = None
        for _ in range(MOST_TRIES):
            try:
                self._socket.sendto(data, cast("Any", address))
                return None
            except OSError as failed:
                error = failed
            if error.errno in _FINAL:
                break
        return error

    def refusal(self) -> tuple[Failure, str]:
        """Why `send` has just said False."""
        if self._refused is None:
            return Failure.OUTBOUND_CONGESTION, f"the send buffer is full and {MOST_UNSENT} messages wait"
        return Failure.CANNOT_SEND, _why_not(self._refused)

    def _keep(self, data: bytes, address: object) -> bool:
        if not isinstance(address, tuple):
            raise TypeError  # as the socket does where there is room
        unsent = self._unsent
        if unsent is None:
            unsent = self._unsent = deque()
            self._poller.when_writable(self._socket.fileno(), self._flush)
        if len(unsent) >= MOST_UNSENT:
            self._refused = None
            return False
        unsent.append((data, address))
        return True

    def _flush(self) -> None:
        """There is room: send what waits, as far as it goes."""
        unsent = self._unsent
        while unsent:
            data, address = unsent[0]
            error = self._deliver(data, address)
            if error is not None:
                if error.errno in _NO_ROOM:
                    return
                self._lose(f"a message that waited for room was not sent: {_why_not(error)}")
            unsent.popleft()
        self._unsent = None
        self._poller.when_writable(self._socket.fileno(), None)

    # --- hearing -------------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        drain(self._socket, self._receiver.received)

    def _hear(self) -> None:
        """Take what the network says, some of it at a time."""
        for _ in range(AT_ONCE):
            text = next_error(self._socket)
            if text is None:
                # One that found no room in the queue: it would wake us for ever.
                self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                return
            if text:
                self._news.tell(text)

    def _lose(self, text: str) -> None:
        self._lost += 1
        self._news.tell(text)

    # --- the end -------------------------------------------------------------------------------------------------------

    def drops(self) -> int:
        """Datagrams that were lost on this machine: those that came and found no room, and those that could not leave."""
        return drops_of(self._socket) + self._lost

    def new_drops(self) -> int:
        """Those since this was last asked."""
        before, self._told_drops = self._told_drops, self.drops()
        return self._told_drops - before

    def close(self) -> None:
        """Close the socket; what waits for room is not sent."""
        self._poller.remove(self._socket.fileno())
        self._socket.close()


def _why_not(error: OSError) -> str:
    return _WHY_NOT.get(error.errno or 0) or reason_of(error)
