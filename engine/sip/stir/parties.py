# SPDX-License-Identifier: AGPL-3.0-or-later
"""How the parties of a call are written in claims: telephone numbers and URIs in their canonical form (RFC 8224 section 8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 256
"""Characters of an address."""

_ADDRESS: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|[^<"])*+<([^>]*)>', re.S)
_SCHEME: Final = re.compile(r"(tel|sips?):", re.I)
_SEPARATORS: Final = str.maketrans("", "", " -.()")
_NUMBER: Final = re.compile(r"\+?([0-9*#]+)")
_PRINTABLE: Final = re.compile(r"[!-~]+")


class NotAParty(ValueError):
    """A text that is neither a telephone number nor a URI."""


@dataclass(frozen=True, slots=True)
class Party:
    """A telephone number, digits only, or a URI. `is_number` tells which."""

    text: str
    is_number: bool


def party_of(address: str) -> Party:
    """The party that an address names: `+1 (215) 555-1212`, `tel:…`, `sip:…`, or the value of a From header. Raises NotAParty.

    A SIP URI whose user part is a telephone number is that number (section 8.1).
    """
    if len(address) > LONGEST:
        raise NotAParty(f"an address of more than {LONGEST} characters")
    bracketed = _ADDRESS.match(address)
    uri = (bracketed[1] if bracketed else address).strip()
    scheme = _SCHEME.match(uri)
    if not scheme:
        number = canonical_number(uri)
        if not number:
            raise NotAParty(f"'{uri}' is neither a telephone number nor a URI")
        return Party(number, True)
    is_tel = scheme[1].lower() == "tel"
    user, _, host = (uri[scheme.end() :], "", "") if is_tel else uri[scheme.end() :].rpartition("@")
    number = canonical_number(user.partition(":")[0])
    if number:
        return Party(number, True)
    canonical = _canonical_uri(user, host)
    if is_tel or not host or not _PRINTABLE.fullmatch(canonical):
        raise NotAParty(f"'{uri}' is no address")
    return Party(canonical, False)


def canonical_number(text: str) -> str:
    """A telephone number without +, separators and parameters (section 8.3); "" when it is none."""
    found = _NUMBER.fullmatch(text.partition(";")[0].translate(_SEPARATORS))
    return found[1] if found else ""


def _canonical_uri(user: str, host: str) -> str:
    """User and host alone: the address-of-record (section 8.5)."""
    name = re.split(r"[;?>]", host, maxsplit=1)[0].lower()
    name = re.sub(r":\d*$", "", name)
    user = re.split(r"[;:]", user, maxsplit=1)[0]
    return f"sip:{user}@{name}" if user else f"sip:{name}"
