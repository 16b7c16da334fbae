# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was asked for of an export that nobody asked for: it is told, and stops no run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

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
