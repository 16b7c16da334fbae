# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where calls go and where they come from: `host:port` as people write it, name look-up, the local address.

An IPv6 address of one link only says on which by its zone (`fe80::1%eth0`, RFC 4007). Sockets need it as a number; messages
must not have it, for it means nothing on another machine (RFC 4007 section 11.2), and RFC 3261 has no place for it.
"""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import trio

from engine.errors import BindError, OptionError, TransportError
from engine.transport.datagrams import Address

DEFAULT_PORT = 5060
"""RFC 3261 section 18.1.1 for UDP and TCP."""

_REMOTE = re.compile(
    r"\[(?P<bracketed>[^\[\]]+)\](?::(?P<v6_port>[0-9]+))?|(?P<host>[^:\[\]]+)(?::(?P<port>[0-9]+))?|(?P<v6>[^\[\]]*:[^\[\]]*:[^\[\]]*)"
)
_PORT_DIGITS = 5
_FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a run, as numbers.

    What messages say: `local_ip`, `remote_host`, `remote_ip` and `remote_port`, without zones. `remote_ip` is "" for a server
    that was given no host. What sockets have: `bind_ip`, "" for every address; `device`, "" for every one; `destinations`,
    where calls go, in the order in which they are tried, all to `destination_port` of `destination_host` (without them to the
    remote host); these with the numbers of their zones (`fe80::1%2`). `zone` is that of addresses which do not say theirs.

    `local_port` is None when it was not given: then 5060 is tried and those after it, then any free port. `listens`: calls
    come in. `sends_aside`: all that is sent goes to the destination, answers to calls that come in too (-rsa). `sources` are
    the addresses that calls come from, or come to at a server, where they are more than one: those of -ip_list in its order,
    or the different ones of -ip_field.
    """

    local_ip: str
    bind_ip: str = ""
    device: str = ""
    zone: int = 0
    local_port: int | None = None
    remote_host: str = ""
    remote_ip: str = ""
    remote_port: int = DEFAULT_PORT
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    destination_host: str = ""
    destination_port: int = 0
    listens: bool = False
    sends_aside: bool = False

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6, by the local address."""
        return socket.AF_INET6 if ":" in self.local_ip else socket.AF_INET

    def of(self, source_ip: str) -> Addresses:
        """Those of a call that comes from this address; "": the run's."""
        return msgspec.structs.replace(self, local_ip=source_ip, bind_ip=source_ip) if source_ip else self

    @property
    def connects(self) -> bool:
        """Whether a transport with connections makes the first, and does not wait for others to."""
        return bool(self.remote_ip) and not self.listens

    @property
    def remotes(self) -> tuple[Address, ...]:
        """Where calls go, for socket calls; the first is meant, the others are for when it refuses."""
        port = self.destination_port or self.remote_port
        return tuple(self.place(ip, port) for ip in self.destinations or (self.remote_ip,))

    @property
    def remote(self) -> Address:
        """Where calls go, for a socket call."""
        return self.remotes[0]

    @property
    def destination(self) -> tuple[str, int]:
        """Name and port by which it was asked for: what a peer with a name of its own goes by (TLS, WebSocket)."""
        return self.destination_host or self.remote_host, self.destination_port or self.remote_port

    def place(self, ip: str, port: int) -> Address:
        """An address for a socket call. Raises OSError when it names a device that is none."""
        if ":" not in ip:
            return ip, port
        bare, _, zone = ip.partition("%")
        return bare, port, 0, zone_number(zone) if zone else self.zone if is_of_a_link(bare) else 0

    def bound_to(self, port: int) -> Address:
        """The local address with this port, for a socket call."""
        return self.place(self.bind_ip, port)


def zone_number(zone: str) -> int:
    """The number of a zone, which is a device's name or its number. Raises OSError when there is no such device."""
    return int(zone) if zone.isascii() and zone.isdecimal() else socket.if_nametoindex(zone)


