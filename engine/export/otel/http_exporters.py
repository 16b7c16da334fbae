# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SDK's exporters for OTLP/HTTP with protobuf, whose answers are heard.

They are given a session of our own, which passes on what the collector answered, with what it rejected, reads no more of it
than an answer can be, and follows nobody elsewhere. They try once: when to try again is for who holds the queue.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import requests
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from engine.export.otel.answers import Answer, Fate, in_short, in_words, taken
from engine.export.otel.settings import Signal, Target

Hear = Callable[[Answer], None]

MOST_BYTES: Final = 64 << 10
"""Of an answer; the rest is not read."""
_AWAY: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses after which a client may try again (OTLP 1.x, Retryable Response Codes)."""
_PROTOBUF: Final = "application/x-protobuf"
_RESPONSES: Final[Mapping[Signal, tuple[Any, str]]] = {
    Signal.LOGS: (ExportLogsServiceResponse, "rejected_log_records"),
    Signal.METRICS: (ExportMetricsServiceResponse, "rejected_data_points"),
    Signal.TRACES: (ExportTraceServiceResponse, "rejected_spans"),
}


class _NotTaken(Exception):
    """Ends the exporter's one attempt: of errors of other kinds it tries again by itself."""


class _HeardSession(requests.Session):
    """A session of one exporter."""

    def __init__(self, signal: Signal, hear: Hear) -> None:
        super().__init__()
        self._signal, self._hear = signal, hear

    def request(self, *which: Any, **how: Any) -> requests.Response:
        """Send a request, once more where a connection that had stood open is gone, and hear the answer."""
        how |= {"stream": True, "allow_redirects": False}
        if isinstance(self.verify, str):  # else REQUESTS_CA_BUNDLE would win over OpenTelemetry's variable
            how["verify"] = self.verify
        try:
            try:
                response = super().request(*which, **how)
            except requests.ConnectionError as error:
                if isinstance(error, requests.exceptions.SSLError | requests.Timeout) or not _had_stood_open(error):
                    raise
                response = super().request(*which, **how)
            with response:
                answer = _answer_of(response, self._signal)
        except (requests.Timeout, ReadTimeoutError):
            answer = Answer(Fate.AWAY, "it does not answer")
        except (requests.RequestException, HTTPError, OSError) as error:
            answer = Answer(Fate.AWAY, _why(error))
        self._hear(answer)
        if answer.fate is not Fate.TAKEN:
            raise _NotTaken
        return response


def _had_stood_open(error: BaseException) -> bool:
    """Whether the peer has closed a connection before it answered, as it may one that was idle."""
    return "RemoteDisconnected" in repr(error) or "Connection reset" in repr(error)


def _answer_of(response: requests.Response, signal: Signal) -> Answer:
    status = response.status_code
    body = response.raw.read(MOST_BYTES, decode_content=True)
    is_protobuf = response.headers.get("content-type", "").partition(";")[0].strip().lower() == _PROTOBUF
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _taken(body if is_protobuf else b"", signal)
    why = in_short(f"HTTP {status} {response.reason or ''} {_message_in(body) if is_protobuf else ''}")
    if status in _AWAY:
        return Answer(Fate.AWAY, why, wait_s=_wait_s(response.headers.get("retry-after", "")))
    return Answer(Fate.REFUSED, why)


def _taken(body: bytes, signal: Signal) -> Answer:
    kind, rejected = _RESPONSES[signal]
    try:
        partial = kind.FromString(body).partial_success
    except Exception:  # what it is said to be it is not; the status says that it was taken
        return taken(0, "")
    return taken(getattr(partial, rejected), partial.error_message)


def _message_in(body: bytes) -> str:
    try:
        return str(Status.FromString(body).message)
    except Exception:
        return ""


def _wait_s(text: str) -> float | None:
    """What a Retry-After says (RFC 9110 section 10.2.3)."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except (OverflowError, TypeError, ValueError):
            return None
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - time.time()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _why(error: BaseException) -> str:
    """The system's word for why a collector was not reached, which is at the bottom of what libraries make of it."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.strerror and not isinstance(found, requests.RequestException | ssl.SSLError):
            return found.strerror
        reason = getattr(found, "reason", None) or next((each for each in found.args if isinstance(each, BaseException)), None)
        found = reason if isinstance(reason, BaseException) else found.__cause__ or found.__context__
    return in_words(str(error)) or type(error).__name__


_KINDS: Final[Mapping[Signal, Any]] = {
    Signal.LOGS: OTLPLogExporter,
    Signal.METRICS: OTLPMetricExporter,
    Signal.TRACES: OTLPSpanExporter,
}


def http_exporter(signal: Signal, target: Target, headers: Mapping[str, str], hear: Hear) -> Any:
    """The exporter for a signal, whose `export` takes what the SDK makes of it."""
    return _KINDS[signal](endpoint=target.url, headers=dict(headers), session=_HeardSession(signal, hear))
