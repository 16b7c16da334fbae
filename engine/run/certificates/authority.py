# SPDX-License-Identifier: AGPL-3.0-or-later
"""The CA of a lab: a new one, or the one that is in the folder already, which may also be somebody's own."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from engine.errors import CertificateError
from engine.run.certificates.pairs import CLOCK_SKEW, Pair, builder_of, common_name, key_usage
from engine.scenario.input_files import Missing, Unreadable, read_regular

CA, CA_KEY = "ca.pem", "ca.key"
VALIDITY = timedelta(days=3650)
_MOST_BYTES = 1 << 20
_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
_NO_HALF = "bring the other half, or move this one away for a new CA"


def new_authority(now: datetime) -> Pair:
    """A CA that issues certificates of servers and clients, and no other CAs.

    Its name has a random end: of two labs' CAs with one name, verifiers may try the wrong one.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"Gossipper lab CA {secrets.token_hex(4)}"
    builder = builder_of(name, common_name(name), key.public_key(), now - CLOCK_SKEW, now + VALIDITY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def read_authority(folder: Path, now: datetime) -> Pair | None:
    """The CA in the folder, None when there is none. Raises CertificateError when it cannot issue anything."""
    path, key_path = str(folder / CA), str(folder / CA_KEY)
    pem, key_pem = _read(path), _read(key_path)
    if pem is None and key_pem is None:
        return None
    if pem is None:
        raise CertificateError(key_path, f"is there without {CA}", _NO_HALF)
    if key_pem is None:
        raise CertificateError(path, f"is there without {CA_KEY}", _NO_HALF)
    authority = Pair(_certificate(path, pem), _key(key_path, key_pem))
    _check_use(path, authority.certificate, now)
    if not _belong_together(authority):
        raise CertificateError(key_path, f"is not the key of {CA}", "bring the one that belongs to it")
    return authority


def _read(path: str) -> bytes | None:
    try:
        return read_regular(path, _MOST_BYTES)
    except Missing:
        return None
    except Unreadable as error:
        raise CertificateError(path, f"cannot be read: {error}") from None


def _certificate(path: str, pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise CertificateError(path, "holds no certificate in PEM") from None


def _key(path: str, pem: bytes) -> CertificateIssuerPrivateKeyTypes:
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise CertificateError(path, "has a password", "write it without: openssl pkey -in OLD -out NEW") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError(path, "holds no private key in PEM") from None
    if not isinstance(key, _KEYS):
        raise CertificateError(path, "is of a kind that signs no certificates here", "RSA, EC, Ed25519 and Ed448 do")
    return key


def _check_use(path: str, certificate: x509.Certificate, now: datetime) -> None:
    """Raise CertificateError unless this certificate may issue others now."""
    if not _may_issue(path, certificate):
        raise CertificateError(path, "is no certificate of a CA", "what it issued would be taken by nobody")
    if now < certificate.not_valid_before_utc:
        raise CertificateError(path, f"is good only from {certificate.not_valid_before_utc:%F %T} UTC on", "look at the clock")
    if now >= certificate.not_valid_after_utc:
        raise CertificateError(path, f"expired on {certificate.not_valid_after_utc:%F}", f"move {CA} and {CA_KEY} away")


def _may_issue(path: str, certificate: x509.Certificate) -> bool:
    try:
        extensions = certificate.extensions
    except ValueError as error:
        raise CertificateError(path, f"is malformed: {error}") from None
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _belong_together(pair: Pair) -> bool:
    keys = (pair.certificate.public_key(), pair.key.public_key())
    certified, given = (key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in keys)
    return certified == given
