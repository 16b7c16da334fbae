# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether TLS can be had as it was asked for: files, keys and passwords, looked at before anything is started."""

from __future__ import annotations

from engine.errors import OptionError
from engine.messages import Role, ScenarioDescription
from engine.options import RunConfig
from engine.options.transports import KINDS
from engine.scenario.input_files import Unreadable, read_regular
from engine.transport.stream.tls_context import MOST_BYTES, context_of, own_files

_FILES = (
    ("-tls_cert", "tls_certificate", b"CERTIFICATE-----", "certificate"),
    ("-tls_key", "tls_key", b"PRIVATE KEY-----", "private key"),
    ("-tls_ca", "tls_ca", b"CERTIFICATE-----", "certificate"),
    ("-tls_crl", "tls_crl", b"X509 CRL-----", "list of revoked certificates"),
)
"""Flag, option, what a line of the file says in PEM (RFC 7468), and what that is."""


def is_secure(config: RunConfig) -> bool:
    """Whether the transport has TLS."""
    return config.transport in KINDS and KINDS[config.transport].is_secure


def check_tls_files(config: RunConfig, scenario: ScenarioDescription | None = None) -> None:
    """Raise OptionError or KeyPasswordNeeded when a file is not what it should be. It reads them."""
    if not is_secure(config):
        return
    for flag, name, mark, what in _FILES:
        path = getattr(config, name)
        if path:
            _check_file(flag, path, mark, what)
    certificate, key = own_files(config)
    if key and not certificate:
        raise OptionError("-tls_key", key, "a key without its certificate; give that with -tls_cert")
    if certificate and not key and b"PRIVATE KEY-----" not in _read("-tls_cert", certificate):
        raise OptionError("-tls_cert", certificate, f"{certificate} holds no key; give it with -tls_key")
    if config.tls_crl and b"CERTIFICATE-----" in _read("-tls_crl", config.tls_crl):
        raise OptionError("-tls_crl", config.tls_crl, f"{config.tls_crl} holds a certificate, and that would be trusted")
    if config.tls_crl and not config.tls_ca:
        raise OptionError("-tls_crl", config.tls_crl, "only what is verified can be refused: give -tls_ca as well")
    context_of(config, server=False)


def check_tls_role(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """Raise OptionError when a server has no certificate."""
    if is_secure(config) and scenario is not None and scenario.role is Role.UAS and not own_files(config)[0]:
        make = "'gossipper tls-cert' makes one, and says how it is used"
        raise OptionError("-tls_cert", "", f"a server of {config.transport} needs a certificate and its key; {make}")


def _check_file(flag: str, path: str, mark: bytes, what: str) -> None:
    if mark not in _read(flag, path):
        raise OptionError(flag, path, f"{path} holds no {what} in PEM")


def _read(flag: str, path: str) -> bytes:
    try:
        return read_regular(path, MOST_BYTES)
    except Unreadable as error:
        raise OptionError(flag, path, f"{path} cannot be read: {error}") from None
