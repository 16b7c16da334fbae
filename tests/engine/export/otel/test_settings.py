# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes to a collector and where: options, variables, and what is wrong with them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from engine.errors import OptionError
from engine.export.otel import settings
from engine.export.otel.settings import Signal, Target, check_opentelemetry, headers_of, interval_s, signals_of, target_of
from engine.options import RunConfig

ALL = tuple(Signal)
OTLP = "OTEL_EXPORTER_OTLP"


def config(**options: Any) -> RunConfig:
    return RunConfig(remote="127.0.0.1", **options)


@pytest.mark.parametrize(
    ("endpoint", "environment", "expected"),
    [
        ("", {}, ()),
        ("here", {}, ALL),
        ("", {f"{OTLP}_ENDPOINT": "http://here:4317"}, ()),
        ("", {"OTEL_TRACES_EXPORTER": "otlp"}, (Signal.TRACES,)),
        ("", {"OTEL_LOGS_EXPORTER": "console, otlp", "OTEL_METRICS_EXPORTER": "prometheus"}, (Signal.LOGS,)),
        ("here", {"OTEL_LOGS_EXPORTER": "none"}, (Signal.METRICS, Signal.TRACES)),
        ("here", {"OTEL_LOGS_EXPORTER": ""}, ALL),
        ("here", {"OTEL_SDK_DISABLED": "True"}, ()),
    ],
)
def test_what_asks_for_which_signals(endpoint: str, environment: dict[str, str], expected: tuple[Signal, ...]) -> None:
    assert signals_of(config(log_otel_endpoint=endpoint), environment) == expected


def test_variables_alone_ask_for_nothing_where_there_is_no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PACKAGE", "not_installed.otlp")
    assert signals_of(config(), {"OTEL_TRACES_EXPORTER": "otlp"}) == ()
    assert signals_of(config(log_otel_endpoint="here"), {}) == ALL


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PACKAGE", "not_installed.otlp")
    with pytest.raises(OptionError) as caught:
        check_opentelemetry(config(log_otel_endpoint="here"))
    assert str(caught.value) == "-log_otel_endpoint: needs OpenTelemetry's SDK — pip install 'gossipper[otlp]'"


@pytest.mark.parametrize(
    ("options", "environment", "protocol", "url", "place"),
    [
        ({"log_otel_endpoint": "here"}, {}, "grpc", "https://here:4317", "here:4317"),
        ({"log_otel_endpoint": "here:99", "log_otel_insecure": True}, {}, "grpc", "http://here:99", "here:99"),
        ({"log_otel_endpoint": "http://here"}, {}, "grpc", "http://here:80", "here:80"),
        ({"log_otel_endpoint": "https://[::1]:7/x"}, {}, "grpc", "https://[::1]:7", "[::1]:7"),
        ({"log_otel_endpoint": "::1"}, {}, "grpc", "https://[::1]:4317", "[::1]:4317"),
        ({"log_otel_endpoint": "here", "log_otel_protocol": "http"}, {}, "http", "https://here:4318/v1/traces", "here:4318"),
        (
            {"log_otel_endpoint": "http://here/otlp/", "log_otel_protocol": "http"},
            {},
            "http",
            "http://here/otlp/v1/traces",
            "here:80",
        ),
        ({"log_otel_endpoint": "here"}, {f"{OTLP}_INSECURE": "true"}, "grpc", "http://here:4317", "here:4317"),
        ({"log_otel_endpoint": "here"}, {f"{OTLP}_ENDPOINT": "http://there"}, "grpc", "https://here:4317", "here:4317"),
        ({}, {}, "grpc", "http://localhost:4317", "localhost:4317"),
        ({}, {f"{OTLP}_PROTOCOL": "http/protobuf"}, "http", "http://localhost:4318/v1/traces", "localhost:4318"),
        (
            {},
            {f"{OTLP}_ENDPOINT": "http://there:1", f"{OTLP}_PROTOCOL": "http/protobuf"},
            "http",
            "http://there:1/v1/traces",
            "there:1",
        ),
        (
            {"log_otel_protocol": "http"},
            {f"{OTLP}_ENDPOINT": "http://there:1", f"{OTLP}_TRACES_ENDPOINT": "https://own/in"},
            "http",
            "https://own/in",
            "own:443",
        ),
        (
            {"log_otel_protocol": "grpc"},
            {f"{OTLP}_PROTOCOL": "http/protobuf"},
            "grpc",
            "http://localhost:4317",
            "localhost:4317",
        ),
    ],
)
def test_where_a_signal_goes(options: dict[str, Any], environment: dict[str, str], protocol: str, url: str, place: str) -> None:
    assert target_of(Signal.TRACES, config(**options), environment) == Target(protocol, url, (), place)


