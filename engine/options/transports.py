# SPDX-License-Identifier: AGPL-3.0-or-later
"""The transports by the names that `-t` gives them: the one table that the option, its help and every interface are made from.

What each does stands in `engine.transport`; a test holds the two together. To add one: its line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class TransportKind:
    """A transport: its protocol as a person writes it, what each call has of its own, and what `-t` means by its name.

    `of_a_call` is empty where the calls of a client share one socket. A server's calls have the socket that they came in by.
    `default_port` is the remote port when none is given: SIPp's, over TLS as well, and those of RFC 7118 section 5.2.
    """

    protocol: str
    meaning: str
    of_a_call: str = ""
    default_port: int = 5060

    @property
    def is_stream(self) -> bool:
        """Whether it has connections."""
        return self.protocol != "udp"

    @property
    def is_secure(self) -> bool:
        """Whether TLS is a part of it."""
        return self.protocol in ("tls", "wss")


@dataclass(frozen=True, slots=True)
class TransportAlias:
    """Another word for a transport, for one side of calls only: `role` is `uac` or `uas`."""

    kind: str
    role: str
    note: str = ""

    @property
    def meaning(self) -> str:
        """What `-t` means by it."""
        return f"{self.kind}, of a {'client' if self.role == 'uac' else 'server'}"


_A_CONNECTION: Final = "a connection a call"

KINDS: Final[Mapping[str, TransportKind]] = {
    "u1": TransportKind("udp", "UDP, one socket for all calls"),
    "un": TransportKind("udp", "UDP, a socket a call", "a socket a call"),
    "ui": TransportKind("udp", "UDP, a socket for each of many local addresses", "an address a call"),
    "t1": TransportKind("tcp", "TCP, one connection for all calls"),
    "tn": TransportKind("tcp", "TCP, a connection a call", _A_CONNECTION),
    "l1": TransportKind("tls", "TLS, one connection for all calls"),
    "ln": TransportKind("tls", "TLS, a connection a call", _A_CONNECTION),
    "w1": TransportKind("ws", "WebSocket, one connection for all calls", default_port=80),
    "wn": TransportKind("ws", "WebSocket, a connection a call", _A_CONNECTION, 80),
    "ws1": TransportKind("wss", "WebSocket over TLS, one connection for all calls", default_port=443),
    "wsn": TransportKind("wss", "WebSocket over TLS, a connection a call", _A_CONNECTION, 443),
}
"""SIPp's names, in the order in which they are shown. A server accepts any number of connections, whichever it is."""

ALIASES: Final[Mapping[str, TransportAlias]] = {
    "s1": TransportAlias("u1", "uas", "SIPp's s1 is SCTP, which is not built"),
    "sn": TransportAlias("un", "uas", "SIPp's sn is SCTP, which is not built"),
    "sl": TransportAlias("l1", "uas"),
    "cl": TransportAlias("l1", "uac"),
    "cln": TransportAlias("ln", "uac"),
}
"""Words that say which side of calls they are for, as Go's gossipper has them."""

UNBUILT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("i1", "in"), "is SCTP, which is not built"),
    **dict.fromkeys(("c1", "cn"), "is compression, which SIPp leaves to a plugin and which is not built"),
}
"""Names for what is not built, and how they are refused."""


def title_of(name: str, role: str) -> str:
    """What a transport is called where a run is told of: `tcp, a connection a call`. A server's is its protocol."""
    kind = KINDS.get(name)
    if kind is None:
        return name
    return f"{kind.protocol}, {kind.of_a_call}" if kind.of_a_call and role == "uac" else kind.protocol
