# SPDX-License-Identifier: AGPL-3.0-or-later
"""`a=fingerprint` in SDP: the hash of the certificate that a side will show in DTLS (RFC 8122 section 5)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_BYTES: Final = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}
_VALUE: Final = re.compile(r"([\w-]{1,16})[ \t]+([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A hash function (`sha-256`) and what it makes of the certificate in DER."""

    function: str
    digest: bytes

    def __str__(self) -> str:
        """As it stands behind `a=fingerprint:`."""
        return f"{self.function} {self.digest.hex(':').upper()}"


def fingerprint_of(certificate: bytes, function: str = "sha-256") -> Fingerprint:
    """The fingerprint of a certificate in DER, by one of the functions above."""
    return Fingerprint(function, hashlib.new(function.replace("-", ""), certificate).digest())


def read_fingerprint(value: str) -> Fingerprint:
    """What stands behind `a=fingerprint:`. Raises ValueError with one line."""
    match = _VALUE.fullmatch(value.strip())
    if match is None:
        raise ValueError("a=fingerprint needs a hash function and bytes in hexadecimal: sha-256 4A:AD:…")
    function, digest = match[1].lower(), bytes.fromhex(match[2].replace(":", ""))
    if function not in _BYTES:
        raise ValueError(f"a=fingerprint has the hash function {function}, which is not supported — sha-256 is")
    if len(digest) != _BYTES[function]:
        raise ValueError(f"a=fingerprint has {len(digest)} bytes, and {function} has {_BYTES[function]}")
    return Fingerprint(function, digest)


def matches(certificate: bytes, fingerprints: Sequence[Fingerprint]) -> bool:
    """Whether the certificate is one of these. Of several functions the strongest that was given counts (RFC 8122 5.1)."""
    strongest = max((_BYTES[one.function] for one in fingerprints), default=0)
    return any(
        hmac.compare_digest(fingerprint_of(certificate, one.function).digest, one.digest)
        for one in fingerprints
        if _BYTES[one.function] == strongest
    )
