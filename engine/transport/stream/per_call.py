# SPDX-License-Identifier: AGPL-3.0-or-later
"""A connection for each call (`tn ln wn wsn`): made when the call begins, closed when it is over.

Nobody waits for a connection to stand: what a call sends until then is held. A server accepts connections as it does otherwise.
"""

from __future__ import annotations

from engine.transport.base import Wire, settled
from engine.transport.stream.connection import Connection
from engine.transport.stream.transport import StreamTransport

MOST_UNSENT_OF_CALL = 1_048_576


class ConnectionPerCall(StreamTransport):
    """Each outgoing call has a connection of its own."""

    port_per_call = True

    async def _open_client(self) -> None:
        """Connections come with the calls."""
        self.most_unsent = MOST_UNSENT_OF_CALL

    def _call_buffer(self) -> int:
        """The kernel's own, which grow when they have to: of thousands few do."""
        return 0

    def attach(self, wire: Wire) -> bool:
        """Begin to connect for this call."""
        connection = self._try_to_connect(self.addresses.remote, self.addresses.remote_host, wire.local_ip)
        if connection is None:
            return False
        self._join(wire, connection)
        return True

    def redirect(self, wire: Wire, address: tuple[str, int]) -> str:
        """Another peer is another connection of its own."""
        peer = settled(wire.peer)
        if isinstance(peer, Connection) and peer.address == address and peer.is_open:
            wire.peer = peer
            return ""
        self._leave(wire)
        wire.peer = None
        connection = self._try_to_connect(address, address[0], wire.local_ip)
        if connection is None:
            return self.refusal(wire)[1]
        self._join(wire, connection)
        return ""
