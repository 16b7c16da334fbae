# SPDX-License-Identifier: AGPL-3.0-or-later
"""An exporter of the SDK for one signal, as a function from a batch to the collector's answer.

What the SDK, gRPC and urllib3 have to say goes nowhere: standard error may be a terminal, and what matters is in the answers.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engine.errors import OptionError, in_one_line
from engine.export.otel.answers import UNSENT, Answer, Fate
from engine.export.otel.settings import FLAG, Signal, Target


def silence() -> None:
    """Keep other people's logging from standard error; before gRPC is imported, which reads its variable then."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    logging.captureWarnings(True)
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())


class Exporter:
    """One signal's. Everything may take long and is for a thread, one at a time; `close` is for any, and interrupts."""

    def __init__(self, signal: Signal, target: Target) -> None:
        """Raises OptionError for a variable that the SDK cannot read, or an SDK that is another."""
        silence()
        self._answer = UNSENT
        try:
            self._exporter = _make(signal, target, self._hear)
        except Exception as error:
            what = f"OpenTelemetry's SDK cannot be used: {in_one_line(error)}"
            raise OptionError(FLAG, target.url, what) from None

    def _hear(self, answer: Answer) -> None:
        self._answer = answer

    def send(self, batch: Any) -> Answer:
        """Send a batch of the SDK's own form; what was said to it."""
        self._answer = UNSENT
        try:
            self._exporter.export(batch)
        except Exception as error:
            if self._answer is UNSENT:
                return Answer(Fate.REFUSED, in_one_line(error))
        return self._answer

    def close(self) -> None:
        """Let go of connections, and of an answer that is waited for."""
        with suppress(Exception):
            self._exporter.shutdown()


def _make(signal: Signal, target: Target, hear: Callable[[Answer], None]) -> Any:
    from opentelemetry.util.re import parse_env_headers

    variables = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
    said = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    headers = {**parse_env_headers(said, liberal=True), **dict(target.headers)}
    if target.protocol == "grpc":
        from engine.export.otel.grpc_exporters import grpc_exporter

        return grpc_exporter(signal, target, headers, hear)
    from engine.export.otel.http_exporters import http_exporter

    return http_exporter(signal, target, headers, hear)
