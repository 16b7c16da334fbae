# SPDX-License-Identifier: AGPL-3.0-or-later
"""The protocols over streams: what lies on the bytes of a socket, the lowest layer first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from engine.transport.base import Transport
from engine.transport.stream.framing import framing
from engine.transport.stream.per_call import ConnectionPerCall
from engine.transport.stream.shared import SharedConnection
from engine.transport.stream.tls_context import tls
from engine.transport.stream.transport import Recipe
from engine.transport.stream.websocket import websocket

STACKS: Final[dict[str, tuple[Recipe, ...]]] = {
    "TCP": (framing,),
    "TLS": (tls, framing),
    "WS": (websocket,),
    "WSS": (tls, websocket),
}
"""By the name that stands in a Via."""


def one_connection(protocol: str) -> Callable[..., Transport]:
    """The transport with this protocol on which all calls share a connection."""
    return partial(SharedConnection, protocol=protocol, recipes=STACKS[protocol])


def connection_per_call(protocol: str) -> Callable[..., Transport]:
    """The transport with this protocol on which each call has a connection."""
    return partial(ConnectionPerCall, protocol=protocol, recipes=STACKS[protocol])
