# SPDX-License-Identifier: AGPL-3.0-or-later
"""The way to Homer: datagrams, or a connection with or without TLS. Each knows of what it sent what it can know.

Of datagrams that is little: one counts as written when it has left, and the one before a refusal as dropped. Of what goes over
a connection it is more: a packet counts as written when the peer's machine has acknowledged all of it (`SIOCOUTQ`, tcp(7)).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import ssl
import struct
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, Protocol, TypeAlias

import trio

LOOKUP_S: Final = 5.0
CONNECT_S: Final = 5.0
"""For each address of the name, with the handshake of TLS."""
STALLED_S: Final = 10.0
"""A peer that takes nothing for so long is given up, and tried again."""
PART_S: Final = 1.0
AT_ONCE: Final = 64
MOST_AT_ONCE: Final = 512
"""Packets between two turns of the loop: so few, and more only when many wait."""
PAUSE_S: Final = 0.001
"""Between so many datagrams, for a receiver with the usual buffer to take them."""
PROOF_S: Final = 0.25
"""How long one datagram may take to be refused, before others follow it to a peer that refused the ones before."""

_TCP_NOTSENT_LOWAT: Final = 25
_MOST_UNSENT: Final = 131_072
"""Bytes that the kernel holds beside those that are under way: what waits is to wait here, where it is counted."""
_SIOCOUTQ: Final = 0x5411
_POLL_S: Final = 0.005
_SIXTEENTH: Final = 16
_REFUSED: Final = errno.ECONNREFUSED
_ITS_OWN: Final = (errno.EMSGSIZE, errno.EINVAL)
"""What keeps one datagram from leaving and not the next."""


Place: TypeAlias = "tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]"
"""An address as the socket module has it."""


class LinkBroken(Exception):
    """It goes no further: why, for a person."""


class Supply(Protocol):
    """Where packets come from, and who is told what has become of them."""

    async def take(self, most: int) -> list[bytes]:
        """The next that wait; [] when nothing comes any more."""

    def give_back(self, packets: list[bytes]) -> None:
        """These were not sent, and come first when more is taken."""

    def written(self, count: int) -> None:
        """So many are where they belong."""

    def dropped(self, count: int) -> None:
        """So many never will be."""

    def __len__(self) -> int:
        """How many wait."""


class Link(ABC):
    """One way to one host and port. `went_well` is called whenever the peer has taken something, as far as can be known."""

    def __init__(self, host: str, port: int, went_well: Callable[[], None]) -> None:
        self._host, self._port = host, port
        self._went_well = went_well

    @abstractmethod
    async def carry(self, supply: Supply) -> None:
        """Open it and send what comes until nothing does. Raises LinkBroken; then all that was taken has been accounted for."""

    def settle(self, supply: Supply) -> None:  # noqa: B027
        """Account for what has arrived meanwhile."""

    async def _addresses(self, kind: socket.SocketKind) -> list[tuple[socket.AddressFamily, Place]]:
        """Those of the host. Raises LinkBroken."""
        try:
            with trio.fail_after(LOOKUP_S):
                found = await trio.socket.getaddrinfo(self._host, self._port, type=kind)
        except trio.TooSlowError:
            raise LinkBroken(f"no answer within {LOOKUP_S:g} s to who {self._host} is") from None
        except (OSError, UnicodeError) as error:
            raise LinkBroken(f"{self._host} cannot be resolved: {_reason(error)}") from None
        return [(family, address) for family, _, _, _, address in found]


class DatagramLink(Link):
    """HEP over UDP."""

    def __init__(self, host: str, port: int, went_well: Callable[[], None]) -> None:
        super().__init__(host, port, went_well)
        self._was_refused = False

    async def carry(self, supply: Supply) -> None:
        """See `Link`."""
        with await self._open() as sock:
            if self._was_refused:
                await self._prove(sock, supply)
            while packets := await supply.take(min(MOST_AT_ONCE, max(AT_ONCE, len(supply) // _SIXTEENTH))):
                await self._send(sock, packets, supply)
                await trio.sleep(PAUSE_S)

    async def _open(self) -> socket.socket:
        """A socket that only the peer can answer. Raises LinkBroken."""
        why = ""
        for family, address in await self._addresses(socket.SOCK_DGRAM):
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            try:
                sock.connect(address)
                return sock
            except OSError as error:
                sock.close()
                why = _reason(error)
        raise LinkBroken(why)

    async def _prove(self, sock: socket.socket, supply: Supply) -> None:
        """Send one, and see whether it is refused."""
        await self._send(sock, await supply.take(1), supply, PROOF_S)

    async def _send(self, sock: socket.socket, packets: list[bytes], supply: Supply, wait_s: float = 0) -> None:
        """Send them, and account for each. Raises LinkBroken."""
        sent = unsent = 0
        while sent + unsent < len(packets):
            try:
                sock.send(packets[sent + unsent])
                sent += 1
            except BlockingIOError:
                await self._room(sock, packets[sent + unsent :], sent, unsent, supply)
            except OSError as error:
                if error.errno in _ITS_OWN:
                    unsent += 1
                else:
                    self._lose(error.errno or 0, packets[sent + unsent :], sent, unsent, supply)
        if wait_s:
            await trio.sleep(wait_s)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._lose(number, [], sent, unsent, supply)
        supply.written(sent)
        supply.dropped(unsent)
        if sent:
            self._was_refused = False
            self._went_well()

    async def _room(self, sock: socket.socket, rest: list[bytes], sent: int, unsent: int, supply: Supply) -> None:
        """Wait until the kernel takes more: it holds what is for a machine that it has not found yet."""
        with trio.move_on_after(STALLED_S) as limit:
            await trio.lowlevel.wait_writable(sock)
        if limit.cancelled_caught:
            self._lose(errno.EHOSTUNREACH, rest, sent, unsent, supply)

    def _lose(self, number: int, rest: list[bytes], sent: int, unsent: int, supply: Supply) -> None:
        """The network does not take them: a refusal is the answer to one that had left. Raises LinkBroken."""
        refused = min(sent, 1) if number == _REFUSED else 0
        supply.written(sent - refused)
        supply.dropped(unsent + refused)
        supply.give_back(rest)
        self._was_refused = True
        raise LinkBroken(errno_text(number))


class StreamLink(Link):
    """HEP over TCP, or TLS when there is a context. Packets follow one another: each says how long it is."""

    def __init__(self, host: str, port: int, went_well: Callable[[], None], context: ssl.SSLContext | None = None) -> None:
        super().__init__(host, port, went_well)
        self._context = context
        self._wire: _Wire | None = None
        self._under_way: deque[tuple[int, int]] = deque()
        """For each batch that has left: how many bytes had then, and how many packets it was."""
        self._in_hand = 0
        self._ended = ""

    async def carry(self, supply: Supply) -> None:
        """See `Link`."""
        self._ended, is_done = "", False
        async with self._connection() as stream:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._listen, stream, nursery.cancel_scope)
                    is_done = await self._pump(stream, supply)
                    nursery.cancel_scope.cancel()
            finally:
                self._give_up(supply)
            if is_done:
                await self._part(stream)
                return
        raise LinkBroken(self._ended)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[trio.abc.Stream]:
        """The stream to the first address that takes us; closed at the end. Raises LinkBroken."""
        why = ""
        for family, address in await self._addresses(socket.SOCK_STREAM):
            sock = trio.socket.socket(family, socket.SOCK_STREAM)
            try:
                with trio.fail_after(CONNECT_S), _told():
                    await sock.connect(address)
                    sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _MOST_UNSENT)
                    self._wire = _Wire(sock)
                    stream = await self._secured(self._wire)
            except (LinkBroken, trio.TooSlowError) as error:
                sock.close()
                why = str(error) or f"no connection within {CONNECT_S:g} s"
                continue
            except BaseException:
                sock.close()
                raise
            with sock:
                yield stream
            return
        raise LinkBroken(why)

    async def _secured(self, wire: _Wire) -> trio.abc.Stream:
        """The stream above the bytes on the wire. Raises what TLS raises."""
        if self._context is None:
            return wire
        stream = trio.SSLStream(wire, self._context, server_hostname=self._host.partition("%")[0])
        await stream.do_handshake()
        return stream

    async def _listen(self, stream: trio.abc.Stream, scope: trio.CancelScope) -> None:
        """Learn that the peer has gone; what it says, which Homer does not, is nothing to us."""
        try:
            with _told():
                while await stream.receive_some():
                    pass
            self._ended = "it has closed the connection"
        except LinkBroken as error:
            self._ended = self._ended or str(error)
        scope.cancel()

    async def _pump(self, stream: trio.abc.Stream, supply: Supply) -> bool:
        """Send what comes; whether all of it has arrived."""
        while packets := await supply.take(AT_ONCE):
            self._in_hand = len(packets)
            with trio.move_on_after(STALLED_S) as limit:
                try:
                    with _told():
                        await stream.send_all(b"".join(packets))
                except LinkBroken as error:
                    self._ended = self._ended or str(error)
                    return False
            if limit.cancelled_caught:
                self._ended = f"it has taken nothing for {STALLED_S:g} s"
                return False
            self._leave()
            self.settle(supply)
        return await self._arrive(supply)

    def _leave(self) -> None:
        """What was in hand is the kernel's now."""
        if self._wire is not None:
            self._under_way.append((self._wire.sent, self._in_hand))
            self._in_hand = 0

    async def _arrive(self, supply: Supply) -> bool:
        """Wait for the peer's machine to have all of it; whether it has."""
        with trio.move_on_after(STALLED_S):
            while self._under_way:
                self.settle(supply)
                await trio.sleep(_POLL_S)
            return True
        self._ended = f"it has acknowledged nothing for {STALLED_S:g} s"
        return False

    async def _part(self, stream: trio.abc.Stream) -> None:
        """Say goodbye where TLS has a word for it: without, what was read looks cut off."""
        with trio.move_on_after(PART_S), contextlib.suppress(LinkBroken), _told():
            await stream.aclose()

    def settle(self, supply: Supply) -> None:
        """See `Link`."""
        if not self._under_way or self._wire is None:
            return
        acknowledged, count = self._wire.acknowledged, 0
        while self._under_way and self._under_way[0][0] <= acknowledged:
            count += self._under_way.popleft()[1]
        if count:
            supply.written(count)
            self._went_well()

    def _give_up(self, supply: Supply) -> None:
        """The connection is over: what has not arrived is not known to have been read by anybody."""
        self.settle(supply)
        supply.dropped(sum(count for _, count in self._under_way) + self._in_hand)
        self._under_way.clear()
        self._in_hand = 0
        self._wire = None


