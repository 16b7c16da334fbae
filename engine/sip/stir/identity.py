# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Identity header (RFC 8224 section 4): a PASSporT, where its certificate is, and how it is signed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.sip.message import Message
from engine.sip.parameters import entries
from engine.sip.stir.es256 import Verifier
from engine.sip.stir.parties import NotAParty, Party, party_of
from engine.sip.stir.passport import Passport, PassportProblem, read_passport

MAX_AGE_S: Final = 60.0
"""How old a PASSporT may be (RFC 8224 section 6.2.2)."""
MOST_HEADERS: Final = 8
"""Identities, and addresses, of one message that are looked at."""

_PARAMETER: Final = re.compile(rb";[ \t]*+([\w.!%*+`'~-]++)[ \t]*+=[ \t]*+(?:<([^>]*+)>|\"([^\"]*+)\"|([^\s;\"<>]*+))")


def identity_value(token: bytes, x5u: str) -> bytes:
    """The value of the header."""
    return b'%b;info=<%b>;alg=ES256;ppt="shaken"' % (token, x5u.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """What an Identity must be to prove who calls whom.

    Its signature is right, it is not older than `max_age_s` nor that far from the future, and its claims are those of the
    request (section 6.2): the caller is who stands in P-Asserted-Identity or else From, the called one who stands in To or
    the Request-URI. What is no telephone number there is not compared.
    """

    verifier: Verifier
    max_age_s: float = MAX_AGE_S

    def problem(self, request: Message, now_s: float, orig: Party | None = None, dest: Party | None = None) -> str:
        """Why no Identity of a request proves it; "" when one does. `orig` and `dest` are who it is to be, if not those."""
        identities = [entry for value in request.values(b"Identity") for entry in entries(value)][:MOST_HEADERS]
        callers = [orig] if orig else _numbers(_callers(request))
        callees = [dest] if dest else _numbers(_callees(request))
        first = ""
        for identity in identities:
            try:
                self._check(identity, now_s, callers, callees)
            except PassportProblem as problem:
                first = first or str(problem)
            else:
                return ""
        return first or "there is no Identity"

    def _check(self, identity: bytes, now_s: float, callers: Sequence[Party], callees: Sequence[Party]) -> None:
        token, _, rest = identity.partition(b";")
        passport = read_passport(token.strip(), self.verifier)
        _check_parameters(b";" + rest, passport)
        age_s = now_s - passport.iat
        if not -self.max_age_s <= age_s <= self.max_age_s:
            raise PassportProblem("the PASSporT is too old" if age_s > 0 else "the PASSporT is from the future")
        if callers and passport.orig not in callers:
            raise PassportProblem("orig is another than the caller")
        if callees and not any(party in callees for party in passport.dest):
            raise PassportProblem("dest is another than the called one")


def _check_parameters(text: bytes, passport: Passport) -> None:
    """`info` is a must; `alg` and `ppt`, where they are, say what the token says (section 4.1)."""
    found = {name.lower(): bracketed or quoted or plain for name, bracketed, quoted, plain in _PARAMETER.findall(text)}
    if found.get(b"info") != passport.x5u.encode("utf-8", "replace"):
        raise PassportProblem("info= is not the x5u of the PASSporT")
    if found.get(b"alg", b"ES256") != b"ES256" or found.get(b"ppt", b"shaken") != b"shaken":
        raise PassportProblem("alg= or ppt= is not that of the PASSporT")


def _callers(request: Message) -> Iterable[bytes]:
    asserted = [entry for value in request.values(b"P-Asserted-Identity") for entry in entries(value)]
    return asserted or request.values(b"From")[:1]


def _callees(request: Message) -> Iterable[bytes]:
    return (*request.values(b"To")[:1], request.request_uri)


def _numbers(addresses: Iterable[bytes]) -> list[Party]:
    """Those of the addresses that are telephone numbers."""
    found = []
    for address in list(addresses)[:MOST_HEADERS]:
        try:
            party = party_of(address.decode("latin-1"))
        except NotAParty:
            continue
        if party.is_number:
            found.append(party)
    return found
