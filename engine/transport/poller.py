# SPDX-License-Identifier: AGPL-3.0-or-later
"""Waiting for sockets to the microsecond.

`epoll_wait` takes its timeout in milliseconds, which is the whole interval between two calls at 1,000 a second.
`select` takes microseconds but is slow with many descriptors. An epoll descriptor is itself readable when one of its
sockets is, so `select` waits for that one descriptor and the epoll says which.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Final

from engine.errors import TransportError

Ready = Callable[[], None]

_READ: Final = select.EPOLLIN
_BOTH: Final = select.EPOLLIN | select.EPOLLOUT
MOST_EVENTS: Final = 256
_FD_SETSIZE: Final = 1024
"""`select` knows no descriptors from here on."""


class Poller:
    """Descriptors and what to call when they can be read or written. Single-threaded."""

    __slots__ = ("_epoll", "_readers", "_writers")

    def __init__(self) -> None:
        """Raises TransportError when this process has too many files open."""
        try:
            self._epoll = select.epoll()
        except OSError as error:
            raise TransportError(
                f"sockets cannot be waited for: {error.strerror}; see the limit of open files (ulimit -n)"
            ) from None
        if self._epoll.fileno() >= _FD_SETSIZE:
            self._epoll.close()
            raise TransportError(
                f"sockets cannot be waited for: this process has {_FD_SETSIZE} files open; end another run first"
            )
        self._readers: dict[int, Ready] = {}
        self._writers: dict[int, Ready] = {}

    def fileno(self) -> int:
        """The descriptor that is readable when any of the others is ready."""
        return self._epoll.fileno()

    def add(self, descriptor: int, on_readable: Ready) -> None:
        """Watch a descriptor. Raises OSError when the kernel will watch no more (epoll_ctl(2), ENOSPC and ENOMEM)."""
        self._epoll.register(descriptor, _READ)
        self._readers[descriptor] = on_readable

    def when_writable(self, descriptor: int, on_writable: Ready | None) -> None:
        """Also call `on_writable` when the watched descriptor can be written to; None ends that."""
        if on_writable is None:
            self._writers.pop(descriptor, None)
        else:
            self._writers[descriptor] = on_writable
        self._epoll.modify(descriptor, _READ if on_writable is None else _BOTH)

    def remove(self, descriptor: int) -> None:
        """Stop watching a descriptor; to be called before it is closed."""
        self._readers.pop(descriptor, None)
        self._writers.pop(descriptor, None)
        self._epoll.unregister(descriptor)

    def wait(self, timeout_s: float) -> bool:
        """Wait for at most so long; True when something is ready."""
        return bool(select.select((self._epoll,), (), (), timeout_s)[0])

    def dispatch(self) -> None:
        """Call what is ready, each once."""
        for descriptor, events in self._epoll.poll(0, MOST_EVENTS):
            if events & ~select.EPOLLOUT:
                reader = self._readers.get(descriptor)
                if reader is not None:
                    reader()
            if events & select.EPOLLOUT:
                writer = self._writers.get(descriptor)
                if writer is not None:
                    writer()

    def close(self) -> None:
        """Close the epoll descriptor; the watched ones are their owners' to close."""
        self._epoll.close()
