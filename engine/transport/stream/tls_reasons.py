# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a TLS connection cannot go on, in a sentence for a person, from what OpenSSL says.

Three kinds are told apart: what we found wrong with the peer's certificate (OpenSSL's verify codes), what the peer found wrong
with us (the alerts of RFC 8446 section 6.2, which say it in one word), and what we could not agree on. Whatever is left came
from a peer that does not speak TLS as it should, and counts as garbage.
"""

from __future__ import annotations

import ssl

from engine.messages import Failure
from engine.transport.stream.layer import StreamBroken

_CERTIFICATE = {
    2: "the peer's certificate was issued by no CA of -tls_ca",
    3: "-tls_crl holds no list of revoked certificates by the CA of the peer's certificate",
    9: "the peer's certificate is not valid yet",
    10: "the peer's certificate has expired",
    11: "the list of revoked certificates (-tls_crl) is not valid yet",
    12: "the list of revoked certificates (-tls_crl) has expired",
    18: "the peer's certificate is self-signed and not in -tls_ca",
    19: "the peer's certificate comes from a CA that is not in -tls_ca",
    20: "the peer's certificate was issued by no CA of -tls_ca",
    21: "the peer's certificate was issued by no CA of -tls_ca",
    23: "the peer's certificate was revoked (-tls_crl)",
    24: "the peer's certificate was issued by one that is no CA",
    26: "the peer's certificate is not meant for this side of a TLS connection",
    62: "the peer's certificate is not for the name {host}",
    64: "the peer's certificate is not for the address {host}",
    66: "the key of the peer's certificate is weaker than this machine's OpenSSL allows",
    67: "the key of the peer's CA is weaker than this machine's OpenSSL allows",
    68: "the peer's certificate has a signature weaker than this machine's OpenSSL allows",
}
"""By OpenSSL's verify code (X509_STORE_CTX_get_error(3))."""

_REFUSED = "the peer refused our certificate: "
_ALERTS = {
    "BAD_CERTIFICATE": _REFUSED + "it is broken, not valid yet, or not for the name that was asked for (alert bad certificate)",
    "CERTIFICATE_EXPIRED": _REFUSED + "it has expired (alert certificate expired)",
    "CERTIFICATE_REQUIRED": "the peer asks for a certificate and we have none; give one with -tls_cert and -tls_key",
    "CERTIFICATE_REVOKED": _REFUSED + "it was revoked (alert certificate revoked)",
    "CERTIFICATE_UNKNOWN": _REFUSED + "it does not say why (alert certificate unknown)",
    "UNKNOWN_CA": _REFUSED + "it does not know the CA (alert unknown ca)",
    "UNSUPPORTED_CERTIFICATE": _REFUSED + "it is of a kind that it does not take (alert unsupported certificate)",
    "ACCESS_DENIED": _REFUSED + "it has no access (alert access denied)",
    "DECRYPT_ERROR": "the peer could not check a signature of ours (alert decrypt error)",
    "HANDSHAKE_FAILURE": "the peer and we have no cipher in common, or it wants a certificate of us (alert handshake failure)",
    "INSUFFICIENT_SECURITY": "our ciphers are too weak for the peer (alert insufficient security)",
    "PROTOCOL_VERSION": "the peer takes no TLS version that we offer; see -tls_version (alert protocol version)",
    "UNRECOGNIZED_NAME": "the peer has no certificate for the name {host} (alert unrecognized name)",
}
"""By the name of an alert that the peer sent."""

_NOTHING_IN_COMMON = {
    "NO_PROTOCOLS_AVAILABLE": "this machine's OpenSSL refuses the TLS version of -tls_version",
    "NO_SHARED_CIPHER": "the peer and we have no cipher in common",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the peer gave no certificate, and -tls_ca asks for one",
    "UNSUPPORTED_PROTOCOL": "the peer offers no TLS version that we take; see -tls_version",
    "VERSION_TOO_LOW": "the peer's TLS version is older than we take; see -tls_version",
    "WRONG_SSL_VERSION": "the peer offers no TLS version that we take; see -tls_version",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "the peer takes no signature that our certificate's key can make",
    "DH_KEY_TOO_SMALL": "the peer's Diffie-Hellman key is weaker than this machine's OpenSSL allows",
    "EE_KEY_TOO_SMALL": "the key of the peer's certificate is weaker than this machine's OpenSSL allows",
}
"""By OpenSSL's reason, when both sides speak TLS."""

_ALERT = "_ALERT_"
SHOWN_BYTES = 40


def no_tls(data: bytes) -> StreamBroken:
    """The peer's first bytes are no TLS record."""
    line = data.splitlines()[0][:SHOWN_BYTES].decode("ascii", "replace") if data.strip() else ""
    said = f": it sent {line!r}" if line.isprintable() and line and "\ufffd" not in line else ""
    return StreamBroken(f"the peer speaks no TLS{said}", Failure.TCP_CONNECT, garbage=True)


def broken(error: ssl.SSLError, host: str, failure: Failure) -> StreamBroken:
    """What an error of OpenSSL means; `host` is the name that was asked for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = _CERTIFICATE.get(error.verify_code) or f"the peer's certificate is refused: {error.verify_message}"
        return StreamBroken(said.format(host=host), failure)
    reason = str(error.reason or "")
    _, is_alert, alert = reason.rpartition(_ALERT)
    if is_alert:
        return StreamBroken(_ALERTS.get(alert, f"the peer ended TLS (alert {_words(alert)})").format(host=host), failure)
    if reason in _NOTHING_IN_COMMON:
        return StreamBroken(_NOTHING_IN_COMMON[reason], failure)
    return StreamBroken(f"what the peer sent is no sound TLS ({_words(reason) or error})", failure, garbage=True)


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower()
