# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signatures against the example of RFC 8225, and which keys are taken."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.sip.stir import KeyProblem, Signer, Verifier
from tests.engine.sip.stir.keys import OTHER, OTHER_PUBLIC, RFC_8225_PRIVATE, RFC_8225_PUBLIC, certificate, pem

HEADER = b"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"
CLAIMS = (
    b"eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0"
)
SIGNATURE = b"rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w"


def test_the_signature_of_rfc_8225() -> None:
    signature = urlsafe_b64decode(SIGNATURE + b"==")
    verifier = Verifier(RFC_8225_PUBLIC)
    assert verifier.verify(HEADER + b"." + CLAIMS, signature)
    assert not verifier.verify(HEADER + b"." + CLAIMS + b"x", signature)
    assert not Verifier(OTHER_PUBLIC).verify(HEADER + b"." + CLAIMS, signature)


@pytest.mark.parametrize("signature", [b"", b"x" * 63, b"x" * 65, bytes(64), b"\xff" * 64])
def test_what_is_no_signature(signature: bytes) -> None:
    assert not Verifier(RFC_8225_PUBLIC).verify(b"data", signature)


@pytest.mark.parametrize("private", [RFC_8225_PRIVATE, pem(OTHER)])
def test_what_is_signed_can_be_verified(private: bytes) -> None:
    for number in range(20):
        data = b"%d" % number
        signature = Signer(private).sign(data)
        assert len(signature) == 64
        assert Verifier(private).verify(data, signature)


@pytest.mark.parametrize("text", [OTHER_PUBLIC, certificate(OTHER), pem(OTHER)])
def test_who_verifies_has_any_of_these(text: bytes) -> None:
    assert Verifier(text).verify(b"data", Signer(pem(OTHER)).sign(b"data"))


RSA = rsa.generate_private_key(65537, 2048)
P384 = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no private key"),
        (b"\xff\x00", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key"),
        (OTHER_PUBLIC, "no private key"),
        (certificate(OTHER), "no private key"),
        (pem(OTHER, b"password"), "has a password"),
        (pem(RSA), "another kind"),
        (pem(P384), "another kind"),
    ],
)
def test_what_cannot_sign(text: bytes, why: str) -> None:
    with pytest.raises(KeyProblem, match=why):
        Signer(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "neither a certificate nor"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "neither a certificate nor"),
        (P384.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "another kind"),
        (pem(RSA), "another kind"),
        (pem(OTHER, b"password"), "has a password"),
    ],
)
def test_what_cannot_verify(text: bytes, why: str) -> None:
    with pytest.raises(KeyProblem, match=why):
        Verifier(text)
