# SPDX-License-Identifier: AGPL-3.0-or-later
"""From names and a folder to the six files of a lab.

None is called `cacert.pem` or `cakey.pem`: SIPp takes files of these names for the certificate and the key that it shows
itself, and a CA must not be shown by mistake.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from engine.messages import Certificates, MakeCertificates
from engine.run.certificates.authority import CA, CA_KEY, new_authority, read_authority
from engine.run.certificates.files import NewFile, make_folder, refuse_existing, write_all
from engine.run.certificates.names import Name, default_names, general_names, read_name
from engine.run.certificates.pairs import Pair, issue

SERVER, SERVER_KEY = "server.pem", "server.key"
CLIENT, CLIENT_KEY = "client.pem", "client.key"
CLIENT_SUBJECT = "gossipper client"

SERVER_USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
"""Who answers calls on a port also makes some, with the same certificate."""
CLIENT_USES = (ExtendedKeyUsageOID.CLIENT_AUTH,)

_MOST_SUBJECT_CHARACTERS = 64
"""Of a common name (RFC 5280 appendix A.1)."""


def make_certificates(command: MakeCertificates) -> Certificates:
    """See `MakeCertificates`. Raises CertificateError; then no file has changed."""
    names = _names(command.names)
    folder = Path(command.directory)
    now = datetime.now(UTC).replace(microsecond=0)
    found = read_authority(folder, now)
    authority = found or new_authority(now)
    server = issue(authority, _subject(names), general_names(names), SERVER_USES, now)
    client = issue(authority, CLIENT_SUBJECT, general_names(names), CLIENT_USES, now)
    files: list[NewFile] = []
    for pair, name, key_name in ((server, SERVER, SERVER_KEY), (client, CLIENT, CLIENT_KEY)):
        files += pair.files(name, key_name)
    if not command.overwrite:
        refuse_existing(folder, files)
    make_folder(folder)
    write_all(folder, files if found else [*authority.files(CA, CA_KEY), *files])
    return _made(command, names, authority, server, ca_is_new=found is None)


def _names(given: Sequence[str]) -> list[Name]:
    """Each name once, in the order in which they were given."""
    names = map(read_name, given or default_names(socket.gethostname()))
    return list({name.text: name for name in names}.values())


def _subject(names: Sequence[Name]) -> str:
    """What a person reads in a log; verifiers look at subjectAltName."""
    return next((name.text for name in names if len(name.text) <= _MOST_SUBJECT_CHARACTERS), "gossipper server")


def _made(command: MakeCertificates, names: Sequence[Name], authority: Pair, server: Pair, *, ca_is_new: bool) -> Certificates:
    ca, ca_key, certificate, key, client, client_key = (
        str(Path(command.directory) / name) for name in (CA, CA_KEY, SERVER, SERVER_KEY, CLIENT, CLIENT_KEY)
    )
    return Certificates(
        names=tuple(name.text for name in names),
        ca=ca,
        ca_key=ca_key,
        ca_is_new=ca_is_new,
        ca_valid_until_unix_s=authority.valid_until_unix_s,
        server=certificate,
        server_key=key,
        client=client,
        client_key=client_key,
        valid_until_unix_s=server.valid_until_unix_s,
    )
