# SPDX-License-Identifier: AGPL-3.0-or-later
"""The few shapes that most entries of the table have: a fact of the run, a number, an attribute of the call."""

from __future__ import annotations

from collections.abc import Callable

from engine.scenario.assemble import Slot
from engine.scenario.program import RunFacts
from engine.scenario.scope import Keyword


def fact(value: Callable[[RunFacts], object]) -> Keyword:
    return Keyword(lambda word, scope: str(value(scope.facts)).encode("latin-1", "replace"))


def number_fact(value: Callable[[RunFacts], int]) -> Keyword:
    return Keyword(lambda word, scope: b"%d" % (value(scope.facts) + word.offset))


def attribute(name: str) -> Keyword:
    return Keyword(lambda word, scope: Slot(attribute=name))


def number(name: str, offset: int) -> Slot:
    if not offset:
        return Slot(attribute=name, format=b"%d")
    return Slot(lambda call: getattr(call, name) + offset, format=b"%d")


def ip_type(address: str) -> bytes:
    """`4` or `6`."""
    return b"6" if ":" in address else b"4"
