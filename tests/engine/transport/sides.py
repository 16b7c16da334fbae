# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands on either side of a transport: a receiver that keeps what it is told, and calls that are only a peer."""

from __future__ import annotations

import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import trio

from engine.messages import Failure
from engine.options import RunConfig
from engine.transport import TRANSPORTS, Addresses, Poller, Transport

LIMIT_S = 10
TICK_S = 0.02
BUFFER = 65_536


@dataclass(eq=False)
class Wire:
    """A call, as a transport sees it."""

    peer: object = None
    local_port: int = 0
    local_ip: str = ""


@dataclass
class Inbox:
    """Keeps what arrives; `then` is called with each message and its source."""

    messages: list[bytes] = field(default_factory=list)
    sources: list[object] = field(default_factory=list)
    arrived_ns: list[int] = field(default_factory=list)
    ended: list[tuple[object, Failure, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)
    then: Callable[[bytes, object], None] = lambda data, source: None

    def received(self, data: bytes, source: object, arrived_ns: int, now_ns: int) -> None:
        self.messages.append(data)
        self.sources.append(source)
        self.arrived_ns.append(arrived_ns)
        self.then(data, source)

    def disconnected(self, wire: object, failure: Failure, reason: str) -> None:
        self.ended.append((wire, failure, reason))

    def garbled(self, reason: str) -> None:
        self.garbage.append(reason)

    def broken(self, reason: str) -> None:
        self.reasons.append(reason)

    def warned(self, text: str) -> None:
        self.warnings.append(text)


@dataclass
class Side:
    """An open transport with its poller and its inbox."""

    transport: Transport
    poller: Poller
    inbox: Inbox

    async def until(self, condition: Callable[[], object]) -> None:
        """Dispatch what is ready until the condition holds."""
        with trio.fail_after(LIMIT_S):
            while not condition():
                with trio.move_on_after(TICK_S):
                    await trio.lowlevel.wait_readable(self.poller.fileno())
                self.poller.dispatch()

    async def go_on(self) -> None:
        """Dispatch what is ready until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self.poller.fileno())
            self.poller.dispatch()


@asynccontextmanager
async def open_side(
    name: str, addresses: Addresses, *, to: Side | None = None, buffer_size: int = BUFFER, **options: object
) -> AsyncIterator[Side]:
    """The transport of this name, opened and tended; closed in the end. `to` is a server of ours that has to answer first."""
    poller, inbox = Poller(), Inbox()
    transport = TRANSPORTS[name](addresses, poller, inbox, RunConfig(transport=name, buffer_size=buffer_size, **options))
    try:
        if to is None:
            await transport.open()
        else:
            await _open_to(transport, to)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.tend)
            yield Side(transport, poller, inbox)
            nursery.cancel_scope.cancel()
        transport.close()
    finally:
        poller.close()


async def _open_to(transport: Transport, server: Side) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.go_on)
        await transport.open()
        nursery.cancel_scope.cancel()


@contextmanager
def no_more_files(*, but: int = 0) -> Iterator[None]:
    """No descriptor can be opened in this block, but so many."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = list(map(int, os.listdir("/proc/self/fd"))) if but else []
    free = [number for number in range(max(taken, default=0) + but + 1) if number not in taken][:but]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1] + 1 if but else 0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def at(ip: str, *, remote_port: int = 0, local_port: int | None = 0) -> Addresses:
    """The addresses of a run on loopback: with a `remote_port` it calls there."""
    remote = {"remote_ip": ip, "remote_host": ip, "remote_port": remote_port} if remote_port else {}
    return Addresses(local_ip=ip, bind_ip=ip, local_port=local_port, **remote)  # type: ignore[arg-type]


def message(number: int = 1, body: bytes = b"") -> bytes:
    """A request that says its length, as a stream needs it."""
    return b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: %d\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body)
