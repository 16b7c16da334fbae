# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes to an OpenTelemetry collector, and where: as the options say, and the variables that OpenTelemetry has for it.

-log_otel_endpoint asks for all signals. Without it a signal is asked for by its variable (`OTEL_TRACES_EXPORTER=otlp`), and
never by an endpoint's alone, which is often set for a whole platform. `none` there takes a signal away, and
`OTEL_SDK_DISABLED=true` all. A flag wins over the variable that means the same. No SDK is needed here, and no name looked up.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, urlsplit

from engine.errors import OptionError
from engine.messages import ScenarioDescription
from engine.options import RunConfig
from engine.transport.addresses import split_host_port

Environment = Mapping[str, str]

FLAG: Final = "-log_otel_endpoint"
HEADER_FLAG: Final = "-log_otel_header"
PACKAGE: Final = "opentelemetry.exporter.otlp.proto"
MISSING: Final = "needs OpenTelemetry's SDK — pip install 'gossipper[otlp]'"
USUAL_INTERVAL_S: Final = 5.0
_INTERVAL: Final = "OTEL_METRIC_EXPORT_INTERVAL"
_MS_PER_SECOND: Final = 1000
_PROTOCOLS: Final = {"grpc": "grpc", "http/protobuf": "http"}
_PORTS: Final = {"grpc": 4317, "http": 4318}
_LOCAL: Final = "localhost"
_SCHEMES: Final = ("http", "https")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*")
_FILES: Final = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")


class Signal(StrEnum):
    """What OpenTelemetry calls the three kinds of what it carries."""

    LOGS = "logs"
    METRICS = "metrics"
    TRACES = "traces"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a signal goes: `protocol` is `grpc` or `http`, `url` whole, with the path of the signal where it is `http`.

    `headers` are those of -log_otel_header. `place` is host and port, for people.
    """

    protocol: str
    url: str
    headers: tuple[tuple[str, str], ...]
    place: str

    @property
    def is_secure(self) -> bool:
        """Whether it goes over TLS."""
        return self.url.startswith("https:")


def signals_of(config: RunConfig, environment: Environment = os.environ) -> tuple[Signal, ...]:
    """The signals that are asked for; none by variables alone where there is no SDK."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    by_flag = bool(config.log_otel_endpoint)
    signals = tuple(signal for signal in Signal if _is_asked_for(signal, by_flag, environment))
    return signals if by_flag or not signals or has_sdk() else ()


def _is_asked_for(signal: Signal, by_flag: bool, environment: Environment) -> bool:
    names = environment.get(f"OTEL_{signal.upper()}_EXPORTER", "").lower().replace(",", " ").split()
    return "otlp" in names if names else by_flag


def has_sdk() -> bool:
    """Whether the extra is installed; it is not imported."""
    try:
        return all(importlib.util.find_spec(f"{PACKAGE}.{protocol}") is not None for protocol in _PORTS)
    except ModuleNotFoundError:
        return False


def target_of(signal: Signal, config: RunConfig, environment: Environment = os.environ) -> Target:
    """Where a signal goes. Raises OptionError, by the flag or the variable that is wrong."""
    protocol = _protocol_of(signal, config, environment)
    headers = headers_of(config.log_otel_headers, protocol)
    own, general = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
    given = config.log_otel_endpoint or environment.get(own) or environment.get(general)
    if not given:
        host = f"{_LOCAL}:{_PORTS[protocol]}"
        return _target(protocol, urlsplit(f"http://{host}"), f"/v1/{signal}", headers)
    is_own = not config.log_otel_endpoint and bool(environment.get(own))
    option = FLAG if config.log_otel_endpoint else own if is_own else general
    url = _url_of(given, option, protocol, config.log_otel_insecure or _insecure_by(signal, environment))
    if config.log_otel_insecure and url.scheme == "https":
        raise OptionError("-log_otel_insecure", True, f"{given} is TLS by its https; write http, or leave the option")
    return _target(protocol, url, "" if is_own else f"/v1/{signal}", headers)


