# SPDX-License-Identifier: AGPL-3.0-or-later
"""Local addresses: lists of them as people write them (`-ip_list`), and whether they are this machine's."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from typing import Final

from engine.errors import OptionError
from engine.transport.sockets import reason_of

MOST_ADDRESSES: Final = 65_536
"""Different ones, or entries of a list: a socket each may be open."""
_TOO_MANY: Final = f"at most {MOST_ADDRESSES} addresses can be told"
_EVERYONE: Final = "255.255.255.255"
_SHOWN: Final = 60

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> str:
    """One address in the usual form, IPv6 with or without brackets and with its scope. Raises ValueError with a sentence."""
    return str(_address(text))


def _address(text: str) -> _Ip:
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        raise ValueError(f"'{_shown(text)}' is no IP address") from None
    return _usable(address)


def _usable(address: _Ip) -> _Ip:
    if address.is_unspecified or address.is_multicast or str(address) == _EVERYONE:
        raise ValueError(f"{address} is no address that a message can come from")
    return address


def parse_list(text: str) -> tuple[str, ...]:
    """The addresses of `10.0.0.1,10.0.1.0/28,10.0.2.1-10.0.2.20`, in this order, as often as they are told.

    Of a network come the addresses that hosts may have (all but the first, and in IPv4 the last). Raises OptionError.
    """
    found: list[str] = []
    for entry in text.split(","):
        try:
            for address in _addresses_of(entry.strip()):
                if len(found) >= MOST_ADDRESSES:
                    raise ValueError(_TOO_MANY)
                found.append(str(_usable(address)))
        except ValueError as error:
            raise OptionError("-ip_list", entry.strip(), str(error)) from None
    return tuple(found)


def _addresses_of(entry: str) -> Iterator[_Ip]:
    if "/" in entry:
        return _network(entry)
    if "-" in entry:
        return _range(*entry.split("-", 1))
    return iter((_address(entry),))


def _network(entry: str) -> Iterator[_Ip]:
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise ValueError(f"'{_shown(entry)}' is no network; write one as 10.0.0.0/28") from None
    first = ipaddress.ip_interface(entry).ip
    if first != network.network_address:
        raise ValueError(f"'{_shown(entry)}' is no network; write {network}, or {first} for the one address")
    if network.num_addresses > MOST_ADDRESSES:
        raise ValueError(f"{network} has {network.num_addresses} addresses; {_TOO_MANY}")
    return iter(network.hosts())


def _range(start: str, end: str) -> Iterator[_Ip]:
    """From the one to the other; of an IPv4 address the last number alone is enough (`10.0.0.1-20`)."""
    first = _address(start)
    if first.version == 4 and end.strip().isdecimal():
        end = f"{start.strip().rpartition('.')[0]}.{end.strip()}"
    last = _address(end)
    if first.version != last.version or "%" in f"{first}{last}":
        raise ValueError(f"'{_shown(start)}-{_shown(end)}' is no range; write one as 10.0.0.1-10.0.0.20")
    count = int(last) - int(first) + 1
    if count < 1:
        raise ValueError(f"the range from {first} to {last} goes backwards")
    if count > MOST_ADDRESSES:
        raise ValueError(f"the range from {first} to {last} has {count} addresses; {_TOO_MANY}")
    kind = type(first)
    return (kind(number) for number in range(int(first), int(last) + 1))


def _shown(text: str) -> str:
    """A text in one line, for people."""
    return "".join(each if each.isprintable() else "?" for each in text.strip()[:_SHOWN])


def why_not_ours(ip: str) -> str:
    """Why no socket can be bound to this address, or ""; one is bound for a moment."""
    try:
        ((family, kind, _, _, place), *_) = socket.getaddrinfo(ip, 0, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        with socket.socket(family, kind) as probe:
            probe.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return f"{ip} is no address of this machine; give it to an interface (ip address add {ip} dev …), or leave it out"
        return f"{ip} cannot be bound to: {reason_of(error)}"
    return ""
