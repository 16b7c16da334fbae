# SPDX-License-Identifier: AGPL-3.0-or-later
"""The layers of one connection, one on the other, without I/O: bytes of the socket below, SIP messages above.

What the socket brought goes in by `receive`, which gives the messages that are whole. Messages to be sent go in by `send`.
What is to be written to the socket is then in `output`, which the connection takes; a message that is sent before all layers
have agreed is kept until they have.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.transport.stream.layer import Layer, StreamBroken


class Stack:
    """One connection's layers, the lowest first.

    `output` is what has to be written, `waiting` the bytes of messages that wait for the layers to be ready.
    """

    __slots__ = ("_begun", "_layers", "_unsent", "is_ready", "output", "waiting")

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = list(layers)
        self._unsent: list[bytes] = []
        self._begun = 0
        self.is_ready = False
        self.output = bytearray()
        self.waiting = 0

    def begin(self) -> None:
        """The socket is connected."""
        self._settle()

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that are whole with `data`. Raises StreamBroken; what is to be written then is still in `output`."""
        pieces = [data]
        try:
            for layer in self._layers:
                if len(pieces) == 1:
                    pieces = layer.receive(pieces[0])
                else:
                    pieces = [above for piece in pieces for above in layer.receive(piece)]
        finally:
            self._settle()
        return pieces

    def send(self, message: bytes) -> None:
        """Send a message, now or when all layers are ready."""
        if self.is_ready:
            self._down(message, len(self._layers))
        else:
            self._unsent.append(message)
            self.waiting += len(message)

    def ended(self) -> None:
        """The peer has closed the stream. Raises StreamBroken when it may not yet."""
        for layer in self._layers:
            layer.ended()

    def end(self) -> None:
        """Say goodbye in every layer that does, the uppermost first."""
        for index in range(self._begun - 1, -1, -1):
            layer = self._layers[index]
            layer.end()
            self._down(layer.own(), index)

    def _settle(self) -> None:
        """Take what the layers have to tell their peers, and begin those whose time has come."""
        layers = self._layers
        for index in range(len(layers)):
            layer = layers[index]
            if index == self._begun:
                self._begun += 1
                layer.begin()
            told = layer.own()
            if told:
                self._down(told, index)
            if not layer.is_ready:
                return
        if not self.is_ready:
            self.is_ready = True
            unsent, self._unsent, self.waiting = self._unsent, [], 0
            for message in unsent:
                self._down(message, len(layers))

    def _down(self, data: bytes, index: int) -> None:
        """Through the layers below that one to the socket."""
        for below in range(index - 1, -1, -1):
            data = self._layers[below].send(data)
        self.output += data


__all__ = ["Stack", "StreamBroken"]