class _Wire(trio.abc.Stream):
    """A TCP connection that counts what it has sent, below TLS where there is any."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._sock = sock
        self._stream = trio.SocketStream(sock)
        self.sent = 0

    @property
    def acknowledged(self) -> int:
        """How many bytes the peer's machine has acknowledged."""
        try:
            return self.sent - int(struct.unpack("i", fcntl.ioctl(self._sock.fileno(), _SIOCOUTQ, b"\0\0\0\0"))[0])
        except (OSError, ValueError):  # closed
            return 0

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """See `trio.abc.SendStream`."""
        await self._stream.send_all(data)
        self.sent += len(data)

    async def wait_send_all_might_not_block(self) -> None:
        """See `trio.abc.SendStream`."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """See `trio.abc.ReceiveStream`."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """See `trio.abc.AsyncResource`."""
        await self._stream.aclose()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What a connection raises, as LinkBroken."""
    try:
        yield
    except (OSError, ValueError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
        cause = error.__cause__ if isinstance(error, trio.BrokenResourceError) and error.__cause__ else error
        raise LinkBroken(_reason(cause)) from None


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}; -hep_tls_ca says whom to trust"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return errno_text(error.errno)
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) or "the connection is broken"


def errno_text(number: int) -> str:
    """What an errno says, as `OSError` has it."""
    return os.strerror(number)
