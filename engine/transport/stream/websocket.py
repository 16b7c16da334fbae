# SPDX-License-Identifier: AGPL-3.0-or-later
"""WebSocket as a layer (RFC 6455, for SIP RFC 7118): what is made once a run. The layer itself stands in `websocket_handshake`.

That is imported for runs over WebSocket only: the library takes a while to import.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from engine.errors import OptionError
from engine.options import RunConfig
from engine.options.transports import KINDS
from engine.transport.addresses import Addresses
from engine.transport.stream.layer import Layer

_PATH: Final = re.compile(r'/[!"$-~]*')
"""An absolute path, and a query: printable ASCII without spaces and without a fragment (RFC 6455 section 3)."""


def check_path(path: str) -> None:
    """Whether `-ws_path` can stand in a request. Raises OptionError."""
    if not _PATH.fullmatch(path):
        what = "is no path of a URL: it begins with / and has neither spaces nor #, and other characters are written as %41"
        raise OptionError("-ws_path", path, f"{path!r} {what}")


def websocket(config: RunConfig, addresses: Addresses, server: bool) -> Callable[[str], Layer]:
    """The recipe of this layer: a client asks the host for `-ws_path`, a server is asked for it. Raises OptionError."""
    from engine.transport.stream.websocket_handshake import ClientWebSocket, ServerWebSocket

    path = config.websocket_path
    check_path(path)
    if server:
        return lambda host: ServerWebSocket(path)
    is_secure = KINDS[config.transport].is_secure
    port = addresses.destination[1]
    return lambda host: ClientWebSocket(host, port, path, is_secure)
