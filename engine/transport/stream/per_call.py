# SPDX-License-Identifier: AGPL-3.0-or-later
"""A connection for each call (`tn ln wn wsn`): made when the call begins, closed when it is over.

Beyond `-max_socket` calls share the connections that are open, and with `-keep_sockets` later calls use those of earlier ones.
Nobody waits for a connection to stand: what a call sends until then is held. A server accepts connections as it does otherwise.
"""

from __future__ import annotations

from engine.transport.base import Wire, settled
from engine.transport.datagrams import Address
from engine.transport.pool import Pool
from engine.transport.stream.connection import Connection
from engine.transport.stream.transport import StreamTransport

MOST_UNSENT_OF_CALL = 1_048_576


class ConnectionPerCall(StreamTransport):
    """Each outgoing call has a connection of its own, as long as there may be more."""

    port_per_call = True

    async def open(self) -> None:
        """Prepare the layers, and listen where there is no remote address. Raises BindError, TransportError."""
        self._host = self.addresses.destination[0]
        self._pool: Pool[Connection] = Pool(self.config.max_socket, keeps=self.config.keep_sockets)
        await super().open()

    async def _open_client(self) -> None:
        """Connections come with the calls."""
        self.most_unsent = MOST_UNSENT_OF_CALL

    def _call_buffer(self) -> int:
        """The kernel's own, which grow when they have to: of thousands few do."""
        return 0

    def attach(self, wire: Wire) -> bool:
        """Give this call a connection, or begin to make one."""
        return self._connect_call(wire, self.remote, self._host)

    def redirect(self, wire: Wire, address: Address) -> str:
        """Another peer is another connection."""
        peer = settled(wire.peer)
        if isinstance(peer, Connection) and peer.address == address and peer.is_open:
            wire.peer = peer
            return ""
        self._leave(wire)
        wire.peer = None
        return "" if self._connect_call(wire, address, address[0]) else self.refusal(wire)[1]

    def _connect_call(self, wire: Wire, address: Address, host: str) -> bool:
        kind = (wire.local_ip, address)
        connection = self._pool.take(kind)
        if connection is None:
            connection = self._try_to_connect(address, host, wire.local_ip)
            if connection is None:
                return False
            self._pool.add(connection, kind)
        self._join(wire, connection)
        return True

    def _leave(self, wire: Wire) -> None:
        peer = settled(wire.peer)
        if isinstance(peer, Connection):
            self._pool.release(peer)
        super()._leave(wire)

    def _is_spare(self, connection: Connection) -> bool:
        return super()._is_spare(connection) and connection not in self._pool

    def renewed(self, wire: Wire) -> str:
        """Close the call's connection, also where it would be kept for later calls."""
        peer = wire.peer
        if isinstance(peer, Connection) and len(peer.calls) == 1:
            self._pool.remove(peer)
        return super().renewed(wire)

    def _forget(self, connection: Connection) -> None:
        super()._forget(connection)
        self._pool.remove(connection)
