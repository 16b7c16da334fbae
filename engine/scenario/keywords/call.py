# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for what a call and its messages are numbered with."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.assemble import Length, Slot
from engine.scenario.keywords.slots import attribute, fact, number, number_fact
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.tdm import TdmMap
from engine.scenario.template import Word

SIPP_VERSION = b"3.6.1"
"""[sipp_version]: the SIPp whose bytes on the wire are matched."""


def _cseq(word: Word, scope: Scope) -> Compiled:
    return number("cseq", word.offset)


def _call_number(word: Word, scope: Scope) -> Compiled:
    return Slot(attribute="digits")


def _branch(word: Word, scope: Scope) -> Compiled:
    prefix = b"z9hG4bK-%d-" % scope.facts.pid
    if scope.branch_index is not None:
        return (prefix, Slot(attribute="digits"), b"-", Slot(scope.branch_index, format=b"%d"))
    index = scope.index - scope.in_action + word.offset
    return (prefix, Slot(attribute="digits"), b"-%d" % index)


def _msg_index(word: Word, scope: Scope) -> Compiled:
    return b"-2" if scope.in_action else b"%d" % scope.index


def _tdm_map(word: Word, scope: Scope) -> Compiled:
    circuits = TdmMap.parse(scope.facts.tdm_map)
    return Slot(lambda call: circuits.name(call.circuit))


def _dynamic_id(word: Word, scope: Scope) -> Compiled:
    return Slot(scope.next_dynamic_id, format=b"%d")


KEYWORDS: Mapping[str, Keyword] = {
    "pid": number_fact(lambda facts: facts.pid),
    "users": fact(lambda facts: -1 if facts.users is None else facts.users),
    "userid": Keyword(lambda word, scope: number("user", 0)),
    "sipp_version": Keyword(lambda word, scope: SIPP_VERSION),
    "len": Keyword(lambda word, scope: Length(word.offset)),
    "call_number": Keyword(_call_number),
    "call_id": attribute("call_id"),
    "cseq": Keyword(_cseq),
    "branch": Keyword(_branch),
    "msg_index": Keyword(_msg_index),
    "tdmmap": Keyword(_tdm_map, needs_run=True),
    "dynamic_id": Keyword(_dynamic_id),
}
