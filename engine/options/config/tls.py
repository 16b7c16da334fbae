# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group TLS: certificates, and whom we trust."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.transport import TransportOptions
from engine.options.values import UAC, Group, Kind, Setting


class TlsOptions(TransportOptions, frozen=True, kw_only=True):
    """Certificates, and whom we trust."""

    tls_certificate: Annotated[
        str,
        Setting(
            ("-tls_cert",),
            Kind.PATH,
            Group.TLS,
            "Certificate that we show, with those between it and its CA, in PEM. A server needs one: gossipper tls-cert.",
            placeholder="server.pem",
        ),
    ] = ""
    tls_key: Annotated[
        str,
        Setting(
            ("-tls_key",),
            Kind.PATH,
            Group.TLS,
            "Key of that certificate in PEM; its password is asked for, or is GOSSIPPER_TLS_KEY_PASSWORD.",
            placeholder="server.key",
        ),
    ] = ""
    tls_ca: Annotated[
        str,
        Setting(
            ("-tls_ca",),
            Kind.PATH,
            Group.TLS,
            "Verify by these CAs, in PEM: a client the server and its name; a server has its clients show a certificate.",
            placeholder="ca.pem",
        ),
    ] = ""
    tls_crl: Annotated[
        str,
        Setting(
            ("-tls_crl",),
            Kind.PATH,
            Group.TLS,
            "Refuse certificates that this list of the CA revokes, in PEM.",
            placeholder="crl.pem",
        ),
    ] = ""
    tls_version: Annotated[
        str,
        Setting(
            ("-tls_version",),
            Kind.CHOICE,
            Group.TLS,
            "The one TLS version to speak; any: the best that both sides have.",
            choices=("any", "1.0", "1.1", "1.2", "1.3"),
        ),
    ] = "any"
    tls_skip_verify: Annotated[
        bool,
        Setting(
            ("-tls_skip_verify",), Kind.SWITCH, Group.TLS, "Verify no server, also with -tls_ca. The run says so.", roles=UAC
        ),
    ] = False