@pytest.mark.parametrize(
    ("options", "environment", "option"),
    [
        ({"log_otel_endpoint": "here:0"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "ftp://here"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "http://"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "http://here:x"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "http://here:99999"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "http://[::1"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "http://here?x"}, {}, "-log_otel_endpoint"),
        ({"log_otel_endpoint": "https://here", "log_otel_insecure": True}, {}, "-log_otel_insecure"),
        ({"log_otel_endpoint": "here", "log_otel_headers": ("key",)}, {}, "-log_otel_header"),
        ({}, {f"{OTLP}_ENDPOINT": "http://"}, f"{OTLP}_ENDPOINT"),
        ({}, {f"{OTLP}_TRACES_ENDPOINT": "http://"}, f"{OTLP}_TRACES_ENDPOINT"),
        ({}, {f"{OTLP}_PROTOCOL": "http/json"}, f"{OTLP}_PROTOCOL"),
        ({}, {f"{OTLP}_TRACES_PROTOCOL": "carrier pigeon"}, f"{OTLP}_TRACES_PROTOCOL"),
    ],
)
def test_what_is_wrong_is_told_by_its_name(options: dict[str, Any], environment: dict[str, str], option: str) -> None:
    with pytest.raises(OptionError) as caught:
        target_of(Signal.TRACES, config(**options), environment)
    assert caught.value.option == option
    assert "\n" not in str(caught.value)


def test_headers() -> None:
    assert headers_of(("X-Key=a=b", "x-key = c ", "Other="), "grpc") == (("x-key", "c"), ("other", ""))


@pytest.mark.parametrize("text", ["", "=x", "a b=c", "key=\x07", "key=a\nb", "key=ü", "grpc-timeout=1", "x-bin=1"])
def test_what_is_no_header(text: str) -> None:
    with pytest.raises(OptionError, match=r"^-log_otel_header: "):
        headers_of((text,), "grpc")


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"log_otel_headers": ("a=b",)}, "-log_otel_header"),
        ({"log_otel_insecure": True}, "-log_otel_insecure"),
        ({"log_otel_protocol": "http"}, "-log_otel_proto"),
    ],
)
def test_what_is_for_no_collector_is_told(options: dict[str, Any], flag: str) -> None:
    with pytest.raises(OptionError, match=f"^{flag}: there is no collector"):
        check_opentelemetry(config(**options))


def test_variables_that_leave_nothing_of_the_flag_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with pytest.raises(OptionError, match="OTEL_SDK_DISABLED"):
        check_opentelemetry(config(log_otel_endpoint="here"))


def test_a_certificate_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{OTLP}_LOGS_CERTIFICATE", "/nowhere/ca.pem")
    with pytest.raises(OptionError, match=r"^OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: /nowhere/ca.pem is no file"):
        check_opentelemetry(config(log_otel_endpoint="here"))
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
    check_opentelemetry(config(log_otel_endpoint="here"))


def test_a_run_does_not_import_the_sdk() -> None:
    code = (
        "import sys, engine.run.commands, engine.export.exporter;"
        "from engine.export.otel.settings import check_opentelemetry; from engine.options import RunConfig;"
        "check_opentelemetry(RunConfig(remote='x', log_otel_endpoint='here'));"
        "print([name for name in ('grpc', 'opentelemetry.sdk', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_how_often_is_a_variable() -> None:
    assert interval_s({}) == 5
    assert interval_s({"OTEL_METRIC_EXPORT_INTERVAL": "1500"}) == 1.5


@pytest.mark.parametrize("text", ["0", "-1", "5s", "1.5", "9" * 20])
def test_what_is_no_interval(text: str) -> None:
    with pytest.raises(OptionError, match=r"^OTEL_METRIC_EXPORT_INTERVAL: "):
        interval_s({"OTEL_METRIC_EXPORT_INTERVAL": text})
