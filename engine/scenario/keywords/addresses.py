# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for addresses and ports, ours and the peer's, and the transport between them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.assemble import Slot
from engine.scenario.keywords.slots import fact, ip_type, number, number_fact
from engine.scenario.program import CallState
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Word


def bracketed(address: str) -> bytes:
    """An address as it stands in a URI or a Via: IPv6 in brackets."""
    return (f"[{address}]" if ":" in address else address).encode("latin-1")


def _of_call(call: CallState, otherwise: str) -> str:
    """The call's address as a message says it, without a scope, which means nothing elsewhere."""
    return (call.local_ip or otherwise).partition("%")[0]


def _server_ip(word: Word, scope: Scope) -> Compiled:
    """Bare, as SIPp has it."""
    address = scope.facts.local_ip
    if not scope.facts.server_ip_of_call:
        return address.encode("latin-1", "replace")
    return Slot(lambda call: _of_call(call, address).encode("latin-1"))


def _local_ip(word: Word, scope: Scope) -> Compiled:
    address = scope.facts.local_ip
    if not scope.facts.local_ip_of_call:
        return bracketed(address)
    return Slot(lambda call: bracketed(_of_call(call, address)))


def _local_ip_type(word: Word, scope: Scope) -> Compiled:
    address = scope.facts.local_ip
    if not scope.facts.local_ip_of_call:
        return ip_type(address)
    return Slot(lambda call: ip_type(_of_call(call, address)))


def _local_port(word: Word, scope: Scope) -> Compiled:
    if scope.facts.local_port:
        return b"%d" % (scope.facts.local_port + word.offset)
    return number("local_port", word.offset)


KEYWORDS: Mapping[str, Keyword] = {
    "service": fact(lambda facts: facts.service),
    "remote_host": fact(lambda facts: facts.remote_host),
    "remote_ip": Keyword(lambda word, scope: bracketed(scope.facts.remote_ip)),
    "remote_port": number_fact(lambda facts: facts.remote_port),
    "transport": fact(lambda facts: facts.transport),
    "local_ip": Keyword(_local_ip),
    "local_ip_type": Keyword(_local_ip_type),
    "local_port": Keyword(_local_port),
    "server_ip": Keyword(_server_ip),
}
