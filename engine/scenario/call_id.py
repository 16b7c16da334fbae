# SPDX-License-Identifier: AGPL-3.0-or-later
"""Call-IDs of the calls that we make: in the form of `-cid_str`, or as `-cid_type` says (SIPp 3.7.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from uuid import UUID

from engine.scenario.program import RunFacts

CallIds = Callable[[int], bytes]
"""The Call-ID of the call with a number."""

FORMAT = "default"
_PART = re.compile(r"%(.?)")
_OF_EACH_CALL = ("u", "r")


def differ(form: str) -> bool:
    """Whether a form of `-cid_str` gives each call a Call-ID of its own."""
    return any(part in _OF_EACH_CALL for part in _PART.findall(form))


def _formatted(facts: RunFacts) -> CallIds:
    known = {"p": str(facts.pid), "s": facts.local_ip, "u": "%(number)d", "r": "%(random)d", "%": "%%"}
    form = _PART.sub(lambda found: known.get(found[1], "%%"), facts.call_id_format).encode("latin-1", "replace")
    if b"%(random)" in form:
        return lambda number: form % {b"number": number, b"random": facts.random.getrandbits(32)}
    return lambda number: form % {b"number": number}


def _uuid(facts: RunFacts) -> CallIds:
    """RFC 9562 section 5.4."""
    return lambda number: str(UUID(int=facts.random.getrandbits(128), version=4)).encode()


def _compact_uuid(facts: RunFacts) -> CallIds:
    return lambda number: UUID(int=facts.random.getrandbits(128), version=4).hex.encode()


def _random(facts: RunFacts) -> CallIds:
    return lambda number: b"%032x" % facts.random.getrandbits(128)


def _timestamp(facts: RunFacts) -> CallIds:
    """Microseconds since 1970, in which several calls may start."""
    tail = f"-{facts.pid}@{facts.local_ip}".encode()
    return lambda number: b"%d-%d%b" % (facts.wall_clock() * 1_000_000, number, tail)


_TYPES: Mapping[str, Callable[[RunFacts], CallIds]] = {
    FORMAT: _formatted,
    "uuid": _uuid,
    "uuid-compact": _compact_uuid,
    "random": _random,
    "timestamp": _timestamp,
}


def compile_call_id(facts: RunFacts) -> CallIds:
    """The Call-IDs of a run."""
    return _TYPES[facts.call_id_type](facts)
