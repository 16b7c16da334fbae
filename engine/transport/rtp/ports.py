# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ports for media, in pairs: an even one for RTP, the next for RTCP (RFC 3550 section 11).

A pair that was given back is taken again last, so that what is still under way to an old call hardly ever meets a new one.
Ports that other programs have are passed over and looked at again when their turn comes.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from typing import Final

from engine.errors import BindError, GossipperError, TransportError
from engine.transport.addresses import Addresses, bind_to_device, legible
from engine.transport.descriptors import shortage
from engine.transport.sockets import ask_buffers, ask_stamps, reason_of

MOST_TRIES: Final = 64
"""Pairs that are tried for one that is free, before a call fails."""


def bind_media(addresses: Addresses, port: int, buffer_size: int) -> socket.socket:
    """A non-blocking socket for media, bound to the run's local address and this port. Raises BindError, TransportError."""
    try:
        sock = socket.socket(addresses.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise TransportError(f"no socket for media can be made: {shortage(error) or reason_of(error)}") from None
    try:
        if addresses.device:
            bind_to_device(sock, addresses.device)
        sock.bind(addresses.bound_to(port))
        ask_buffers(sock, buffer_size)
        ask_stamps(sock)
    except OSError as error:
        sock.close()
        taken = port if error.errno == errno.EADDRINUSE else 0
        place = f"{legible(addresses.bind_ip) or 'any address'} port {port}"
        raise BindError(f"media cannot be bound to {place}: {reason_of(error)}; {_advice(error)}", taken) from None
    except OverflowError:
        sock.close()
        raise BindError(f"media cannot be bound to port {port}: 65535 is the last; choose a lower one with -mp") from None
    except BindError:
        sock.close()
        raise
    return sock


def _advice(error: OSError) -> str:
    return {
        errno.EADDRINUSE: "choose another with -mp, or end the program that has it",
        errno.EADDRNOTAVAIL: "it is no address of this machine; choose one with -mi",
        errno.EACCES: "ports below 1024 need privileges; choose others with -min_rtp_port",
    }.get(error.errno or 0, "choose another with -mi and -mp")


class PortPair:
    """An even port, whose socket is `rtp`, and the next, bound by `bind_rtcp`. Give it back when both sockets are closed."""

    __slots__ = ("_of", "port", "rtp")

    def __init__(self, of: PortRange, port: int, rtp: socket.socket) -> None:
        self._of = of
        self.port = port
        self.rtp = rtp
        """Bound; whose closing is up to who took the pair."""

    def bind_rtcp(self) -> socket.socket | None:
        """A socket on the odd port; None when another program has it."""
        return self._of.bind(self.port + 1)

    def give_back(self) -> None:
        """Let others have it. More than once is the same as once."""
        self._of.give_back(self)


class PortRange:
    """The pairs from `first` to `last` on one address: `addresses` says which, and on which device.

    Of several shards, the one with number `index` of `count` begins at a place of its own.
    """

    __slots__ = ("_addresses", "_buffer_size", "_first", "_free", "_kept", "_last", "_taken", "pairs")

    def __init__(
        self, addresses: Addresses, first: int, last: int, buffer_size: int = 0, *, index: int = 0, count: int = 1
    ) -> None:
        self._addresses = addresses
        self._buffer_size = buffer_size
        self._first, self._last = first, last
        ports = range(first + first % 2, last, 2)
        self.pairs = len(ports)
        """How many pairs there are."""
        begin = self.pairs * index // count
        self._free = deque(ports[begin:])
        self._free.extend(ports[:begin])
        self._taken: set[int] = set()
        self._kept = 0

    def keep(self, port: int) -> None:
        """The run needs that port for all calls together: no call is given its pair. For when none is taken yet."""
        pair = port - port % 2
        if pair in self._free:
            self._free.remove(pair)
            self._kept += 1

    @property
    def taken(self) -> int:
        """Pairs that are taken."""
        return len(self._taken)

    def take(self) -> PortPair:
        """The next free pair. Raises BindError when there is none, TransportError when no socket can be made."""
        tries = min(MOST_TRIES, len(self._free))
        for _ in range(tries):
            port = self._free.popleft()
            try:
                sock = self.bind(port)
            except GossipperError:
                self._free.appendleft(port)
                raise
            if sock is not None:
                self._taken.add(port)
                return PortPair(self, port, sock)
            self._free.append(port)
        raise BindError(self._exhausted(tries))

    def bind(self, port: int) -> socket.socket | None:
        """A socket on a port, None when another program has it. Raises BindError, TransportError."""
        try:
            return bind_media(self._addresses, port, self._buffer_size)
        except BindError as error:
            if error.taken_port:
                return None
            raise

    def give_back(self, pair: PortPair) -> None:
        """See `PortPair`."""
        if pair.port in self._taken:
            self._taken.remove(pair.port)
            self._free.append(pair.port)

    def _exhausted(self, tried: int) -> str:
        place = f"media ports from {self._first} to {self._last} of {legible(self._addresses.bind_ip) or 'this machine'}"
        if not self._free:
            calls = f", {len(self._taken)} by calls and {self._kept} for [media_port]" if self._kept else " by calls"
            return f"all {self.pairs} pairs of {place} are taken{calls}; allow more with -min_rtp_port and -max_rtp_port"
        return (
            f"calls have {len(self._taken)} pairs of {place}, and other programs those {tried} that were tried for one more; "
            "choose others with -min_rtp_port and -max_rtp_port"
        )