def is_of_a_link(ip: str) -> bool:
    """Whether an IPv6 address is one of many links (RFC 4291 section 2.5.6)."""
    return ip[:3].lower() == "fe8" or (ip[:2].lower() == "fe" and ip[2:3].lower() in ("9", "a", "b"))


def without_zone(ip: str) -> str:
    """An address as it is known elsewhere."""
    return ip.partition("%")[0]


def zoned(address: Sequence[Any]) -> str:
    """The address in what the socket module has for one, with the number of its zone."""
    ip = without_zone(str(address[0]))
    return f"{ip}%{address[3]}" if len(address) > 3 and address[3] else ip


def legible(ip: str) -> str:
    """An address with the name of its zone, for a person."""
    bare, _, zone = ip.partition("%")
    try:
        return f"{bare}%{socket.if_indextoname(int(zone))}" if zone else bare
    except (OSError, ValueError):
        return ip


def and_more(place: str, of: Sequence[str]) -> str:
    """The first of several different addresses, told as `place`, and how many there are beside: `10.0.0.1 and 3 more`."""
    others = len(set(of)) - 1
    return f"{place} and {others} more" if others > 0 else place


def together(places: Iterable[str]) -> str:
    """Places on one address, as a person reads them: `10.0.0.1:5060, 5061`."""
    first, *others = dict.fromkeys(places)
    host = first.rpartition(":")[0] + ":"
    return ", ".join((first, *(place.removeprefix(host) for place in others)))


def split_host_port(text: str, default_port: int = DEFAULT_PORT, option: str = "<remote>") -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address. Raises OptionError."""
    found = _REMOTE.fullmatch(text)
    port = (found["v6_port"] or found["port"] or str(default_port)) if found else ""
    if found is None or len(port) > _PORT_DIGITS or not 0 < int(port) < 65536:
        raise OptionError(option, text, f"'{text}' is not host, host:port or [IPv6]:port with a port from 1 to 65535")
    return found["bracketed"] or found["host"] or found["v6"], int(port)


async def resolve(
    remote: str,
    local_ip: str,
    local_port: int | None,
    default_port: int = DEFAULT_PORT,
    family: int = socket.AF_UNSPEC,
    *,
    aside: str = "",
    device: str = "",
    bind_local: bool = False,
    listens: bool = False,
) -> Addresses:
    """The addresses of a run from what was asked for; `remote` may be empty, `aside` is -rsa.

    All are of one family: that of the local address, else this one, else that of the remote host, IPv4 before IPv6. Without a
    local address it is the one that the route to the remote goes out by, or this host's own for a server. Raises OptionError or
    TransportError.
    """
    host, port = split_host_port(remote, default_port) if remote else ("", default_port)
    local = (await _lookup(local_ip, "-i", family))[0] if local_ip else ""
    chosen = f"-i {local_ip}" if local else ""
    family = _family_of(local) if local else family
    remotes = await _lookup(host, "the remote host", family, chosen) if host else ()
    if remotes and not local:
        family, chosen = _family_of(remotes[0]), f"the remote host {host}"
    target, target_port = split_host_port(aside, default_port, "-rsa") if aside else (host, port)
    destinations = await _lookup(target, "-rsa", family, chosen) if aside else remotes
    zone = _zone_of(device, local, *remotes, *destinations)
    is_any = not local or ipaddress.ip_address(without_zone(local)).is_unspecified
    said = (await _leaving(remotes, port, destinations, target_port, zone, device, family)) if is_any else local
    return Addresses(
        local_ip=without_zone(said),
        bind_ip=said if bind_local else "" if is_any else local,
        device=device,
        zone=zone,
        local_port=local_port,
        remote_host=without_zone(host) if ":" in host else host,
        remote_ip=without_zone(remotes[0]) if remotes else "",
        remote_port=port,
        destinations=destinations,
        destination_host=without_zone(target) if ":" in target else target,
        destination_port=target_port,
        listens=listens,
        sends_aside=bool(aside),
    )


def _family_of(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def _zone_of(device: str, *ips: str) -> int:
    """The zone of addresses that do not say theirs: the device, or the first that one of these has."""
    if device:
        try:
            return socket.if_nametoindex(device)
        except OSError:
            raise BindError(f"-bind_to_device {device}: {no_device(device)}") from None
    return int(next((zone for ip in ips if (zone := ip.partition("%")[2])), "0"))


def no_device(name: str) -> str:
    """What to say when a network device is asked for that is not there."""
    there = ", ".join(known for _, known in socket.if_nameindex())
    return f"there is no network device '{name}' on this machine; it has {there}"


def bind_to_device(sock: socket.socket, device: str) -> None:
    """Let nothing in or out but by this network device (socket(7), SO_BINDTODEVICE). Raises BindError."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    except OSError as error:
        if error.errno == errno.EPERM:
            why = "this needs privileges on this machine: run it as root, or give the program CAP_NET_RAW"
        else:
            why = no_device(device) if error.errno == errno.ENODEV else error.strerror or str(error)
        raise BindError(f"-bind_to_device {device}: {why}") from None


