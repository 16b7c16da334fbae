# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: what goes to Homer."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.opentelemetry import OpenTelemetryOptions
from engine.options.values import Group, Kind, Setting


class HomerOptions(OpenTelemetryOptions, frozen=True, kw_only=True):
    """What goes to Homer."""

    hep_address: Annotated[
        str,
        Setting(
            ("-hep_addr",),
            Kind.TEXT,
            Group.OBSERVABILITY,
            "Send messages to this Homer, or whoever takes HEP3.",
            placeholder="host[:9060]",
        ),
    ] = ""
    hep_protocol: Annotated[
        str,
        Setting(
            ("-hep_proto",),
            Kind.CHOICE,
            Group.OBSERVABILITY,
            "What HEP goes over; tcp and tls connect again when the connection is lost.",
            choices=("udp", "tcp", "tls"),
        ),
    ] = "udp"
    hep_what: Annotated[
        str,
        Setting(
            ("-hep_what",),
            Kind.CHOICE,
            Group.OBSERVABILITY,
            "Which messages: all at once, or when a call is over those of followed calls (-follow), or of calls that failed.",
            choices=("all", "followed", "failed"),
        ),
    ] = "all"
    hep_capture_id: Annotated[
        int,
        Setting(
            ("-hep_capture_id",), Kind.INTEGER, Group.OBSERVABILITY, "The id that we have as a capture agent.", "", 0, 2**32 - 1
        ),
    ] = 0
    hep_password: Annotated[
        str, Setting(("-hep_password",), Kind.TEXT, Group.OBSERVABILITY, "The authentication key in each packet of HEP.")
    ] = ""
    hep_tls_ca: Annotated[
        str,
        Setting(
            ("-hep_tls_ca",),
            Kind.PATH,
            Group.OBSERVABILITY,
            "With -hep_proto tls, verify Homer and its name by these CAs, in PEM; else by those of this machine.",
            placeholder="ca.pem",
        ),
    ] = ""
