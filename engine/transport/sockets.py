# SPDX-License-Identifier: AGPL-3.0-or-later
"""Making sockets: bound to what was asked, with the buffers that load needs, and the kernel's count of drops."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from pathlib import Path
from typing import Final

from engine.errors import BindError, TransportError
from engine.transport.addresses import DEFAULT_PORT, Addresses, bind_to_device, legible
from engine.transport.datagrams import SO_TIMESTAMPNS
from engine.transport.descriptors import shortage

# Linux's numbers for options that the socket module has no names for (asm-generic/socket.h).
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_IP_BIND_ADDRESS_NO_PORT: Final = 24
_MEMINFO: Final = struct.Struct("9I")
_MEMINFO_DROPS: Final = 8
_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
TRIED_PORTS: Final = 60
"""As SIPp does."""
LONGEST_UNREAD_NS: Final = 5_000_000_000
"""A datagram that seems to have waited for longer tells of a clock that was set."""


def bind(addresses: Addresses, kind: socket.SocketKind, buffer_size: int) -> socket.socket:
    """A non-blocking socket bound to the run's local address and port. Raises BindError.

    Without a port 5060 and the next 59 are tried, then any free one, as SIPp does.
    """
    if addresses.local_port is not None:
        return bind_port(addresses, kind, addresses.local_port, buffer_size)
    for port in range(DEFAULT_PORT, DEFAULT_PORT + TRIED_PORTS):
        try:
            return bind_port(addresses, kind, port, buffer_size)
        except BindError as error:
            if not error.taken_port:
                raise
    return bind_port(addresses, kind, 0, buffer_size)


def bind_port(addresses: Addresses, kind: socket.SocketKind, port: int, buffer_size: int) -> socket.socket:
    """A non-blocking socket bound to the run's local address and this port (0: any). Raises BindError, TransportError."""
    try:
        sock = socket.socket(addresses.family, kind | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise TransportError(f"no socket can be made: {shortage(error) or reason_of(error)}") from None
    try:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if not port:
                # The port is chosen when it connects: then only those taken are those with the same peer (ip(7)).
                sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        if addresses.device:
            bind_to_device(sock, addresses.device)
        sock.bind(addresses.bound_to(port))
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE and not port:
            raise BindError(_no_port_left(addresses.bind_ip)) from None
        place = f"{legible(addresses.bind_ip) or 'any address'} port {port or 'any'}"
        taken = port if error.errno == errno.EADDRINUSE else 0
        raise BindError(f"cannot bind to {place}: {error.strerror or error}; {_advice(error)}", taken) from None
    except BindError:
        sock.close()
        raise
    ask_buffers(sock, buffer_size)
    if kind == socket.SOCK_DGRAM:
        ask_stamps(sock)
    return sock


def ask_stamps(sock: socket.socket) -> None:
    """Have the kernel tell with each datagram when it came."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def monotonic_offset_ns() -> int:
    """What to add to wall time to have monotonic time, now."""
    return time.monotonic_ns() - time.time_ns()


def arrival_ns(stamp_ns: int, offset_ns: int, now_ns: int) -> int:
    """When a datagram came, on the monotonic clock, by the kernel's stamp in wall time.

    It is now when the kernel does not tell (0), or when what it tells cannot be: wall time may be set.
    """
    arrived_ns = stamp_ns + offset_ns
    return arrived_ns if 0 <= now_ns - arrived_ns < LONGEST_UNREAD_NS else now_ns


def _advice(error: OSError) -> str:
    return {
        errno.EADDRINUSE: "choose another with -p, or end the program that has it",
        errno.EADDRNOTAVAIL: "it is no address of this machine; choose one with -i",
        errno.EACCES: "ports below 1024 need privileges; choose another with -p",
    }.get(error.errno or 0, "choose another with -i and -p")


def _no_port_left(ip: str) -> str:
    """Every port that a program may be given is taken; they are some 28,000 an address."""
    try:
        first, last = _PORT_RANGE.read_text().split()
    except (OSError, ValueError):
        first, last = "1024", "65535"
    where = f"all ports from {first} to {last} of {ip or 'this machine'} are taken"
    return f"{where}; widen net.ipv4.ip_local_port_range, add addresses (-ip_list), or share sockets (-max_socket)"


def ask_buffers(sock: socket.socket, size: int) -> None:
    """Ask for buffers past the system's limit where we may, else up to it: what does not fit is dropped. 0 leaves them."""
    if not size:
        return
    for forced, usual in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, size)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, usual, size)


def shortage_of(sock: socket.socket, size: int) -> str:
    """What to tell when the kernel has given a socket smaller buffers than asked, or "". It counts double (socket(7))."""
    received, sent = (sock.getsockopt(socket.SOL_SOCKET, option) // 2 for option in (socket.SO_RCVBUF, socket.SO_SNDBUF))
    if min(received, sent) >= size:
        return ""
    return (
        f"the kernel gives {received} bytes for what comes and {sent} for what goes; "
        "raise its limits with 'sysctl -w net.core.rmem_max=N net.core.wmem_max=N', or run it as root"
    )


def drops_of(sock: socket.socket) -> int:
    """How many datagrams the kernel dropped at this socket; 0 where the kernel does not tell (Linux before 4.12)."""
    try:
        return int(_MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[_MEMINFO_DROPS])
    except (OSError, struct.error):
        return 0


def reason_of(error: OSError) -> str:
    """The system's sentence for an error."""
    return error.strerror or os.strerror(error.errno or 0)
