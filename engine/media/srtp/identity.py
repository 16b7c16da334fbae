# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who we are in DTLS: a certificate that signs itself, made once at the start (RFC 5763 section 5), and what goes with it.

Making it takes 3 ms, setting OpenSSL up 8, importing the libraries 100 and more: import this before the run, and only where
DTLS is wanted.
"""

from __future__ import annotations

import datetime
import secrets
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from engine.media.srtp.fingerprints import Fingerprint, fingerprint_of
from engine.media.srtp.suites import SUITE_OF_PROFILE, SUITES, Suite

PROFILES: Final = tuple(suite for suite in SUITES if suite.profile)
_VALIDITY: Final = datetime.timedelta(days=30)
_CLOCK_SKEW: Final = datetime.timedelta(days=1)


class Identity:
    """A certificate and key of P-256 with the settings that all connections of the run share.

    `profiles` are what `use_srtp` offers and takes, the most wanted first. `fingerprint` stands in our SDP.
    """

    __slots__ = ("_context", "certificate", "fingerprint")

    def __init__(self, profiles: tuple[Suite, ...] = PROFILES) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(key)
        self.certificate = certificate.public_bytes(Encoding.DER)
        self.fingerprint: Fingerprint = fingerprint_of(self.certificate)
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        # Whom a certificate is of is told by its fingerprint in SDP, not by who signed it.
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _take_any)
        context.set_tlsext_use_srtp(":".join(suite.profile for suite in profiles).encode("ascii"))
        context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        self._context = context

    def connection(self) -> SSL.Connection:
        """A connection without a socket."""
        return SSL.Connection(self._context, None)


def suite_of(profile: bytes) -> Suite | None:
    """The suite that DTLS negotiated, from OpenSSL's name of its profile."""
    return SUITE_OF_PROFILE.get(profile.decode("ascii", "replace"))


def _take_any(*_: object) -> bool:
    return True


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"gossipper {secrets.token_hex(4)}")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - _CLOCK_SKEW, now + _VALIDITY
    )
    return builder.sign(key, hashes.SHA256())
