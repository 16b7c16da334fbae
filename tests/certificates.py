# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates for tests, made on the spot: authorities, what they issue and revoke, and a folder with one of each kind.

Keys are on the curve P-256: they take no time to make. What is issued is good for `localhost` and the loopback addresses
unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = timedelta(days=1)
PASSWORD = "correct horse"
"""Of the encrypted key in a `Lab`."""


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, as PEM when asked."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self, password: str = "") -> bytes:
        """The key, PKCS #8, encrypted when there is a password."""
        encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


class Authority:
    """A CA with a self-signed certificate."""

    def __init__(self, name: str = "Test CA") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, _name(name), key.public_key(), key.public_key(), (-DAY, 3650 * DAY))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        self.issued = Issued(builder.sign(key, hashes.SHA256()), key)

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self.issued.pem

    def issue(
        self,
        name: str = "localhost",
        *,
        names: Sequence[str] = ("localhost",),
        addresses: Sequence[str] = ("127.0.0.1", "::1"),
        valid: tuple[timedelta, timedelta] = (-DAY, 30 * DAY),
        extended: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    ) -> Issued:
        """A certificate for these DNS names and IP addresses, valid from and to these times from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.issued.certificate.subject
        builder = _builder(name, issuer, key.public_key(), self.issued.key.public_key(), valid)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(extended)), critical=False)
        alternatives: list[x509.GeneralName] = [x509.DNSName(one) for one in names]
        alternatives += [x509.IPAddress(ip_address(one)) for one in addresses]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return Issued(builder.sign(self.issued.key, hashes.SHA256()), key)

    def revoke(self, *issued: Issued, valid: tuple[timedelta, timedelta] = (-DAY, 30 * DAY)) -> bytes:
        """A list of revoked certificates with these on it, or with none; PEM."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.issued.certificate.subject)
        builder = builder.last_update(now + valid[0]).next_update(now + valid[1])
        for one in issued:
            revoked = (
                x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number).revocation_date(now + valid[0])
            )
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self.issued.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def self_signed(name: str = "localhost", key: Key | None = None) -> Issued:
    """A server's certificate that it signed itself, with a key on P-256 unless it is given one."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, _name(name), key.public_key(), key.public_key(), (-DAY, 30 * DAY))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


class Lab:
    """A folder of PEM files: `ca.pem`, `crl.pem` (which revokes `revoked`), `empty-crl.pem`, `other-ca.pem`, and for each name
    of `issued` its `NAME.pem` and `NAME.key`; `encrypted.key` is the server's key, encrypted with `PASSWORD`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.authority, self.other_authority = Authority(), Authority("Other CA")
        self.issued = {
            "server": self.authority.issue(),
            "client": self.authority.issue("client", names=(), addresses=()),
            "expired": self.authority.issue(valid=(-30 * DAY, -DAY)),
            "not-yet-valid": self.authority.issue(valid=(DAY, 30 * DAY)),
            "wrong-name": self.authority.issue("elsewhere.test", names=("elsewhere.test",), addresses=("192.0.2.1",)),
            "revoked": self.authority.issue(),
            "other": self.other_authority.issue(),
            "self-signed": self_signed(),
        }
        self._write("ca.pem", self.authority.pem)
        self._write("other-ca.pem", self.other_authority.pem)
        self._write("crl.pem", self.authority.revoke(self.issued["revoked"]))
        self._write("empty-crl.pem", self.authority.revoke())
        self._write("encrypted.key", self.issued["server"].key_pem(PASSWORD))
        for name, one in self.issued.items():
            self._write(f"{name}.pem", one.pem)
            self._write(f"{name}.key", one.key_pem())

    def __getitem__(self, name: str) -> str:
        """The path of a file in the folder."""
        return str(self.folder / name)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    valid: tuple[timedelta, timedelta],
) -> x509.CertificateBuilder:
    """What every certificate has (RFC 5280 section 4.2.1)."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0])
        .not_valid_after(now + valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(**uses: bool) -> x509.KeyUsage:
    every = (
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
    return x509.KeyUsage(**{use: uses.get(use, False) for use in every})
