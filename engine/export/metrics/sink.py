# SPDX-License-Identifier: AGPL-3.0-or-later
"""`-metrics HOST:PORT`: the newest figures of the run at `/metrics`, for as long as it goes on.

Nothing waits and nothing is dropped here: a snapshot takes the place of the one before. What is served is written once a
snapshot and format, when the first asks for it, however many ask.
"""

from __future__ import annotations

from typing import Final

import trio

from engine.export.figures import Told
from engine.export.metrics.exposition import Format, exposed, format_for
from engine.export.metrics.server import Answer, Request, Server, listen
from engine.export.sink import Item, Sink, Surroundings
from engine.messages import QueueCounts, Snapshot
from engine.options.config.metrics import METRICS_PORT
from engine.transport.addresses import split_host_port

PATH: Final = "/metrics"
_NOT_FOUND: Final = Answer(b"what is served here is /metrics\n", status=404)
_NOT_ALLOWED: Final = Answer(b"what is served here is for GET\n", status=405, headers=(("Allow", "GET, HEAD"),))
_NOTHING_YET: Final = Answer(b"the run has told nothing yet\n", status=503, headers=(("Retry-After", "1"),))


class Metrics(Sink):
    """The sink."""

    name = "metrics"
    wants = frozenset({Snapshot})

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._snapshot: Snapshot | None = None
        self._answers: dict[Format, Answer] = {}
        self._listeners: list[trio.SocketListener] = []
        self._serving = trio.CancelScope()

    @property
    def counts(self) -> dict[str, QueueCounts]:
        """There is no queue."""
        return {}

    async def open(self) -> None:
        """Listen. Raises BindError, OptionError."""
        flag = "-metrics"
        host, port = split_host_port(self.surroundings.started.config.metrics, METRICS_PORT, flag)
        self._listeners = await listen(host, port, flag)

    def take(self, item: Item) -> None:
        """Newer figures."""
        if isinstance(item, Snapshot):
            self._snapshot = item
            self._answers.clear()

    async def write(self) -> None:
        """Serve until there is nothing new to serve."""
        with self._serving:
            await Server(self._listeners, self._answer).serve()

    def close(self) -> None:
        """The run is over."""
        self._serving.cancel()

    def abandon(self) -> None:
        """Listen no more."""
        for listener in self._listeners:
            listener.socket.close()

    def _answer(self, request: Request) -> Answer:
        if request.path != PATH:
            return _NOT_FOUND
        if request.method not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        if self._snapshot is None:
            return _NOTHING_YET
        form = format_for(request.accept)
        if form not in self._answers:
            told = Told(self.surroundings.started, self._snapshot)
            self._answers[form] = Answer(exposed(told, form), form.content_type)
        return self._answers[form]
