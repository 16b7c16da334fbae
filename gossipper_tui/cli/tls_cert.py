# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper tls-cert`: a lab CA and certificates of it, and the command lines that use them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

import trio

from engine import open_engine
from engine.errors import OptionError
from engine.messages import Certificates, MakeCertificates

SIPS_PORT = 5061
"""Where SIP over TLS listens (RFC 3261 section 19.1.2)."""


def main(argv: Sequence[str]) -> int:
    """Write the files and say how they are used. Raises GossipperError."""
    made = trio.run(_make, _parse(argv))
    print("\n".join([*_written(made), "", *_uses(made)]))
    return 0


def _parse(argv: Sequence[str]) -> MakeCertificates:
    directory, names, force = ".", [], False
    words = iter(argv)
    for word in words:
        if word == "--out":
            directory = next(words, "")
            if not directory:
                raise OptionError(word, "", "it takes a folder: --out DIR")
        elif word == "--force":
            force = True
        elif word.startswith("-"):
            raise OptionError(word, "", "tls-cert takes --out DIR, --force and names")
        else:
            names.append(word)
    return MakeCertificates(directory=directory, names=tuple(names), overwrite=force)


async def _make(command: MakeCertificates) -> Certificates:
    async with open_engine() as bus:
        return await bus.call(command)


def _written(made: Certificates) -> list[str]:
    """A line for each pair of files: which, whose, until when."""
    verb, kind = ("wrote", "a new CA") if made.ca_is_new else ("took", "the CA that was there")
    until = _date(made.valid_until_unix_s)
    return [
        f"{verb} {made.ca}, {made.ca_key}: {kind}, good until {_date(made.ca_valid_until_unix_s)}",
        f"wrote {made.server}, {made.server_key}: for {', '.join(made.names)}, good until {until}",
        f"wrote {made.client}, {made.client_key}: for a client, good until {until}",
    ]


def _uses(made: Certificates) -> list[str]:
    """The command lines, to be copied."""
    server = f"gossipper sipp -sn uas -t l1 -p {SIPS_PORT} {_own(made.server, made.server_key)}"
    client = f"gossipper sipp -sn uac -t l1 {_peer(made.names)}"
    ca = f"-tls_ca {shlex.quote(made.ca)}"
    return [
        "A server, and a client that makes sure of it:",
        f"  {server}",
        f"  {client} {ca}",
        "A server that lets in nobody without a certificate, and a client that has one:",
        f"  {server} {ca}",
        f"  {client} {ca} {_own(made.client, made.client_key)}",
    ]


def _own(certificate: str, key: str) -> str:
    return f"-tls_cert {shlex.quote(certificate)} -tls_key {shlex.quote(key)}"


def _peer(names: Sequence[str]) -> str:
    """Where a client finds the server: by a name that is in its certificate, one of the domain where all are wildcards."""
    name = next((name for name in names if not name.startswith("*")), names[0].replace("*", "host"))
    return f"[{name}]:{SIPS_PORT}" if ":" in name else f"{name}:{SIPS_PORT}"


def _date(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%F}"
