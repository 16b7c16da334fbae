# SPDX-License-Identifier: AGPL-3.0-or-later
"""ES256 (RFC 7518 section 3.4): ECDSA with the curve P-256 and SHA-256; a signature is 64 bytes.

The package behind it takes a while to import, so that waits until a key is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

SIGNATURE_BYTES: Final = 64
_HALF: Final = SIGNATURE_BYTES // 2
_CURVE: Final = "secp256r1"


class KeyProblem(ValueError):
    """What is wrong with the text of a key, in a few words."""


class Signer:
    """A private key that signs."""

    __slots__ = ("_algorithm", "_decode", "_key")

    def __init__(self, pem: bytes) -> None:
        """Raises KeyProblem when this is no private key for P-256 in PEM."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        self._key = _private_key(pem)
        self._algorithm = ECDSA(hashes.SHA256())
        self._decode = decode_dss_signature

    def sign(self, data: bytes) -> bytes:
        """The signature of these bytes."""
        r, s = self._decode(self._key.sign(data, self._algorithm))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


class Verifier:
    """A public key that verifies signatures."""

    __slots__ = ("_algorithm", "_encode", "_invalid", "_key")

    def __init__(self, pem: bytes) -> None:
        """Takes a certificate, a public key or a private key in PEM. Raises KeyProblem when it holds no key for P-256."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        self._key = _public_key(pem)
        self._algorithm = ECDSA(hashes.SHA256())
        self._encode = encode_dss_signature
        self._invalid = InvalidSignature

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this is the signature of these bytes."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
        try:
            self._key.verify(self._encode(r, s), data, self._algorithm)
        except self._invalid:
            return False
        return True


def _private_key(pem: bytes) -> EllipticCurvePrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise KeyProblem("the private key has a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem("it holds no private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != _CURVE:
        raise KeyProblem("it holds a private key of another kind than EC P-256")
    return key


def _public_key(pem: bytes) -> EllipticCurvePublicKey:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        if b"BEGIN CERTIFICATE" in pem:
            key: object = x509.load_pem_x509_certificate(pem).public_key()
        elif b"PRIVATE KEY" in pem:
            key = _private_key(pem).public_key()
        else:
            key = load_pem_public_key(pem)
    except KeyProblem:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem("it holds neither a certificate nor a public key in PEM") from None
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name != _CURVE:
        raise KeyProblem("it holds a key of another kind than EC P-256")
    return key
