# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sending packets whose payloads are not copied: `sendmsg(2)` with a header here and a payload there, `sendmmsg(2)` for many.

Each stream has a few bytes of memory, laid out as the kernel wants it: its RTP header, where it goes, and where header and
payload lie. A packet writes the header and the place of the payload anew, and that is all. Packets of streams that share a
socket are gathered and leave in one system call; a stream with a socket of its own sends at once. Both calls are those of the C
library, as in `engine.transport.datagrams`: the socket module would make objects of every part, and has no `sendmmsg`.

What cannot be sent is counted: media that is late is worth nothing, so nothing is sent again, and nothing waits.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from typing import Final

from engine.errors import TransportError
from engine.media.outlet import Outlet, Sender
from engine.media.rtp import HEADER, HEADER_BYTES, VERSION_BITS
from engine.transport.datagrams import MMSGHDR, address_of

MOST_GATHERED: Final = 64
"""Packets that leave in one system call."""
MOST_TRIES: Final = 3
"""To send a packet: each may fail with what the network says of an earlier one, and then did not try."""

_VECTORS: Final = struct.Struct("@PNPN")
_MESSAGE_BYTES: Final = MMSGHDR.size
"""A `struct mmsghdr`, which begins with the `struct msghdr` that `sendmsg` takes."""
_HEADER_AT: Final = 0
_VECTORS_AT: Final = 16
_NAME_AT: Final = _VECTORS_AT + _VECTORS.size
_MESSAGE_AT: Final = _NAME_AT + 32
_SIZE: Final = _MESSAGE_AT + MMSGHDR.size
_FAMILY: Final = struct.Struct("@H")
_PORT: Final = struct.Struct("!H")
_PORT_FLOW: Final = struct.Struct("!HI")
_SCOPE: Final = struct.Struct("@I")

_libc: Final = ctypes.PyDLL(None, use_errno=True)
# Without `argtypes`, which take longer to be heeded than the call itself: numbers are passed as `int`, addresses as `c_void_p`.
_sendmsg: Final = _libc.sendmsg
_sendmmsg: Final = _libc.sendmmsg
_DONTWAIT: Final = int(socket.MSG_DONTWAIT)
_PASSING: Final = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EINTR)
"""What the kernel may say of an earlier packet instead of sending this one."""


def sockaddr(family: int, destination: object) -> bytes:
    """A `struct sockaddr_in` or `sockaddr_in6` (ip(7), ipv6(7)) of an address. Raises TransportError."""
    match destination:
        case (str(ip), int(port)):
            flow = scope = 0
        case (str(ip), int(port), int(flow), int(scope)):
            pass
        case _:
            raise TransportError(f"media cannot be sent to {destination!r}: it is no address")
    try:
        if family == socket.AF_INET6:
            packed = socket.inet_pton(family, ip if ":" in ip else f"::ffff:{ip}")
            return b"".join((_FAMILY.pack(family), _PORT_FLOW.pack(port, flow), packed, _SCOPE.pack(scope)))
        return b"".join((_FAMILY.pack(family), _PORT.pack(port), socket.inet_pton(family, ip), bytes(8)))
    except (OSError, ValueError, struct.error):
        kind = "IPv6" if family == socket.AF_INET6 else "IPv4"
        raise TransportError(f"media cannot be sent to {ip} port {port}: it is no {kind} address") from None


class Losses:
    """What could not be sent, by errno."""

    __slots__ = ("by_errno", "packets")

    def __init__(self) -> None:
        self.packets = 0
        self.by_errno: dict[int, int] = {}

    def count(self, number: int, packets: int) -> None:
        """So many packets were lost, because of this."""
        self.packets += packets
        self.by_errno[number] = self.by_errno.get(number, 0) + packets


