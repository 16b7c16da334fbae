# SPDX-License-Identifier: AGPL-3.0-or-later
"""What TLS is to be like in a run: certificates, trust and versions, from the options to an `SSLContext`.

As in SIPp nobody is verified unless a CA is given. With one, a client verifies the server and its name, and a server lets in
nobody without a certificate of that CA. Everything here reads files: call it in a thread.
"""

from __future__ import annotations

import os
import ssl
import warnings
from collections.abc import Callable
from typing import Final

from engine.errors import KeyPasswordNeeded, OptionError
from engine.options import RunConfig
from engine.transport.addresses import Addresses
from engine.transport.stream.layer import Layer
from engine.transport.stream.tls import Tls

PASSWORD_VARIABLE: Final = "GOSSIPPER_TLS_KEY_PASSWORD"
KEY_LOG_VARIABLE: Final = "SSLKEYLOGFILE"
"""What other programs with TLS call it as well: Wireshark reads the file."""
SIPP_CERTIFICATE, SIPP_KEY = "cacert.pem", "cakey.pem"
"""SIPp's own certificate and key when none are given, in the working folder."""
MOST_BYTES: Final = 1_048_576
"""Of a file in PEM. A list of some 10,000 revoked certificates fits."""
_VERSIONS: Final = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_OLD: Final = ("1.0", "1.1")
_CIPHERS: Final = "DEFAULT"
"""OpenSSL's own choice, which has what RFC 3261 section 26.2.1 asks of everybody (TLS_RSA_WITH_AES_128_CBC_SHA); Python's has
nothing without forward secrecy, and old equipment nothing with it."""
_OLD_CIPHERS: Final = "DEFAULT:@SECLEVEL=0"
"""OpenSSL 3 signs with SHA-1, as these versions do, at no higher level."""


def tls(config: RunConfig, addresses: Addresses, server: bool) -> Callable[[str], Layer]:
    """The recipe of this layer. Raises OptionError, KeyPasswordNeeded."""
    context = context_of(config, server=server)
    return lambda host: Tls(context, server, host)


def own_files(config: RunConfig) -> tuple[str, str]:
    """Our certificate and its key, which may stand in one file; "" for none."""
    if not config.tls_certificate and not config.tls_key and os.path.isfile(SIPP_CERTIFICATE) and os.path.isfile(SIPP_KEY):
        return SIPP_CERTIFICATE, SIPP_KEY
    return config.tls_certificate, config.tls_key


def verifies(config: RunConfig, *, server: bool) -> bool:
    """Whether peers have to have a certificate that a CA of ours has issued."""
    return bool(config.tls_ca) and (server or not config.tls_skip_verify)


def context_of(config: RunConfig, *, server: bool) -> ssl.SSLContext:
    """What all connections of one side share. Raises OptionError, KeyPasswordNeeded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_CIPHERS)
    if server:
        context.num_tickets = 0  # load makes connections anew, and a ticket costs as much as some messages
    _set_version(context, config.tls_version)
    _load_own(context, *own_files(config))
    if verifies(config, server=server):
        _load(context, "-tls_ca", config.tls_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = not server
        if config.tls_crl:
            _load(context, "-tls_crl", config.tls_crl)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    _log_keys(context)
    return context


def _set_version(context: ssl.SSLContext, version: str) -> None:
    if version not in _VERSIONS:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # who names an old version wants it
        try:
            context.minimum_version = context.maximum_version = _VERSIONS[version]
            if version in _OLD:
                context.set_ciphers(_OLD_CIPHERS)
        except (ValueError, ssl.SSLError):
            raise OptionError("-tls_version", version, f"this machine's {ssl.OPENSSL_VERSION} has no TLS {version}") from None


def _load_own(context: ssl.SSLContext, certificate: str, key: str) -> None:
    if not certificate:
        return
    asked: list[str] = []

    def password() -> str:
        given = os.environ.get(PASSWORD_VARIABLE)
        if given is None:
            raise KeyPasswordNeeded(key or certificate, PASSWORD_VARIABLE)
        asked.append(given)
        return given

    flag, path = ("-tls_key", key) if key else ("-tls_cert", certificate)
    try:
        context.load_cert_chain(certificate, key or None, password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise OptionError(flag, path, f"{path} is not the key of the certificate in {certificate}") from None
        if asked:
            raise OptionError(flag, path, f"the password does not open {path}; see {PASSWORD_VARIABLE}") from None
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "-tls_cert", certificate)  # OpenSSL does not tell which of the two it is
        raise OptionError(flag, path, f"{path}: {_words(error)}") from None
    except (OSError, ValueError) as error:
        raise OptionError(flag, path, f"{path}: {error}") from None


def _load(context: ssl.SSLContext, flag: str, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise OptionError(flag, path, f"{path}: {_words(error)}") from None
    except OSError as error:
        raise OptionError(flag, path, f"{path}: {error.strerror or error}") from None


def _log_keys(context: ssl.SSLContext) -> None:
    """Have OpenSSL write the keys of each connection, for whoever wants to read a capture."""
    path = os.environ.get(KEY_LOG_VARIABLE)
    if path:
        if os.path.exists(path) and not os.path.isfile(path):  # opening a pipe waits until somebody reads it
            raise OptionError(KEY_LOG_VARIABLE, path, f"{path} is no regular file")
        try:
            context.keylog_filename = path
        except OSError as error:
            raise OptionError(KEY_LOG_VARIABLE, path, f"{path}: {error.strerror or error}") from None


def _words(error: ssl.SSLError) -> str:
    """What OpenSSL has against a file."""
    return (error.reason or "is damaged, or of a kind that OpenSSL does not take").replace("_", " ").lower()