def _protocol_of(signal: Signal, config: RunConfig, environment: Environment) -> str:
    if config.log_otel_protocol != "auto":
        return config.log_otel_protocol
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if value := environment.get(name, "").strip():
            if value not in _PROTOCOLS:
                raise OptionError(name, value, f"'{value}' is not one of {', '.join(_PROTOCOLS)}")
            return _PROTOCOLS[value]
    return "grpc"


def _insecure_by(signal: Signal, environment: Environment) -> bool:
    names = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE")
    return next((environment[name] for name in names if environment.get(name)), "").strip().lower() == "true"


def _url_of(text: str, option: str, protocol: str, insecure: bool) -> SplitResult:
    """The URL that was given, or that of a host and a port. Raises OptionError."""
    port = _PORTS[protocol]
    if "://" not in text:
        host, port = split_host_port(text, port, option)
        return urlsplit(f"{'http' if insecure else 'https'}://{f'[{host}]' if ':' in host else host}:{port}")
    problem = OptionError(option, text, f"'{text}' is no URL of a collector; write http://host:{port} or https://host:{port}")
    try:
        url = urlsplit(text)
        is_good = url.scheme in _SCHEMES and bool(url.hostname) and url.port != 0 and not url.query and not url.fragment
    except ValueError:
        raise problem from None
    if not is_good:
        raise problem
    return url


def _target(protocol: str, url: SplitResult, path: str, headers: tuple[tuple[str, str], ...]) -> Target:
    host = url.hostname or ""
    place = f"{f'[{host}]' if ':' in host else host}:{url.port or (443 if url.scheme == 'https' else 80)}"
    if protocol == "grpc":
        return Target(protocol, f"{url.scheme}://{place}", headers, place)
    return Target(protocol, url.geturl().rstrip("/") + path if path else url.geturl(), headers, place)


def headers_of(texts: tuple[str, ...], protocol: str) -> tuple[tuple[str, str], ...]:
    """What -log_otel_header NAME=VALUE says, names in lower case; the last of a name counts. Raises OptionError."""
    headers = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not (equals and _TOKEN.fullmatch(name) and _VISIBLE.fullmatch(value)):
            raise OptionError(HEADER_FLAG, text, f"'{name}' is no header with a value in visible ASCII; write NAME=VALUE")
        if protocol == "grpc" and (name.startswith("grpc-") or name.endswith("-bin")):
            raise OptionError(HEADER_FLAG, text, f"{name} is gRPC's own")
        headers[name] = value
    return tuple(headers.items())


def interval_s(environment: Environment = os.environ) -> float:
    """How often metrics are sent. Raises OptionError for a variable that is no time."""
    text = environment.get(_INTERVAL, "").strip()
    if not text:
        return USUAL_INTERVAL_S
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise OptionError(_INTERVAL, text, f"'{text}' is no number of milliseconds")
    return int(text) / _MS_PER_SECOND


def check_opentelemetry(config: RunConfig, scenario: ScenarioDescription | None = None) -> None:
    """Raise OptionError for what cannot be, or would do nothing. Whether files are there is looked at."""
    signals = signals_of(config)
    if config.log_otel_endpoint and not signals:
        why = "the variables OTEL_SDK_DISABLED and OTEL_…_EXPORTER leave nothing to send"
        raise OptionError(FLAG, config.log_otel_endpoint, why)
    if not signals:
        _check_idle(config)
        return
    if not has_sdk():
        raise OptionError(FLAG, config.log_otel_endpoint, MISSING)
    interval_s()
    for signal in signals:
        target_of(signal, config)
        for kind in _FILES:
            _check_file(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{kind}")
            _check_file(f"OTEL_EXPORTER_OTLP_{kind}")


def _check_idle(config: RunConfig) -> None:
    given = {
        HEADER_FLAG: config.log_otel_headers,
        "-log_otel_insecure": config.log_otel_insecure,
        "-log_otel_proto": config.log_otel_protocol != "auto",
    }
    for flag, value in given.items():
        if value:
            raise OptionError(flag, value, f"there is no collector that it is for; give {FLAG}")


def _check_file(variable: str) -> None:
    path = os.environ.get(variable, "")
    if path and not (os.path.isfile(path) and os.access(path, os.R_OK)):
        raise OptionError(variable, path, f"{path} is no file that can be read")
