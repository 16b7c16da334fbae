# SPDX-License-Identifier: AGPL-3.0-or-later
"""One connection for all calls (`t1 l1 w1 ws1`): made before the first, and made again when it is lost.

A call that is sent elsewhere (`redirect`) has a connection to there, which calls with the same destination share and which is
closed when the last of them is over.
"""

from __future__ import annotations

import contextlib
import errno
import os
from time import monotonic_ns

import trio

from engine.errors import GossipperError, TransportError
from engine.messages import Failure
from engine.transport.base import Wire
from engine.transport.datagrams import Address
from engine.transport.sockets import reason_of
from engine.transport.stream.connection import Connection
from engine.transport.stream.early import EarlyReceiver
from engine.transport.stream.transport import HANDSHAKE_LIMIT_S, NS_PER_MS, StreamTransport, place_of


class SharedConnection(StreamTransport):
    """Outgoing calls share one connection."""

    async def open(self) -> None:
        """Prepare the layers, and listen or connect. Raises BindError, TransportError."""
        self._outgoing: Connection | None = None
        self._is_opening = False
        self._open_error = ""
        self._reconnects = 0
        self._reconnect_ns = 0
        self._elsewhere: dict[Address, Connection] = {}
        self._early = EarlyReceiver()
        await super().open()

    async def _open_client(self) -> None:
        """Connect, from a port of its own choice unless one was given: SIPp says the port that it connects from.

        Of a host with several addresses the next is tried when one refuses. What arrives meanwhile is heard when calls can be
        made (`tend`): nobody is there yet to take it.
        """
        receiver, self.receiver = self.receiver, self._early
        try:
            await self._connect_to_one()
        finally:
            self.receiver = receiver

    async def _connect_to_one(self) -> None:
        self._is_opening = True
        *others, last = self.addresses.remotes
        for remote in others:
            self.remote = remote
            with contextlib.suppress(TransportError):
                await self._open_to_remote()
                return
        self.remote = last
        await self._open_to_remote()

    async def _open_to_remote(self) -> None:
        addresses = self.addresses
        self._open_error = ""
        try:
            with trio.fail_after(HANDSHAKE_LIMIT_S):
                self._outgoing = self.connect(self.remote, addresses.destination[0], "", addresses.local_port or 0)
                while not self._outgoing.is_ready and not self._open_error:
                    await trio.lowlevel.wait_readable(self.poller.fileno())
                    self.poller.dispatch()
        except trio.TooSlowError:
            raise TransportError(f"no {self.protocol} connection to {self._where} within {HANDSHAKE_LIMIT_S} s") from None
        except OSError as error:
            self._open_error = reason_of(error)
        if self._open_error:
            hint = "; is a server listening there?" if self._open_error == os.strerror(errno.ECONNREFUSED) else ""
            raise TransportError(f"no {self.protocol} connection to {self._where}: {self._open_error}{hint}")
        self._is_opening = False
        self.local_port = self._outgoing.local_port if self._outgoing is not None else 0

    async def tend(self) -> None:
        """Also tell what arrived before there were calls."""
        self._early.tell(self.receiver)
        await super().tend()

    @property
    def _where(self) -> str:
        return place_of(self.remote)

    def attach(self, wire: Wire) -> bool:
        """Every outgoing call's peer is the one connection."""
        connection = self._outgoing
        if connection is None or not connection.is_open:
            return False
        self._join(wire, connection)
        return True

    # --- losing it -----------------------------------------------------------------------------------------------------

    def ended(self, connection: Connection, failure: Failure, reason: str) -> None:
        """A connection has ended by itself; without the outgoing one no call can be made."""
        if self._is_opening:
            self._open_error = reason
        elif connection is self._outgoing:
            self._lost(connection, failure, reason)
        else:
            super().ended(connection, failure, reason)

    def _lost(self, connection: Connection, failure: Failure, reason: str) -> None:
        self._forget(connection)
        config = self.config
        again = self._reconnects < config.max_reconnect
        if not again or config.reconnect_close:
            self._lose_calls(connection, failure, reason)
        told = f"the {self.protocol} connection to {self._where} ended: {reason}"
        if not again:
            used = f"; -max_reconnect {config.max_reconnect} are used up" if config.max_reconnect else ""
            self.receiver.broken(f"{told}{used}")
            return
        self._reconnects += 1
        self.receiver.warned(f"{told}; connecting again ({self._reconnects} of at most {config.max_reconnect} times)")
        connection.await_socket([make(self.addresses.destination[0]) for make in self._calling])
        self._reconnect_ns = monotonic_ns() + config.reconnect_sleep_ms * NS_PER_MS
        self._stirred.set()

    def _look(self, now_ns: int) -> bool:
        """Also connect again when it is time to."""
        more = super()._look(now_ns)
        if self._reconnect_ns and now_ns >= self._reconnect_ns:
            self._reconnect_ns = 0
            self._reconnect()
        return more or bool(self._reconnect_ns or self._unready)

    def _reconnect(self) -> None:
        connection = self._outgoing
        if connection is None or not connection.is_open:
            return
        try:
            sock = self._connecting_socket(self.remote, self.addresses.local_port or 0)
            try:
                self._take(connection, sock)
            except OSError:
                sock.close()
                raise
        except GossipperError as error:
            self._lost(connection, Failure.TCP_CONNECT, str(error))
        except OSError as error:
            self._lost(connection, Failure.TCP_CONNECT, reason_of(error))

    # --- elsewhere -----------------------------------------------------------------------------------------------------

    def redirect(self, wire: Wire, address: Address) -> str:
        """Another peer is a connection to there; it is used before it stands."""
        self._leave(wire)
        wire.peer = None
        connection = self._outgoing if address == self.remote else self._elsewhere.get(address)
        if connection is None or not connection.is_open:
            connection = self._try_to_connect(address, address[0], "")
            if connection is None:
                return self.refusal(wire)[1]
            self._elsewhere[address] = connection
        wire.peer = connection
        connection.calls[wire] = None
        return ""

    def _is_spare(self, connection: Connection) -> bool:
        return connection is not self._outgoing and super()._is_spare(connection)

    def _close_later(self, connection: Connection) -> None:
        self._forget_elsewhere(connection)
        super()._close_later(connection)

    def _forget(self, connection: Connection) -> None:
        super()._forget(connection)
        self._forget_elsewhere(connection)

    def _forget_elsewhere(self, connection: Connection) -> None:
        if connection.address is not None and self._elsewhere.get(connection.address) is connection:
            del self._elsewhere[connection.address]
