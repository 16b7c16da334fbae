# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: what goes to an OpenTelemetry collector."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.event_log import EventLogOptions
from engine.options.values import Group, Kind, Setting


class OpenTelemetryOptions(EventLogOptions, frozen=True, kw_only=True):
    """What goes to an OpenTelemetry collector."""

    log_otel_endpoint: Annotated[
        str,
        Setting(
            ("-log_otel_endpoint",),
            Kind.TEXT,
            Group.OBSERVABILITY,
            "Send the event log, metrics and traces of followed calls to this OpenTelemetry collector.",
            placeholder="host[:port] or URL",
        ),
    ] = ""
    log_otel_protocol: Annotated[
        str,
        Setting(
            ("-log_otel_proto",),
            Kind.CHOICE,
            Group.OBSERVABILITY,
            "How OTLP goes to the collector.",
            choices=("auto", "grpc", "http"),
            meanings={
                "auto": "as OTEL_EXPORTER_OTLP_PROTOCOL says, else grpc",
                "grpc": "OTLP/gRPC, port 4317 when none is given",
                "http": "OTLP/HTTP with protobuf, port 4318 when none is given",
            },
        ),
    ] = "auto"
    log_otel_insecure: Annotated[
        bool,
        Setting(
            ("-log_otel_insecure",),
            Kind.SWITCH,
            Group.OBSERVABILITY,
            "Reach the collector without TLS, as http:// in its URL does.",
        ),
    ] = False
    log_otel_headers: Annotated[
        tuple[str, ...],
        Setting(
            ("-log_otel_header",),
            Kind.TEXTS,
            Group.OBSERVABILITY,
            "A header that goes with everything for the collector, such as a key.",
            placeholder="name=value",
        ),
    ] = ()
