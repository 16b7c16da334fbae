# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where calls go and where they come from: `host:port` as people write it, name look-up, the local address."""

from __future__ import annotations

import re
import socket

import msgspec
import trio

from engine.errors import OptionError, TransportError

DEFAULT_PORT = 5060
"""RFC 3261 section 18.1.1 for UDP and TCP."""

_REMOTE = re.compile(
    r"\[(?P<bracketed>[^\[\]]+)\](?::(?P<v6_port>[0-9]+))?|(?P<host>[^:\[\]]+)(?::(?P<port>[0-9]+))?|(?P<v6>[^\[\]]*:[^\[\]]*:[^\[\]]*)"
)
_PORT_DIGITS = 5


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a run, as numbers. `remote_ip` is "" for a server that was given no host.

    `local_ip` is what messages say; `bind_ip` is what sockets are bound to, "" for every address. `local_port` is None
    when it was not given: then 5060 is tried, then any free port. `sources` are the addresses that calls come from, or come to
    at a server, where they are more than one: those of -ip_list in its order, or the different ones of -ip_field.
    """

    local_ip: str
    bind_ip: str = ""
    local_port: int | None = None
    remote_host: str = ""
    remote_ip: str = ""
    remote_port: int = DEFAULT_PORT
    sources: tuple[str, ...] = ()

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6, by the local address."""
        return socket.AF_INET6 if ":" in self.local_ip else socket.AF_INET

    def of(self, source_ip: str) -> Addresses:
        """Those of a call that comes from this address; "": the run's."""
        return msgspec.structs.replace(self, local_ip=source_ip, bind_ip=source_ip) if source_ip else self

    @property
    def remote(self) -> tuple[str, int]:
        """The remote address for a socket call."""
        return (self.remote_ip, self.remote_port)


def split_host_port(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address. Raises OptionError."""
    found = _REMOTE.fullmatch(text)
    port = (found["v6_port"] or found["port"] or str(default_port)) if found else ""
    if found is None or len(port) > _PORT_DIGITS or not 0 < int(port) < 65536:
        raise OptionError("<remote>", text, f"'{text}' is not host, host:port or [IPv6]:port with a port from 1 to 65535")
    return found["bracketed"] or found["host"] or found["v6"], int(port)


async def resolve(
    remote: str,
    local_ip: str,
    local_port: int | None,
    default_port: int = DEFAULT_PORT,
    family: socket.AddressFamily = socket.AF_UNSPEC,
) -> Addresses:
    """The addresses of a run from what was asked for; `remote` may be empty.

    Without a local address it is the one that the route to the remote goes out by, or this host's own for a server; both are of
    this `family` then.
    Raises OptionError or TransportError.
    """
    host, port = split_host_port(remote, default_port) if remote else ("", default_port)
    local = await _lookup(local_ip, "-i") if local_ip else ""
    if local:
        family = socket.AF_INET6 if ":" in local else socket.AF_INET
    remote_ip = await _lookup(host, "the remote host", family) if host else ""
    return Addresses(
        local_ip=local or (_route_to(remote_ip, port) if remote_ip else await _own_address(family)),
        bind_ip=local,
        local_port=local_port,
        remote_host=host,
        remote_ip=remote_ip,
        remote_port=port,
    )


async def _lookup(host: str, what: str, family: int = socket.AF_UNSPEC) -> str:
    """The first address of a host, IPv4 before IPv6 as SIPp does."""
    try:
        found = await trio.socket.getaddrinfo(host.strip("[]"), None, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TransportError(f"{host}: {what} cannot be resolved: {reason}") from None
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return str(found[0][4][0])


def _route_to(ip: str, port: int) -> str:
    """The local address that packets to `ip` leave from; nothing is sent."""
    with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ip, port))
        except OSError as error:
            raise TransportError(f"{ip}: no route to the remote host: {error.strerror}") from None
        return str(probe.getsockname()[0])


async def _own_address(family: socket.AddressFamily) -> str:
    """This host's primary address, by its name; loopback when the name says nothing."""
    is_v6 = family == socket.AF_INET6
    try:
        return await _lookup(socket.gethostname(), "this host", socket.AF_INET6 if is_v6 else socket.AF_INET)
    except TransportError:
        return "::1" if is_v6 else "127.0.0.1"