async def _lookup(host: str, what: str, family: int = socket.AF_UNSPEC, chosen: str = "") -> tuple[str, ...]:
    """The addresses of a host that have the family of the first, IPv4 before IPv6 as SIPp does.

    `chosen` says what decided on the family, where one is asked for.
    """
    host = host.removeprefix("[").removesuffix("]")
    literal = _literal(host)
    if literal is not None:
        if family not in (socket.AF_UNSPEC, literal):
            raise TransportError(
                f"{host}: {what} cannot be resolved: it is {_FAMILIES[literal]}, and {chosen or 'the run'} is not"
            )
        if "%" in host:
            _check_zone(host, what)
    try:
        found = await trio.socket.getaddrinfo(host, None, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        needed = f"; it needs an {_FAMILIES[socket.AddressFamily(family)]} address, as {chosen} has" if chosen else ""
        raise TransportError(f"{host}: {what} cannot be resolved: {reason}{needed}") from None
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return tuple(dict.fromkeys(zoned(entry[4]) for entry in found if entry[0] == found[0][0]))


def _literal(host: str) -> socket.AddressFamily | None:
    try:
        return socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return None


def _check_zone(host: str, what: str) -> None:
    zone = host.partition("%")[2]
    try:
        zone_number(zone)
    except OSError:
        raise TransportError(f"{host}: {what} cannot be reached: {no_device(zone)}") from None


async def _leaving(
    remotes: Sequence[str], port: int, destinations: Sequence[str], destination_port: int, zone: int, device: str, family: int
) -> str:
    """The local address on the way to the remote host, as in SIPp; where there is none, to the destination; or our own."""
    if not remotes:
        return await _own_address(family)
    try:
        return _route_to(remotes[0], port, zone, device)
    except TransportError:
        if not destinations or destinations == remotes:
            raise
        return _route_to(destinations[0], destination_port, zone, device)


def _route_to(ip: str, port: int, zone: int, device: str) -> str:
    """The local address that packets to `ip` leave from; nothing is sent."""
    with socket.socket(_family_of(ip), socket.SOCK_DGRAM) as probe:
        try:
            if device:
                bind_to_device(probe, device)
            probe.connect(Addresses(local_ip=ip, zone=zone).place(ip, port))
        except OSError as error:
            hint = "; say on which device: [fe80::1%eth0]" if is_of_a_link(ip) and not zone else ""
            raise TransportError(f"{legible(ip)}: no route to the remote host: {error.strerror}{hint}") from None
        return zoned(probe.getsockname())


async def _own_address(family: int) -> str:
    """This host's primary address, by its name; loopback when the name says nothing."""
    is_v6 = family == socket.AF_INET6
    try:
        return (await _lookup(socket.gethostname(), "this host", socket.AF_INET6 if is_v6 else socket.AF_INET))[0]
    except TransportError:
        return "::1" if is_v6 else "127.0.0.1"