class RtpOutlet(Outlet):
    """See `Outlet`. `gate` is its socket's."""

    __slots__ = (
        "_address",
        "_base",
        "_gate",
        "_made",
        "_made_address",
        "_memory",
        "_message",
        "_octets",
        "_payloads",
        "message",
        "round",
    )

    def __init__(self, gate: Gate, destination: object) -> None:
        super().__init__()
        name = sockaddr(gate.family, destination)
        self._gate = gate
        self._memory = bytearray(_SIZE)
        self._address = address_of(self._memory)
        self._message = ctypes.c_void_p(self._address + _MESSAGE_AT)
        self._memory[_NAME_AT : _NAME_AT + len(name)] = name
        MMSGHDR.pack_into(
            self._memory,
            _MESSAGE_AT,
            self._address + _NAME_AT,
            len(name),
            self._address + _VECTORS_AT,
            2,
            0,
            0,
            0,
            0,
        )
        self.message = bytes(self._memory[_MESSAGE_AT:])
        """Its `struct mmsghdr`, which is always the same: what changes is what it points to."""
        self._payloads = b""
        self._base = 0
        self._made = bytearray()
        self._made_address = 0
        self._octets = 0
        self.round = 0
        """The last round of its gate in which it was gathered."""

    def send_rtp(self, second: int, sequence: int, timestamp: int, ssrc: int, payloads: bytes, start: int, size: int) -> bool:
        """See `Outlet`."""
        gate = self._gate
        if self.round == gate.round:
            gate.flush()
        if payloads is not self._payloads:
            self._adopt(payloads)
        memory, address = self._memory, self._address
        HEADER.pack_into(memory, _HEADER_AT, VERSION_BITS, second, sequence, timestamp, ssrc)
        _VECTORS.pack_into(memory, _VECTORS_AT, address, HEADER_BYTES, self._base + start, size)
        self._octets = size
        return gate.send(self, self._message)

    def send_whole(self, payloads: bytes, start: int, size: int) -> bool:
        """See `Outlet`."""
        gate = self._gate
        if self.round == gate.round:
            gate.flush()
        if payloads is not self._payloads:
            self._adopt(payloads)
        _VECTORS.pack_into(self._memory, _VECTORS_AT, self._address, 0, self._base + start, size)
        self._octets = max(0, size - HEADER_BYTES)
        return gate.send(self, self._message)

    def send_made(self, datagram: bytes) -> bool:
        """See `Outlet`."""
        gate = self._gate
        if self.round == gate.round:
            gate.flush()
        size = len(datagram)
        if size > len(self._made):
            self._made = bytearray(size + 64)
            self._made_address = address_of(self._made)
        self._made[:size] = datagram
        _VECTORS.pack_into(self._memory, _VECTORS_AT, self._address, 0, self._made_address, size)
        self._octets = max(0, size - HEADER_BYTES)
        return gate.send(self, self._message)

    def _adopt(self, payloads: bytes) -> None:
        """Keep them, and know where they lie."""
        self._payloads = payloads
        self._base = ctypes.cast(ctypes.c_char_p(payloads), ctypes.c_void_p).value or 0

    def lose(self) -> None:
        """The last packet was not sent."""
        self.lost += 1
        self.lost_octets += self._octets


class Gate:
    """What the packets of one socket go through; `shared`: they are gathered, and leave with the next flush."""

    __slots__ = ("_address", "_losses", "_messages", "_sender", "_shared", "_view", "_waiting", "descriptor", "family", "round")

    def __init__(self, descriptor: int, family: int, sender: RtpSender, shared: bool) -> None:
        self.descriptor = descriptor
        """-1 when the socket is closed."""
        self.family = family
        self.round = 1
        self._sender = sender
        self._losses = sender.losses
        self._shared = shared
        self._messages = bytearray(MMSGHDR.size * MOST_GATHERED if shared else 0)
        self._address = address_of(self._messages) if shared else 0
        self._view = memoryview(self._messages)
        self._waiting: list[RtpOutlet] = []

    def send(self, outlet: RtpOutlet, message: ctypes.c_void_p) -> bool:
        """Send what an outlet has written, whose message lies there, or gather it; whether it has left or been lost."""
        if not self._shared:
            sent: int = _sendmsg(self.descriptor, message, _DONTWAIT)
            if sent < 0:
                self._try_again(outlet, message)
            return True
        waiting = self._waiting
        if not waiting:
            self._sender.waiting.append(self)
        elif len(waiting) >= MOST_GATHERED:
            self.flush()
        at = len(waiting) * _MESSAGE_BYTES
        self._view[at : at + _MESSAGE_BYTES] = outlet.message
        waiting.append(outlet)
        outlet.round = self.round
        return False

    def flush(self) -> None:
        """Send what was gathered."""
        waiting = self._waiting
        done, count, tries = 0, len(waiting), 0
        while done < count:
            first = ctypes.c_void_p(self._address + done * MMSGHDR.size)
            sent: int = _sendmmsg(self.descriptor, first, count - done, _DONTWAIT)
            if sent > 0:
                done += sent
                tries = 0
                continue
            number = ctypes.get_errno() or errno.EIO
            tries += 1
            if number in _PASSING and tries < MOST_TRIES:
                continue
            # Without room there is none for the others either; what else keeps one from leaving need not keep the next.
            lost = count - done if number in (errno.EAGAIN, errno.EBADF) else 1
            self._lose(number, done, lost)
            done += lost
            tries = 0
        waiting.clear()
        self.round += 1

    def _lose(self, number: int, first: int, packets: int) -> None:
        self._losses.count(number, packets)
        for outlet in self._waiting[first : first + packets]:
            outlet.lose()

    def _try_again(self, outlet: RtpOutlet, message: ctypes.c_void_p) -> None:
        """A packet was not sent, for its own sake or because the kernel told of another instead."""
        number = ctypes.get_errno() or errno.EIO
        for _ in range(MOST_TRIES - 1):
            if number not in _PASSING:
                break
            if _sendmsg(self.descriptor, message, _DONTWAIT) >= 0:
                return
            number = ctypes.get_errno() or errno.EIO
        self._losses.count(number, 1)
        outlet.lose()


class RtpSender(Sender):
    """The gates of a shard: which of them have something gathered, and what was lost."""

    __slots__ = ("losses", "waiting")

    def __init__(self) -> None:
        super().__init__()
        self.losses = Losses()
        self.waiting: list[Gate] = []

    def flush(self) -> None:
        """See `Sender`."""
        for gate in self.waiting:
            gate.flush()
        self.waiting.clear()
