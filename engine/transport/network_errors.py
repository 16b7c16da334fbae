# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the network answers to datagrams that do not arrive: ICMP's errors, as Linux keeps them at a socket.

A socket that is not connected hears nothing of them unless it asks (ip(7) and ipv6(7), IP_RECVERR): then each waits in a queue
of its own, with where the datagram was sent, and the next call on the socket fails with it, whatever that was to do.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Final

_RECVERR: Final = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""Linux's numbers for IP_RECVERR and IPV6_RECVERR, which the socket module has no names for (linux/in.h, in6.h); also the
types of the control messages that bring the errors."""
_ERROR: Final = struct.Struct("@IBBBxII")
"""A `struct sock_extended_err` (linux/errqueue.h): errno, origin, ICMP's type and code, information, data."""
_FROM_ICMP: Final = (2, 3)
"""Origins: not our own kernel, which has told already when it refused to send."""
_QUOTED: Final = 1
"""Bytes that are wanted of the datagram."""
_CONTROL: Final = 256
"""Room for the error, who sent it, and the kernel's stamp."""

_MEANING: Final = {
    errno.ECONNREFUSED: "nothing listens there",
    errno.EHOSTUNREACH: "the host is not there, or a firewall keeps us out",
    errno.ENETUNREACH: "there is no way to its network",
    errno.EACCES: "a firewall keeps us out",
    errno.ENOPROTOOPT: "it does not speak UDP",
}


def ask_errors(sock: socket.socket) -> None:
    """Have the kernel keep the errors of this socket's datagrams. Raises OSError."""
    level, option = _RECVERR[sock.family]
    sock.setsockopt(level, option, 1)


def next_error(sock: socket.socket) -> str | None:
    """The next of a socket's errors, for people, or "" when it is nothing to be told; None when there is none left."""
    try:
        _, controls, _, destination = sock.recvmsg(_QUOTED, _CONTROL, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except OSError:
        return None
    for level, option, told in controls:
        if (level, option) == _RECVERR[sock.family] and len(told) >= _ERROR.size:
            number, origin, kind, code, _, _ = _ERROR.unpack_from(told)
            # A datagram that was too long for the way is cut from now on; what was lost is sent again.
            if origin not in _FROM_ICMP or number == errno.EMSGSIZE:
                return ""
            meaning = _MEANING.get(number) or os.strerror(number)
            return f"{destination[0]} port {destination[1]} cannot be reached: {meaning} (ICMP type {kind} code {code})"
    return ""
