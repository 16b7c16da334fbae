# SPDX-License-Identifier: AGPL-3.0-or-later
"""Waiting for sockets to the microsecond.

`epoll_wait` takes its timeout in milliseconds, which is the whole interval between two calls at 1,000 a second.
`select` takes microseconds but is slow with many descriptors. An epoll descriptor is itself readable when one of its
sockets is, so `select` waits for that one descriptor and the epoll says which.

What is ready is called in small lots, for so long at most: the kernel puts those of a lot at the end of its list, so that of
hundreds of flooded sockets each has its turn, and due calls and timers have theirs in between.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Final

from engine.errors import TransportError

Ready = Callable[[], None]

_READ: Final = select.EPOLLIN
_BOTH: Final = select.EPOLLIN | select.EPOLLOUT
_NO_ERROR: Final = ~select.EPOLLERR
LOT: Final = 32
"""Descriptors that the kernel is asked for at once."""
LONGEST_NS: Final = 2_000_000
"""After so long the rest waits for the next `dispatch`: a started call may be late by that, and by what one socket brings."""
_FD_SETSIZE: Final = 1024
"""`select` knows no descriptors from here on."""


class Poller:
    """Descriptors and what to call when they can be read or written. Single-threaded.

    `longest_ns` is how long `dispatch` may take: less where something else has to be done more often.
    """

    __slots__ = ("_epoll", "_hearers", "_left", "_now_ns", "_readers", "_writers", "longest_ns")

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
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
        self._now_ns = now_ns
        self.longest_ns = LONGEST_NS
        self._left: list[tuple[int, int]] = []
        self._readers: dict[int, Ready] = {}
        self._hearers: dict[int, Ready] = {}
        self._writers: dict[int, Ready] = {}

    def fileno(self) -> int:
        """The descriptor that is readable when any of the others is ready."""
        return self._epoll.fileno()

    def add(self, descriptor: int, on_readable: Ready, on_error: Ready | None = None) -> None:
        """Watch a descriptor. Raises OSError when the kernel will watch no more (epoll_ctl(2), ENOSPC and ENOMEM).

        An error is told to `on_error`, or else by reading.
        """
        self._epoll.register(descriptor, _READ)
        self._readers[descriptor] = on_readable
        if on_error is not None:
            self._hearers[descriptor] = on_error

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
        self._hearers.pop(descriptor, None)
        self._writers.pop(descriptor, None)
        self._epoll.unregister(descriptor)

    def wait(self, timeout_s: float) -> bool:
        """Wait for at most so long; True when something is ready."""
        return bool(select.select((self._epoll,), (), (), timeout_s)[0])

    def dispatch(self) -> None:
        """Call what is ready, within limits; what there was no time for comes first the next time."""
        until_ns = self._now_ns() + self.longest_ns
        while self._call_lot(until_ns):
            pass

    def _call_lot(self, until_ns: int) -> bool:
        """Call a lot of what is ready; whether more may be, and there is time for it."""
        left, more = self._left, True
        if not left:
            left = self._left = self._epoll.poll(0, LOT)
            left.reverse()  # who has waited longest comes first
            more = len(left) == LOT
        while left:
            descriptor, events = left.pop()
            self._call(descriptor, events)
            if self._now_ns() >= until_ns:
                return False
        return more

    def _call(self, descriptor: int, events: int) -> None:
        """Call those who wait for these events, as long as they do: one call may end what the next would be for."""
        if events & select.EPOLLERR:
            hearer = self._hearers.get(descriptor)
            if hearer is not None:
                hearer()
                events &= _NO_ERROR
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
