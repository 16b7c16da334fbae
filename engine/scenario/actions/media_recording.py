# SPDX-License-Identifier: AGPL-3.0-or-later
"""`exec rtp_record`: the audio of a call into a WAV file, `start,FILE[,duplex]` until `stop` or the end of the call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine.messages import Failure
from engine.scenario.actions.exec_command import ExecCommand
from engine.scenario.actions.media_texts import constant_text, meant, text_of_call
from engine.scenario.actions.node import ActionNode
from engine.scenario.assemble import Part, Slot, assemble
from engine.scenario.problems import one_line
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope

_FORM: Final = "it is start,FILE or start,FILE,duplex or stop"
_DUPLEX: Final = "duplex"
MOST_VALUE: Final = 120
"""Bytes of a keyword's value in the name of a file; systems take names of 255."""
_LEADS_AWAY: Final = re.compile(rb"[\x00-\x1f/\x7f]")


def read_record(text: str) -> tuple[str, int]:
    """The file and its channels; no file: stop. Raises ValueError."""
    if text.strip() == "stop":
        return "", 0
    word, _, rest = text.partition(",")
    file, comma, last = rest.rpartition(",")
    duplex = bool(comma) and last.strip() == _DUPLEX
    file = (file if duplex else rest).strip()
    if word.strip() != "start" or not file:
        raise ValueError(_FORM)
    return file, 2 if duplex else 1


def _rtp_record(node: ActionNode, scope: Scope) -> Action:
    text = constant_text(node, "rtp_record", scope)
    if text is not None:
        file, channels = meant(node, "rtp_record", text, read_record)
        return lambda call: _record(call, file, channels)
    render = assemble([_staying(part) for part in scope.parts(node.texts["rtp_record"])])

    def record(call: CallState) -> None:
        value = text_of_call(render, call)
        try:
            _record(call, *read_record(value))
        except ValueError as error:
            call.fail(Failure.CANNOT_SEND, f'rtp_record="{one_line(value)}": {error}')

    return record


def _staying(part: Part) -> Part:
    """The same, but that its value names no folder and hides no file: it may be what a peer has sent, as a Call-ID is."""
    if not isinstance(part, Slot):
        return part
    value, form = part.value(), part.format

    def staying(call: CallState) -> bytes:
        return _LEADS_AWAY.sub(b"_", form % value(call))[:MOST_VALUE].lstrip(b".")

    return Slot(staying)


def _record(call: CallState, file: str, channels: int) -> None:
    if file:
        call.media.record(file, channels)
    else:
        call.media.stop_recording()


COMMANDS: Mapping[str, ExecCommand] = {"rtp_record": ExecCommand(_rtp_record, holds_keywords=True)}
