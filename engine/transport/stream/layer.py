# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a layer of a stream is: it turns what comes from below into what goes above, and back, without I/O.

The lowest layer takes the bytes of a socket, the uppermost gives SIP messages. TLS turns bytes into bytes; SIP's own framing
(RFC 3261 section 18.3) and WebSocket (RFC 7118) turn bytes into messages. To add one: a class in a module of this package that
keeps to `Layer`, and its place in `STACKS` (`engine.transport.stream.kinds`).
"""

from __future__ import annotations

from engine.messages import Failure


class StreamBroken(Exception):
    """The stream cannot go on: the connection has to be closed.

    `reason` is one sentence without a full stop, for a person. `failure` is what its calls fail with. `garbage` says that what
    came is none of what was spoken about, and counts as such.
    """

    def __init__(self, reason: str, failure: Failure = Failure.TCP_CLOSED, *, garbage: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.failure = failure
        self.garbage = garbage


class Layer:
    """A layer that has nothing to agree on and changes nothing: a base for those that do. One for each connection.

    `is_ready` is whether what is above may be sent yet; a layer that has to agree on something first begins with False.
    `broken` is set when the stream cannot go on behind what `receive` has given: what came before is not lost.
    """

    __slots__ = ("broken", "is_ready")

    def __init__(self) -> None:
        self.is_ready = True
        self.broken: StreamBroken | None = None

    def begin(self) -> None:
        """The layer below is ready: a client says what it has to say first."""

    def receive(self, data: bytes) -> list[bytes]:
        """What came from below, as much of it as may be; what is whole goes above, oldest first.

        Raises StreamBroken, or sets `broken` when there is something to be given first. Then it is not called again.
        """
        return [data]

    def send(self, data: bytes) -> bytes:
        """What goes below for one piece from above. Only called when `is_ready`.

        Raises nothing: what broke the stream is told by `receive`.
        """
        return data

    def own(self) -> bytes:
        """What this layer itself has to tell its peer since this was last asked (a handshake, a pong), for the layer below."""
        return b""

    def agreed(self) -> tuple[str, str] | None:
        """The TLS version and the cipher, of a layer that has these and is ready."""
        return None

    def ended(self) -> None:
        """The peer has closed the stream. Raises StreamBroken when it may not at this moment, with what that means."""

    def end(self) -> None:
        """We are about to close: say goodbye, by `own`."""

    def let_go(self) -> None:
        """The connection is closed: let go of what would keep itself alive in a circle, which nobody collects during a run."""
