# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the transport and its options fit the scenario and each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from engine.errors import OptionError
from engine.messages import Role, ScenarioDescription, TlsState
from engine.options import RunConfig, option
from engine.options.transports import ALIASES, KINDS, TransportKind
from engine.transport.stream.tls_context import verifies

_SIDES = {Role.UAC: "a client", Role.UAS: "a server"}
_DOES = {Role.UAC: "makes calls", Role.UAS: "waits for calls"}


def _has_tls(kind: TransportKind, role: Role) -> bool:
    return kind.is_secure


def _has_websocket(kind: TransportKind, role: Role) -> bool:
    return kind.protocol in ("ws", "wss")


def _has_one_connection(kind: TransportKind, role: Role) -> bool:
    return kind.is_stream and not kind.of_a_call and role is Role.UAC


def _has_a_socket_a_call(kind: TransportKind, role: Role) -> bool:
    return bool(kind.of_a_call) and role is Role.UAC


def _has_connections(kind: TransportKind, role: Role) -> bool:
    return kind.is_stream


_CONCERNS: Final[tuple[tuple[tuple[str, ...], Callable[[TransportKind, Role], bool], str], ...]] = (
    (
        ("tls_certificate", "tls_key", "tls_ca", "tls_crl", "tls_version", "tls_skip_verify"),
        _has_tls,
        "it has no TLS, and nothing is encrypted; l1 ln ws1 wsn have it",
    ),
    (("websocket_path",), _has_websocket, "it has no WebSocket; w1 wn ws1 wsn have it"),
    (
        ("max_reconnect", "reconnect_close", "reconnect_sleep_ms"),
        _has_one_connection,
        "only the one connection of a client (t1 l1 w1 ws1) is made again",
    ),
    (
        ("keep_sockets",),
        _has_a_socket_a_call,
        "only where each call of a client has a socket (un tn ln wn wsn) is one kept",
    ),
    (("send_timeout_ms",), _has_connections, "only at a connection do messages wait for the peer"),
)
"""Options, which transports they do something for, and what is said where they do nothing."""


def idle_options(config: RunConfig, role: Role) -> list[str]:
    """What was asked for and changes nothing over this transport. SIPp takes it without a word, so no run is stopped by it."""
    kind, usual = KINDS[config.transport], RunConfig()
    warnings = []
    for names, fits, why in _CONCERNS:
        given = [option(name).setting.flags[0] for name in names if getattr(config, name) != getattr(usual, name)]
        if given and not fits(kind, role):
            warnings.append(f"{' '.join(given)} with -t {config.transport}: {why}")
    return warnings


def alias_problems(config: RunConfig, scenario: ScenarioDescription | None) -> Iterator[OptionError]:
    """What is wrong with the alias that `-t` was given, when it is for the other side of calls: what it stands for."""
    alias = ALIASES.get(config.transport)
    if alias is None or scenario is None or alias.role == scenario.role:
        return
    same = [name for name, other in ALIASES.items() if other.kind == alias.kind and other.role == scenario.role]
    what = f"{config.transport} is {alias.kind} for {_SIDES[Role(alias.role)]}, and the scenario {_DOES[scenario.role]}"
    hint = f"use {' or '.join([alias.kind, *same])}" + (f" ({alias.note})" if alias.note else "")
    yield OptionError("-t", config.transport, f"{what}; {hint}")


def tls_of(config: RunConfig, role: Role) -> TlsState | None:
    """What is known of TLS before the first connection; None for a transport without it."""
    if not KINDS[config.transport].is_secure:
        return None
    return TlsState(verified=verifies(config, server=role is Role.UAS) or (None if role is Role.UAS else False))
