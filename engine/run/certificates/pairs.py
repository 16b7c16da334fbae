# SPDX-License-Identifier: AGPL-3.0-or-later
"""A certificate with its key: how one is issued, and what every one of them has (RFC 5280 section 4.2.1).

Keys are on the curve P-256: a handshake costs a fraction of one with RSA, which counts when each call has a connection of
its own, and TLS 1.2 and 1.3 take them everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from engine.run.certificates.files import NewFile

CLOCK_SKEW = timedelta(days=1)
"""How far in the past a certificate begins, for machines whose clocks are behind, or wrong by a time zone."""
VALIDITY = timedelta(days=825)
"""Some verifiers take no longer ones, not even of a CA that a person added."""

_CERTIFICATE_MODE, _KEY_MODE = 0o644, 0o600
_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    @property
    def valid_until_unix_s(self) -> int:
        """The last second at which the certificate is good."""
        return int(self.certificate.not_valid_after_utc.timestamp())

    def files(self, name: str, key_name: str) -> list[NewFile]:
        """Both in PEM, the key in PKCS #8 without a password."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = self.certificate.public_bytes(Encoding.PEM)
        return [NewFile(name, certificate, _CERTIFICATE_MODE), NewFile(key_name, key, _KEY_MODE)]


def issue(
    authority: Pair, subject: str, names: Sequence[x509.GeneralName], uses: Sequence[ObjectIdentifier], now: datetime
) -> Pair:
    """A new key with a certificate for these names, which is good for no other time than its CA's."""
    key = ec.generate_private_key(ec.SECP256R1())
    ca = authority.certificate
    start = max(now - CLOCK_SKEW, ca.not_valid_before_utc)
    end = min(now + VALIDITY, ca.not_valid_after_utc)
    builder = builder_of(subject, ca.subject, key.public_key(), start, end)
    builder = builder.add_extension(_issuer_key(ca), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(key_usage("digital_signature"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Pair(builder.sign(authority.key, _hash_for(authority.key)), key)


def builder_of(
    subject: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    """A certificate with a name, a number and a time, to which is added what it is good for."""
    return (
        x509.CertificateBuilder()
        .subject_name(common_name(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def common_name(text: str) -> x509.Name:
    """A distinguished name of nothing but this."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def key_usage(*uses: str) -> x509.KeyUsage:
    """What a key may do, by the names of `x509.KeyUsage`."""
    return x509.KeyUsage(**{use: use in uses for use in _USES})


def _issuer_key(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Which key has signed, in the words of the CA's own certificate where it has them."""
    try:
        identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _hash_for(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | None:
    """Keys on Edwards curves bring their own (RFC 8410)."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
