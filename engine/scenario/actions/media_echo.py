# SPDX-License-Identifier: AGPL-3.0-or-later
"""Echo: `exec rtp_echo` begins and ends that of a kind of media, the action `rtp_echo` switches all of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine.media.kinds import MediaKind
from engine.scenario.actions.exec_command import ExecCommand
from engine.scenario.actions.media_texts import wrong
from engine.scenario.actions.node import ActionKind, ActionNode, single_variable
from engine.scenario.problems import nearest
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import number_of

_BOTH: Final = (MediaKind.AUDIO, MediaKind.VIDEO)
_WORDS: Final[Mapping[str, tuple[tuple[MediaKind, ...], bool]]] = {
    f"{verb}{name}": (kinds, verb != "stop")
    for verb in ("start", "update", "stop")
    for name, kinds in (("audio", (MediaKind.AUDIO,)), ("video", (MediaKind.VIDEO,)), ("", _BOTH))
}
"""An echo needs not be told of new SDP, so that to update one is to go on with it."""
_PAYLOAD_TYPE: Final = re.compile(r"\d{1,3}", re.ASCII)
_LAST_PAYLOAD_TYPE: Final = 127
_MOST_PARTS: Final = 3


def _rtp_echo(node: ActionNode, scope: Scope) -> Action:
    """`WORD[,PAYLOAD TYPE[,NAME]]`; what comes goes back as it is, so that the latter two change nothing."""
    word, *rest = [part.strip() for part in node.attributes["rtp_echo"].split(",")]
    if word not in _WORDS:
        hint = nearest(word, _WORDS) or f"it is one of {', '.join(_WORDS)}"
        raise wrong(node, "rtp_echo", f"{word or 'nothing'} is not known", hint)
    if len(rest) >= _MOST_PARTS:
        raise wrong(node, "rtp_echo", f"it is {word},PAYLOAD TYPE,NAME/RATE")
    if rest and (not _PAYLOAD_TYPE.fullmatch(rest[0]) or int(rest[0]) > _LAST_PAYLOAD_TYPE):
        raise wrong(node, "rtp_echo", f"the payload type is a number from 0 to {_LAST_PAYLOAD_TYPE}")
    kinds, on = _WORDS[word]
    return lambda call: _switch(call, kinds, on)


def _switch(call: CallState, kinds: tuple[MediaKind, ...], on: bool) -> None:
    for kind in kinds:
        call.media.echo(kind, on)


def _rtp_echo_of_call(node: ActionNode, scope: Scope) -> Action:
    if node.either("value", "variable") == "value":
        on = node.number("value") != 0
        return lambda call: _switch(call, _BOTH, on)
    source = scope.variable(node.attributes["variable"])
    return lambda call: _switch(call, _BOTH, number_of(source.get(call)) != 0)


COMMANDS: Mapping[str, ExecCommand] = {"rtp_echo": ExecCommand(_rtp_echo)}

ACTIONS: Mapping[str, ActionKind] = {
    "rtp_echo": ActionKind(_rtp_echo_of_call, frozenset({"value", "variable"}), variables={"variable": single_variable}),
}
