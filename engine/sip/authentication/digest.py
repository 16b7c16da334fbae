# SPDX-License-Identifier: AGPL-3.0-or-later
"""The response of a digest (RFC 7616 section 3.4.1), with the algorithms of RFC 7616, RFC 8760 and RFC 3310."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`digest` gives the hexadecimal hash. `session`: the secret is of one nonce (`-sess`). `aka`: the password is a RES."""

    digest: Callable[[bytes], bytes]
    session: bool = False
    aka: bool = False


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().encode("ascii")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode("ascii")


def _sha512_256(data: bytes) -> bytes:
    return hashlib.new("sha512_256", data).hexdigest().encode("ascii")


def _algorithms() -> dict[bytes, Algorithm]:
    hashes = {b"md5": _md5, b"sha-256": _sha256}
    # Not every OpenSSL has it.
    if "sha512_256" in hashlib.algorithms_available:
        hashes[b"sha-512-256"] = _sha512_256
    plain = {name: Algorithm(digest) for name, digest in hashes.items()}
    sessions = {name + b"-sess": Algorithm(digest, session=True) for name, digest in hashes.items()}
    return {**plain, **sessions, b"akav1-md5": Algorithm(_md5, aka=True)}


ALGORITHMS: Final[Mapping[bytes, Algorithm]] = _algorithms()
"""By their names in lower case."""
DEFAULT_ALGORITHM: Final = b"MD5"
"""What a challenge means that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestParameters:
    """What goes into a response, as it stands in the header. `qop` is b"" for a challenge without one (RFC 2069)."""

    username: bytes
    realm: bytes
    nonce: bytes
    uri: bytes
    qop: bytes = b""
    nc: bytes = b""
    cnonce: bytes = b""


def digest_response(
    algorithm: Algorithm, parameters: DigestParameters, password: bytes, method: bytes, body: bytes = b""
) -> bytes:
    """The response, in hexadecimal. `body` counts for `auth-int` only."""
    digest = algorithm.digest
    secret = digest(b"%b:%b:%b" % (parameters.username, parameters.realm, password))
    if algorithm.session:
        secret = digest(b"%b:%b:%b" % (secret, parameters.nonce, parameters.cnonce))
    request = b"%b:%b" % (method, parameters.uri)
    if parameters.qop == b"auth-int":
        request += b":" + digest(body)
    if not parameters.qop:
        return digest(b"%b:%b:%b" % (secret, parameters.nonce, digest(request)))
    count = b"%b:%b:%b" % (parameters.nc, parameters.cnonce, parameters.qop)
    return digest(b"%b:%b:%b:%b" % (secret, parameters.nonce, count, digest(request)))
