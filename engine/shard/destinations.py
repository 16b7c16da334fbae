# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a scenario sends a call's messages from now on (`setdest`): checked, and a name looked up beside the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from engine.call import CallBase
from engine.errors import printable
from engine.messages import Failure
from engine.transport import Held, Names, Transport

_PORT_DIGITS: Final = 5
_LAST_PORT: Final = 65535


class Destinations:
    """Redirects calls of one transport. A call that cannot go where it should has failed. `names.tend` has to run.

    `changed` is called when a call has changed though no message came and no time.
    """

    def __init__(self, transport: Transport, changed: Callable[[], None]) -> None:
        self.names = Names(transport.addresses.family)
        self._transport = transport
        self._changed = changed

    def redirect(self, call: CallBase, host: str, port: str, protocol: str) -> None:
        """Send a call's messages elsewhere; those to a name wait until it has been looked up."""
        host = host.removeprefix("[").removesuffix("]")
        if protocol.upper() != self._transport.protocol:
            _lose(call, f"cannot change from {self._transport.protocol} to '{protocol}'")
        elif not (port.isascii() and port.isdecimal() and len(port) <= _PORT_DIGITS and 0 < int(port) <= _LAST_PORT):
            _lose(call, f"'{port}' is no port")
        else:
            known = self.names.known(host)
            if known is None:
                self._look_up(call, host, int(port))
            else:
                ip, reason = known
                _lose_if(call, host, reason or self._lead(call, ip, int(port)))

    def _lead(self, call: CallBase, ip: str, port: int) -> str:
        """What waited for another destination goes there too."""
        transport, peer = self._transport, call.peer
        try:
            address = transport.addresses.place(ip, port)
        except OSError:
            return "there is no such network device"
        return transport.release(call, peer, address) if isinstance(peer, Held) else transport.redirect(call, address)

    def _look_up(self, call: CallBase, host: str, port: int) -> None:
        held = self._transport.hold(call)

        def found(ip: str, reason: str) -> None:
            if call.peer is held:
                _lose_if(call, host, reason or self._lead(call, ip, port))
                self._changed()

        if not self.names.ask(host, found):
            _lose(call, "too many names are being looked up")


def _lose_if(call: CallBase, host: str, reason: str) -> None:
    if reason:
        _lose(call, f"{host}: {reason}")


def _lose(call: CallBase, reason: str) -> None:
    """End a call whose messages cannot go where they should."""
    call.end(time.monotonic_ns(), Failure.CANNOT_SEND, printable(f"setdest: {reason}"))
