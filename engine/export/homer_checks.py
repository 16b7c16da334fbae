# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the options -hep_… mean, and what keeps them from meaning anything."""

from __future__ import annotations

import ssl
from typing import Final

from engine.errors import OptionError
from engine.export.hep import MOST_KEY
from engine.options import RunConfig
from engine.scenario.input_files import Unreadable, read_regular
from engine.transport.addresses import split_host_port
from engine.transport.stream.tls_context import MOST_BYTES

DEFAULT_PORT: Final = 9060
"""Homer's own."""


def check_homer(config: RunConfig) -> None:
    """Raise OptionError for what cannot be: an address that is none, a file without certificates. It reads files."""
    place_of(config)
    key_of(config)
    if config.hep_protocol == "tls":
        context_of(config)


def place_of(config: RunConfig) -> tuple[str, int]:
    """Host and port. Raises OptionError."""
    return split_host_port(config.hep_address, DEFAULT_PORT, "-hep_addr")


def key_of(config: RunConfig) -> bytes:
    """The authentication key. Raises OptionError."""
    try:
        key = config.hep_password.encode("utf-8", "surrogateescape")  # of an argument that is no UTF-8, its bytes
    except UnicodeEncodeError:
        raise OptionError("-hep_password", "", "it has a character that UTF-8 cannot write") from None
    if len(key) > MOST_KEY:
        raise OptionError("-hep_password", "", f"it has {len(key)} bytes; there may be {MOST_KEY}")
    return key


def context_of(config: RunConfig) -> ssl.SSLContext:
    """Trust in the CAs of -hep_tls_ca, else in those of this machine. Reads files. Raises OptionError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    path = config.hep_tls_ca
    if not path:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=read_regular(path, MOST_BYTES).decode("ascii", "ignore"))
    except Unreadable as error:
        raise OptionError("-hep_tls_ca", path, f"{path} cannot be read: {error}") from None
    except (ssl.SSLError, ValueError):
        raise OptionError("-hep_tls_ca", path, f"{path} holds no certificate in PEM") from None
    return context
