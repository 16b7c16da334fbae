# SPDX-License-Identifier: AGPL-3.0-or-later
"""A collector of OpenTelemetry: over gRPC by its own services, and over HTTP. It keeps what it takes, and says what it is told.

Both forms have the same protobuf messages, so what came is looked at in one way.
"""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

SIGNALS = ("logs", "metrics", "traces")
_MODULES: Mapping[str, tuple[Any, Any, str]] = {
    "logs": (logs_service_pb2, logs_service_pb2_grpc, "Logs"),
    "metrics": (metrics_service_pb2, metrics_service_pb2_grpc, "Metrics"),
    "traces": (trace_service_pb2, trace_service_pb2_grpc, "Trace"),
}
_REJECTED = {"logs": "rejected_log_records", "metrics": "rejected_data_points", "traces": "rejected_spans"}


@dataclass
class Says:
    """How a collector answers. `code` is a name of gRPC's, or an HTTP status; "" takes what comes, but for `rejected`."""

    code: str = ""
    message: str = ""
    rejected: int = 0
    wait: str = ""
    body: bytes | None = None


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes as a dict."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value") for each in pairs}


@dataclass
class Collector:
    """What came: requests that were taken, by signal, and the headers of all."""

    says: Callable[[str], Says] = lambda signal: Says()
    requests: dict[str, list[Any]] = field(default_factory=lambda: {signal: [] for signal in SIGNALS})
    headers: list[dict[str, str]] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)
    """Set, unless it is to say nothing."""
    endpoint: str = ""

    def __post_init__(self) -> None:
        self.hangs.set()

    def take(self, signal: str, request: Any, headers: dict[str, str]) -> Says:
        """A request has come."""
        self.attempts.append(signal)
        self.headers.append(headers)
        self.hangs.wait(30)
        says = self.says(signal)
        if not says.code:
            self.requests[signal].append(request)
        return says

    @property
    def logs(self) -> list[Any]:
        """All log records."""
        return [
            record
            for request in self.requests["logs"]
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def spans(self) -> list[Any]:
        """All spans."""
        return [
            span
            for request in self.requests["traces"]
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self, index: int = -1) -> dict[str, Any]:
        """The metrics of one request, by name; of the last."""
        return {
            metric.name: metric
            for resource in self.requests["metrics"][index].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def resources(self, signal: str) -> list[dict[str, Any]]:
        """The attributes of the resource of each request."""
        name = {"logs": "resource_logs", "metrics": "resource_metrics", "traces": "resource_spans"}[signal]
        return [attributes(each.resource.attributes) for request in self.requests[signal] for each in getattr(request, name)]


def points(metric: Any) -> dict[tuple[str, ...], Any]:
    """The points of a metric, by the values of their attributes."""
    data = getattr(metric, metric.WhichOneof("data"))
    return {tuple(attributes(point.attributes).values()): point for point in data.data_points}


def value(metric: Any, *labels: str) -> int | float:
    """The value of a point that is a number."""
    point = points(metric)[labels]
    number: int | float = getattr(point, point.WhichOneof("value"))
    return number


def _answer(signal: str, says: Says) -> Any:
    module, _, name = _MODULES[signal]
    response = getattr(module, f"Export{name}ServiceResponse")()
    if says.rejected or says.message:
        setattr(response.partial_success, _REJECTED[signal], says.rejected)
        response.partial_success.error_message = says.message
    return response


def grpc_collector(collector: Collector, credentials: tuple[Path, Path] | None = None, port: int = 0) -> Iterator[Collector]:
    """A collector over gRPC, with TLS where it has a key and a certificate."""
    server = grpc.server(ThreadPoolExecutor(8))
    for signal, (_, module, name) in _MODULES.items():
        getattr(module, f"add_{name}ServiceServicer_to_server")(_service(collector, signal), server)
    if credentials is None:
        port = server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        key, certificate = credentials
        secure = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        port = server.add_secure_port(f"127.0.0.1:{port}", secure)
    collector.endpoint = f"127.0.0.1:{port}"
    server.start()
    try:
        yield collector
    finally:
        collector.hangs.set()
        server.stop(0).wait()


def _service(collector: Collector, signal: str) -> Any:
    class Service:
        def Export(self, request: Any, context: Any) -> Any:
            says = collector.take(signal, request, dict(context.invocation_metadata()))
            if says.code:
                if says.wait:
                    context.set_trailing_metadata((("google.rpc.retryinfo-bin", bytes.fromhex(says.wait)),))
                context.abort(grpc.StatusCode[says.code], says.message)
            return _answer(signal, says)

    return Service()


def http_collector(
    collector: Collector, context: ssl.SSLContext | None = None, port: int = 0, prefix: str = ""
) -> Iterator[Collector]:
    """A collector over HTTP, with TLS where it has a context; its paths begin with the prefix."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(collector, prefix))
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    collector.endpoint = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(collector: Collector, prefix: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            signal = self.path.removeprefix(f"{prefix}/v1/")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if signal not in _MODULES:
                self._say(404, b"", Says())
                return
            module, _, name = _MODULES[signal]
            request = getattr(module, f"Export{name}ServiceRequest").FromString(body)
            says = collector.take(signal, request, {key.lower(): text for key, text in self.headers.items()})
            if says.code:
                self._say(int(says.code), Status(message=says.message).SerializeToString(), says)
            else:
                self._say(200, _answer(signal, says).SerializeToString(), says)

        def _say(self, status: int, body: bytes, says: Says) -> None:
            body = body if says.body is None else says.body
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(body)))
            if says.wait:
                self.send_header("Retry-After", says.wait)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    return Handler
