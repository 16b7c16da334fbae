# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading datagrams many at a time, with who sent each and when the kernel had it.

`recvmmsg(2)` reads what waits at a socket in one system call, and says with fewer datagrams than there was room for that
nothing more waits. Python's socket module does not have it, so it is called as it stands in the C library, on memory
laid out here as the kernel wants it. `recvmsg` costs a system call for each datagram, one more to find that there is none
left, and makes Python objects of each part of its answer.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import Final

LARGEST_DATAGRAM: Final = 65_536
"""Room for each; memory that no datagram needed is never touched."""
SO_TIMESTAMPNS: Final = 35
"""Have the kernel tell when it had each datagram: Linux's number, which the socket module has no name for; also the type
of the control message that tells it (asm-generic/socket.h)."""

IOVEC: Final = struct.Struct("@PN")
"""A `struct iovec`: where memory lies, and its size."""
MMSGHDR: Final = struct.Struct("@PIPNPNi0PI0P")
"""A `struct mmsghdr` (recvmsg(2)): name, its size, vectors, how many, control, its size, flags; and the length read."""
_WORD: Final = struct.calcsize("@I")
_LENGTH_AT: Final = (MMSGHDR.size - struct.calcsize("@I0P")) // _WORD
_NAME: Final = 32
"""Bytes for the address of the sender: a `sockaddr_in6` has 28."""
_ABOUT: Final = struct.Struct(f"@{_NAME}sNiill0P")
"""What the kernel tells about a datagram: the sender, then a `struct cmsghdr` with a `struct timespec`."""
_IPV4: Final = struct.Struct("!2xH4s")
_IPV6: Final = struct.Struct("!2xHI16s")
_SCOPE: Final = struct.Struct("@I")
"""The number of a device: alone in a `struct sockaddr_in6` (ipv6(7)) it has the machine's order of bytes."""
_FAMILY: Final = struct.Struct("@H")
_NS: Final = 1_000_000_000
_MOST_SENDERS: Final = 1000

_recvmmsg: Final = ctypes.PyDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)

Address = tuple[str, int] | tuple[str, int, int, int]
"""As the socket module has it, for IPv4 and for IPv6."""


class Inbox:
    """Room for datagrams: `read` fills it, and until the next `read` they are there by their indices."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._data = bytearray(capacity * LARGEST_DATAGRAM)
        self._about = bytearray(capacity * _ABOUT.size)
        self._vectors = bytearray(capacity * IOVEC.size)
        self._headers = bytearray(capacity * MMSGHDR.size)
        self._address = address_of(self._headers)
        for index in range(capacity):
            self._lay_out(index)
        # The kernel writes over the sizes that it was given, and leaves standing what it does not write.
        self._fresh_headers = bytes(self._headers)
        self._fresh_about = bytes(self._about)
        self._used = 0
        self._data_view = memoryview(self._data)
        self._header_view = memoryview(self._headers)
        self._about_view = memoryview(self._about)
        self._words = self._header_view.cast("I")
        self._senders: dict[bytes, Address] = {}

    def _lay_out(self, index: int) -> None:
        data = address_of(self._data) + index * LARGEST_DATAGRAM
        vector = address_of(self._vectors) + index * IOVEC.size
        name = address_of(self._about) + index * _ABOUT.size
        IOVEC.pack_into(self._vectors, index * IOVEC.size, data, LARGEST_DATAGRAM)
        control = (name + _NAME, _ABOUT.size - _NAME)
        MMSGHDR.pack_into(self._headers, index * MMSGHDR.size, name, _NAME, vector, 1, *control, 0, 0)

    @property
    def capacity(self) -> int:
        """The most datagrams that one `read` brings."""
        return self._capacity

    def read(self, descriptor: int) -> int:
        """Read what waits at a socket; how many datagrams. Raises OSError, BlockingIOError when there is none."""
        headers, about = self._used * MMSGHDR.size, self._used * _ABOUT.size
        self._header_view[:headers] = self._fresh_headers[:headers]
        self._about_view[:about] = self._fresh_about[:about]
        count: int = _recvmmsg(descriptor, self._address, self._capacity, socket.MSG_DONTWAIT, None)
        if count < 0:
            self._used = 0
            number = ctypes.get_errno() or errno.EIO
            raise OSError(number, os.strerror(number))
        self._used = count
        return count

    def data(self, index: int) -> bytes:
        """A datagram."""
        start = index * LARGEST_DATAGRAM
        size: int = self._words[index * (MMSGHDR.size // _WORD) + _LENGTH_AT]
        return self._data_view[start : start + size].tobytes()

    def about(self, index: int) -> tuple[Address, int]:
        """Who sent a datagram, and the wall time in ns at which it came; 0 where the kernel does not tell."""
        name, _, _, kind, seconds, nanoseconds = _ABOUT.unpack_from(self._about, index * _ABOUT.size)
        sender = self._senders.get(name)
        if sender is None:
            sender = self._remember(name)
        return sender, seconds * _NS + nanoseconds if kind == SO_TIMESTAMPNS else 0

    def _remember(self, name: bytes) -> Address:
        """Senders are remembered, for there are few and writing an address out takes time."""
        if len(self._senders) >= _MOST_SENDERS:
            self._senders.clear()
        sender = self._senders[name] = _address(name)
        return sender


def _address(name: bytes) -> Address:
    if _FAMILY.unpack_from(name)[0] == socket.AF_INET6:
        port, flow, ip = _IPV6.unpack_from(name)
        return socket.inet_ntop(socket.AF_INET6, ip), port, flow, _SCOPE.unpack_from(name, _IPV6.size)[0]
    port, ip = _IPV4.unpack_from(name)
    return socket.inet_ntop(socket.AF_INET, ip), port


def address_of(memory: bytearray) -> int:
    """Where memory lies; it stays there as long as it is not resized, which a view of it forbids."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
