# SPDX-License-Identifier: AGPL-3.0-or-later
"""PASSporTs (RFC 8225) of the kind `shaken` (RFC 8588): claims of who calls whom, when, and how sure that is, signed.

A token is three pieces in base64url with dots between: a header and the claims, both in JSON with their names in order and
without spaces (RFC 8225 section 9), and the signature of these two.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64encode
from typing import Annotated, Final, TypeVar

import msgspec

from engine.sip.stir.es256 import Signer, Verifier
from engine.sip.stir.parties import Party

ATTESTATIONS: Final = ("A", "B", "C")
"""Full, partial and gateway attestation (RFC 8588 section 4)."""
MOST_BYTES: Final = 8192
"""Of a token."""

Kind = TypeVar("Kind")
_TOKEN: Final = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_ALGORITHM: Final = "ES256"
_KIND: Final = "shaken"


class PassportProblem(ValueError):
    """What is wrong with a token, in a few words."""


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    alg: str
    ppt: str
    typ: str
    x5u: str


class _Caller(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    tn: str = ""
    uri: str = ""


class _Callees(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    tn: list[str] = []
    uri: list[str] = []


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    attest: str
    dest: _Callees
    iat: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    orig: _Caller
    origid: str


class Passport(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says. `iat` is when it was made, in seconds since 1970; `x5u` where its certificate is."""

    attest: str
    orig: Party
    dest: tuple[Party, ...]
    iat: int
    origid: str
    x5u: str

    def signed(self, signer: Signer) -> bytes:
        """The token."""
        header = _Header(alg=_ALGORITHM, ppt=_KIND, typ="passport", x5u=self.x5u)
        orig = _Caller(tn=self.orig.text) if self.orig.is_number else _Caller(uri=self.orig.text)
        dest = _Callees(
            tn=[party.text for party in self.dest if party.is_number],
            uri=[party.text for party in self.dest if not party.is_number],
        )
        claims = _Claims(attest=self.attest, dest=dest, iat=self.iat, orig=orig, origid=self.origid)
        data = b"%b.%b" % (_encoded(msgspec.json.encode(header)), _encoded(msgspec.json.encode(claims)))
        return b"%b.%b" % (data, _encoded(signer.sign(data)))


def read_passport(token: bytes, verifier: Verifier) -> Passport:
    """What a token says whose signature is right. Raises PassportProblem."""
    pieces = _TOKEN.fullmatch(token) if len(token) <= MOST_BYTES else None
    if not pieces:
        raise PassportProblem("the PASSporT is not three pieces in base64url")
    header, claims = _read_header(_decoded(pieces[1])), _read_claims(_decoded(pieces[2]))
    if not verifier.verify(b"%b.%b" % (pieces[1], pieces[2]), _decoded(pieces[3])):
        raise PassportProblem("the signature is wrong")
    callees = [*(Party(number, True) for number in claims.dest.tn), *(Party(uri, False) for uri in claims.dest.uri)]
    return Passport(
        attest=claims.attest,
        orig=Party(claims.orig.tn or claims.orig.uri, bool(claims.orig.tn)),
        dest=tuple(callees),
        iat=claims.iat,
        origid=claims.origid,
        x5u=header.x5u,
    )


def _read_header(data: bytes) -> _Header:
    header = _read(data, _Header, "header")
    if (header.alg, header.ppt, header.typ) != (_ALGORITHM, _KIND, "passport"):
        raise PassportProblem("the PASSporT is not one of the kind shaken, signed with ES256")
    return header


def _read_claims(data: bytes) -> _Claims:
    claims = _read(data, _Claims, "claims")
    if claims.attest not in ATTESTATIONS:
        raise PassportProblem("the attestation is not A, B or C")
    if not (claims.orig.tn or claims.orig.uri) or not (claims.dest.tn or claims.dest.uri) or not claims.origid:
        raise PassportProblem("the PASSporT lacks orig, dest or origid")
    return claims


def _read(data: bytes, kind: type[Kind], what: str) -> Kind:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError):
        raise PassportProblem(f"the {what} of the PASSporT cannot be read") from None


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decoded(piece: bytes) -> bytes:
    try:
        return binascii.a2b_base64(piece.translate(_FROM_URL) + b"==")
    except binascii.Error:
        raise PassportProblem("the PASSporT is not three pieces in base64url") from None


_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
