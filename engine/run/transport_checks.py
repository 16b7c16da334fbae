# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether the transport and its options fit the scenario and each other."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import OptionError
from engine.messages import Role, ScenarioDescription, TlsState
from engine.options import RunConfig
from engine.options.transports import ALIASES, KINDS
from engine.transport.stream.tls_context import verifies

_SIDES = {Role.UAC: "a client", Role.UAS: "a server"}
_DOES = {Role.UAC: "makes calls", Role.UAS: "waits for calls"}


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
    return TlsState(verified=verifies(config) or (None if role is Role.UAS else False))
