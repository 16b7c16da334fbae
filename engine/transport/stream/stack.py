# SPDX-License-Identifier: AGPL-3.0-or-later
"""The layers of one connection, one on the other, without I/O: bytes of the socket below, SIP messages above.

What the socket brought goes in by `receive`, which gives the messages that are whole. A message goes out by `wrap`, as the
bytes for the socket; before all layers have agreed it is kept by `hold` until they have. What the layers themselves have to
tell, and what was held, is then in `output`, which the connection takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.transport.stream.layer import Layer, StreamBroken


class Stack:
    """One connection's layers, the lowest first.

    `output` is what has to be written, `held` the bytes of messages that wait for the layers to be ready. `broken` is why
    nothing more can come, behind what was given.
    """

    __slots__ = ("_begun", "_layers", "_messages", "broken", "held", "is_ready", "output")

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = list(layers)
        self._messages: list[bytes] = []
        self._begun = 0
        self.broken: StreamBroken | None = None
        self.is_ready = False
        self.output = bytearray()
        self.held = 0

    def begin(self) -> None:
        """The socket is connected."""
        self._settle()

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that are whole with `data`. What breaks the stream is then in `broken`."""
        pieces = [data]
        for layer in self._layers:
            pieces = self._receive(layer, pieces)
        self._settle()
        return pieces

    def _receive(self, layer: Layer, pieces: list[bytes]) -> list[bytes]:
        """What one layer makes of what the one below gave."""
        above: list[bytes] = []
        try:
            for piece in pieces:
                if layer.broken is not None:
                    break
                if above:
                    above += layer.receive(piece)
                else:
                    above = layer.receive(piece)
        except StreamBroken as broken:
            broken.__traceback__ = broken.__context__ = None  # they lead back here: a circle
            layer.broken = broken
        if layer.broken is not None and self.broken is None:
            self.broken = layer.broken
        return above

    def wrap(self, message: bytes) -> bytes:
        """The bytes for the socket that carry a message; only when `is_ready`."""
        return self._down(message, len(self._layers))

    def hold(self, message: bytes) -> None:
        """Keep a message until the layers are ready; then it is in `output`."""
        self._messages.append(message)
        self.held += len(message)

    def agreed(self) -> tuple[str, str] | None:
        """The TLS version and the cipher, where there are any."""
        return next((agreed for agreed in [layer.agreed() for layer in self._layers] if agreed is not None), None)

    def ended(self) -> None:
        """The peer has closed the stream. Raises StreamBroken when it may not yet."""
        for layer in self._layers:
            layer.ended()

    def end(self) -> None:
        """Say goodbye in every layer that does, the uppermost first; it is in `output`."""
        for index in range(self._begun - 1, -1, -1):
            layer = self._layers[index]
            layer.end()
            told = layer.own()
            if told:
                self.output += self._down(told, index)

    def let_go(self) -> None:
        """The connection is closed."""
        for layer in self._layers:
            layer.let_go()

    def take_output(self) -> bytes:
        """What has to be written, once."""
        output = bytes(self.output)
        self.output.clear()
        return output

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
                self.output += self._down(told, index)
            if not layer.is_ready:
                return
        if not self.is_ready:
            self.is_ready = True
            messages, self._messages, self.held = self._messages, [], 0
            for message in messages:
                self.output += self.wrap(message)

    def _down(self, data: bytes, index: int) -> bytes:
        """Through the layers below that one."""
        layers = self._layers
        for below in range(index - 1, -1, -1):
            data = layers[below].send(data)
        return data
