# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sockets: open, drain, frame, send. A transport knows calls only as something that has a peer; it knows no scenario.

To add a transport: a class in a module of its own that keeps to `Transport` (`engine.transport.base`), an entry in
`TRANSPORTS`, and its name among the choices of the option `transport`.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.options import RunConfig
from engine.transport.addresses import Addresses
from engine.transport.base import Held, Receiver, Transport, Wire
from engine.transport.names import Names
from engine.transport.poller import Poller
from engine.transport.stream.kinds import connection_per_call, one_connection
from engine.transport.udp import UdpOneSocket
from engine.transport.udp_addresses import UdpAddresses
from engine.transport.udp_per_call import UdpSocketPerCall

__all__ = ["TRANSPORTS", "Addresses", "Held", "Names", "Poller", "Receiver", "Transport", "Wire"]

TRANSPORTS: dict[str, Callable[[Addresses, Poller, Receiver, RunConfig], Transport]] = {
    "u1": UdpOneSocket,
    "un": UdpSocketPerCall,
    "ui": UdpAddresses,
    "t1": one_connection("TCP"),
    "tn": connection_per_call("TCP"),
    "l1": one_connection("TLS"),
    "ln": connection_per_call("TLS"),
    "w1": one_connection("WS"),
    "wn": connection_per_call("WS"),
    "ws1": one_connection("WSS"),
    "wsn": connection_per_call("WSS"),
}
"""SIPp's names (`-t`) and what they stand for."""
