# SPDX-License-Identifier: AGPL-3.0-or-later
"""The SDK's exporters for OTLP/gRPC, whose answers are heard.

By themselves they tell that a batch was taken or not, and log the rest; here the collector's answer is passed on whole, with
what it rejected. They try once: when to try again is for who holds the queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

from engine.export.otel.answers import Answer, Fate, in_short, in_words, taken
from engine.export.otel.settings import Signal, Target

Hear = Callable[[Answer], None]

_NEVER: Final = frozenset({grpc.StatusCode.OK})
"""The codes of errors after which an exporter tries again by itself; OK is none."""
_AWAY: Final = frozenset(
    {
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
    }
)
"""The codes of errors after which a client may try again (OTLP 1.x, Failures); after RESOURCE_EXHAUSTED only when told to."""
_REFUSED: Final = re.compile(r"(?:connect|remote host): ([A-Z][a-z ]+)(?: \(|;|$)")
"""Of a connection that did not come about, the system's word for why."""
_RETRY_INFO: Final = "google.rpc.retryinfo-bin"
_REJECTED: Final = {
    Signal.LOGS: "rejected_log_records",
    Signal.METRICS: "rejected_data_points",
    Signal.TRACES: "rejected_spans",
}


class _HeardStub:
    """A client of the collector's service; what it answers is heard, and then is the exporter's."""

    def __init__(self, stub: Any, rejected: str, hear: Hear) -> None:
        self._stub, self._rejected, self._hear = stub, rejected, hear

    def Export(self, request: Any, **how: Any) -> Any:
        """The service's one call."""
        try:
            response = self._stub.Export(request, **how)
        except grpc.RpcError as error:
            self._hear(_answer_to(error))
            raise
        partial = response.partial_success
        self._hear(taken(getattr(partial, self._rejected), partial.error_message))
        return response


def _answer_to(error: Any) -> Answer:
    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Answer(Fate.AWAY, "it does not answer")
    wait_s = _wait_s(error)
    if code in _AWAY or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and wait_s is not None):
        found = _REFUSED.search(details)
        return Answer(Fate.AWAY, found[1] if found else in_words(f"{code.name} {details}"), wait_s=wait_s)
    return Answer(Fate.REFUSED, in_short(f"{code.name} {details}"))


def _wait_s(error: Any) -> float | None:
    for name, value in error.trailing_metadata() or ():
        if name == _RETRY_INFO:
            try:
                delay = RetryInfo.FromString(value).retry_delay
            except Exception:
                return None
            return float(delay.seconds + delay.nanos / 1e9)
    return None


class _Hearing:
    """What makes an exporter's answers heard."""

    signal: Signal
    hear: Hear
    _client: Any

    def _initialize_channel_and_stub(self) -> None:
        """The exporters' own, which they also call to connect anew."""
        super()._initialize_channel_and_stub()  # type: ignore[misc]
        self._client = _HeardStub(self._client, _REJECTED[self.signal], self.hear)


class _Logs(_Hearing, OTLPLogExporter):
    signal = Signal.LOGS

    def __init__(self, hear: Hear, **how: Any) -> None:
        self.hear = hear
        super().__init__(**how)


class _Metrics(_Hearing, OTLPMetricExporter):
    signal = Signal.METRICS

    def __init__(self, hear: Hear, **how: Any) -> None:
        self.hear = hear
        super().__init__(**how)


class _Traces(_Hearing, OTLPSpanExporter):
    signal = Signal.TRACES

    def __init__(self, hear: Hear, **how: Any) -> None:
        self.hear = hear
        super().__init__(**how)


_KINDS: Final = {Signal.LOGS: _Logs, Signal.METRICS: _Metrics, Signal.TRACES: _Traces}


def grpc_exporter(signal: Signal, target: Target, headers: Mapping[str, str], hear: Hear) -> Any:
    """The exporter for a signal, whose `export` takes what the SDK makes of it."""
    exporter = _KINDS[signal](
        hear,
        endpoint=target.url,
        insecure=not target.is_secure,
        headers=tuple(headers.items()),
        retryable_error_codes=_NEVER,
    )
    if not isinstance(exporter._client, _HeardStub):
        raise RuntimeError("its exporters for gRPC are made otherwise than in version 1.45; use -log_otel_proto http")
    return exporter
