# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a certificate is good for: host names, wildcards and IP addresses, as a person types them and as it holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography import x509

from engine.errors import CertificateError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MOST_NAMES = 1000
"""Names in one certificate. More make a handshake that many peers refuse to read."""
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_MOST_NAME_BYTES = 253
_WILDCARD = "*."


@dataclass(frozen=True, slots=True)
class Name:
    """One name: its text as it is matched, and the address when it is one."""

    text: str
    address: IPv4Address | IPv6Address | None = None

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every host of a domain."""
        return self.text.startswith(_WILDCARD)


def default_names(host: str) -> list[str]:
    """What a machine is called that has the host name `host`: loopback, and that name when a certificate may hold it."""
    try:
        return [*LOOPBACK_NAMES, read_name(host).text]
    except CertificateError:
        return [*LOOPBACK_NAMES]


def read_name(text: str) -> Name:
    """One name as it was typed. Raises CertificateError.

    The scope of an IPv6 address is left out, for it means something on one machine only; what is not ASCII becomes its
    form in the DNS (RFC 3490).
    """
    address = _address(text)
    if address is not None:
        return Name(str(address), address)
    name = _ascii(text).rstrip(".").lower()
    labels = name.removeprefix(_WILDCARD).split(".")
    if name.startswith(_WILDCARD) and len(labels) < 2:
        raise _refused(text, "a wildcard for a whole top-level domain is matched by nobody", "such as *.example.com")
    if len(name) > _MOST_NAME_BYTES or not all(map(_LABEL.fullmatch, labels)):
        raise _refused(text, "no name for a certificate", _hint(text))
    return Name(name)


def general_names(names: Sequence[Name]) -> list[x509.GeneralName]:
    """What goes into the certificate's subjectAltName.

    Beside each host name stands `sip:` with it, which is where SIP looks first (RFC 5922 section 7.1). Wildcards have no such
    form, since SIP does not match them (section 7.2), and addresses are no domains.
    """
    if len(names) > MOST_NAMES:
        raise CertificateError(f"{len(names)} names", "too many for one certificate", f"{MOST_NAMES} at most")
    hosts = [name for name in names if name.address is None]
    return [
        *(x509.DNSName(name.text) for name in hosts),
        *(x509.IPAddress(name.address) for name in names if name.address is not None),
        *(x509.UniformResourceIdentifier(f"sip:{name.text}") for name in hosts if not name.is_wildcard),
    ]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return ip_address(bare.partition("%")[0])
    except ValueError:
        return None


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("idna").decode()
    except UnicodeError:
        raise _refused(text, "no name for a certificate", _hint(text)) from None


def _refused(text: str, message: str, hint: str) -> CertificateError:
    return CertificateError(text if text and text.isprintable() else repr(text), message, hint)


def _hint(text: str) -> str:
    """What most likely went wrong."""
    if text.startswith(("sip:", "sips:")):
        return f"give the host alone: {text.partition(':')[2]}; sip: with it is added"
    if "*" in text:
        return "a wildcard is the whole first label: *.example.com"
    if ":" in text:
        return "give the host without a port"
    return "a host name, *.domain or an IP address"
