# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bad network between two sides that speak UDP: it loses datagrams, doubles some, and lets later ones pass others.

What it does is drawn from a seed, but which datagram meets it depends on when the sides send.
"""

from __future__ import annotations

import heapq
import select
import socket
import threading
import time
from itertools import count
from random import Random
from types import TracebackType

LONGEST_HELD_S = 0.03


class BadNetwork:
    """A context manager: what is sent to `port` on 127.0.0.1 goes on to `to_port`, and answers back; `loss` of all is lost."""

    def __init__(self, to_port: int, *, loss: float, doubled: float = 0.05, seed: int = 1) -> None:
        self.lost = 0
        self.passed = 0
        self._to = ("127.0.0.1", to_port)
        self._loss = loss
        self._doubled = doubled
        self._random = Random(seed)
        self._front = _bound()
        self.port: int = self._front.getsockname()[1]
        self._backs: dict[tuple[str, int], socket.socket] = {}
        self._fronts: dict[socket.socket, tuple[str, int]] = {}
        self._held: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._order = count()
        self._is_over = False
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> BadNetwork:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over = True
        self._thread.join()
        for sock in (self._front, *self._fronts):
            sock.close()

    def _carry(self) -> None:
        while not self._is_over:
            for sock in select.select([self._front, *self._fronts], [], [], 0.005)[0]:
                data, sender = sock.recvfrom(65535)
                if sock is self._front:
                    self._treat(self._back_of(sender), data, self._to)
                else:
                    self._treat(self._front, data, self._fronts[sock])
            while self._held and self._held[0][0] <= time.monotonic():
                _, _, through, data, to = heapq.heappop(self._held)
                through.sendto(data, to)

    def _treat(self, through: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        if self._random.random() < self._loss:
            self.lost += 1
            return
        self.passed += 1
        for _ in range(2 if self._random.random() < self._doubled else 1):
            until = time.monotonic() + self._random.random() * LONGEST_HELD_S
            heapq.heappush(self._held, (until, next(self._order), through, data, to))

    def _back_of(self, sender: tuple[str, int]) -> socket.socket:
        if sender not in self._backs:
            back = self._backs[sender] = _bound()
            self._fronts[back] = sender
        return self._backs[sender]


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock
