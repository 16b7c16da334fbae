# SPDX-License-Identifier: AGPL-3.0-or-later
"""Host names that come up while calls run, looked up beside the loop. Answers are kept for a while."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections import OrderedDict
from collections.abc import Callable

import trio

from engine.transport.addresses import zoned

MOST_AT_ONCE = 8
"""Look-ups that run at once: each has a thread."""
MOST_WAITING = 1000
MOST_KEPT = 1000
KEPT_S = 60.0
NOT_FOUND_KEPT_S = 10.0
LOOKUP_LIMIT_S = 10.0

Answer = Callable[[str, str], None]
"""Takes the address of a host, or nothing and why there is none."""


class Names:
    """Finds the addresses of hosts, all of one family. `ask` and `known` return at once; `tend` has to run."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self._family = family
        self._kept: OrderedDict[str, tuple[float, str, str]] = OrderedDict()
        self._asked: dict[str, list[Answer]] = {}
        self._queue, self._queued = trio.open_memory_channel[str](MOST_WAITING)

    def known(self, host: str) -> tuple[str, str] | None:
        """The address of a host, or nothing and why there is none; None as long as that is not known."""
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            kept = self._kept.get(host)
            return kept[1:] if kept is not None and kept[0] > time.monotonic() else None
        if (literal.version == 6) != (self._family == socket.AF_INET6):
            return "", f"{host} is no address of the family that this run uses"
        return str(literal), ""

    def ask(self, host: str, answer: Answer) -> bool:
        """Have a host looked up; `answer` is called in this loop. False when too many wait."""
        if host in self._asked:
            self._asked[host].append(answer)
            return True
        try:
            self._queue.send_nowait(host)
        except trio.WouldBlock:
            return False
        self._asked[host] = [answer]
        return True

    async def tend(self) -> None:
        """Look up what is asked for, until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(MOST_AT_ONCE):
                nursery.start_soon(self._serve)

    async def _serve(self) -> None:
        async for host in self._queued.clone():
            ip, reason = await self._look_up(host)
            kept_s = KEPT_S if ip else NOT_FOUND_KEPT_S
            self._kept[host] = (time.monotonic() + kept_s, ip, reason)
            self._kept.move_to_end(host)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            for answer in self._asked.pop(host):
                answer(ip, reason)

    async def _look_up(self, host: str) -> tuple[str, str]:
        try:
            with trio.fail_after(LOOKUP_LIMIT_S):
                found = await trio.socket.getaddrinfo(host, None, self._family, socket.SOCK_DGRAM)
        except trio.TooSlowError:
            return "", f"no answer within {LOOKUP_LIMIT_S:g} s"
        except (OSError, UnicodeError) as error:
            return "", (error.strerror if isinstance(error, OSError) and error.strerror else str(error))
        return zoned(found[0][4]), ""
