# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was asked for of an export that nobody asked for: it is told, and stops no run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.export.log_outputs import outputs_of
from engine.export.otel.settings import signals_of
from engine.options import RunConfig, option

_CONCERNS: Final[tuple[tuple[tuple[str, ...], Callable[[RunConfig], bool], str], ...]] = (
    (
        ("hep_protocol", "hep_what", "hep_capture_id", "hep_password", "hep_tls_ca"),
        lambda config: bool(config.hep_address),
        "without -hep_addr nothing is sent to Homer",
    ),
    (
        ("hep_tls_ca",),
        lambda config: config.hep_protocol == "tls" or not config.hep_address,
        "only -hep_proto tls has certificates; nothing is encrypted",
    ),
    (
        ("call_debug_file", "call_debug_overwrite"),
        lambda config: config.trace_call_debug,
        "without -trace_calldebug no log of failed calls is written",
    ),
    (
        ("log_level", "log_samples", "log_buffer_size"),
        lambda config: bool(outputs_of(config)),
        "there is no event log without -log_file_jsonl, -log_stdout or -log_otel_endpoint",
    ),
    (
        ("log_attributes",),
        lambda config: bool(outputs_of(config) or signals_of(config)),
        "nothing has attributes without -log_file_jsonl, -log_stdout or -log_otel_endpoint",
    ),
)
"""Options, when they do something, and what is said when they do nothing."""


def idle_export_options(config: RunConfig) -> list[str]:
    """What was asked for and changes nothing."""
    usual, warnings = RunConfig(), []
    for names, fits, why in _CONCERNS:
        given = [option(name).setting.flags[0] for name in names if getattr(config, name) != getattr(usual, name)]
        if given and not fits(config):
            warnings.append(f"{' '.join(given)}: {why}")
    return warnings
