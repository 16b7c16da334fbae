# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digits that are sent, as telephone events (RFC 4733): SIPp's `exec play_dtmf`, and `exec send_dtmf`, which says more."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.messages import Failure
from engine.scenario.actions.exec_command import ExecCommand
from engine.scenario.actions.media_texts import constant_text, meant, text_of_call
from engine.scenario.actions.node import ActionNode
from engine.scenario.problems import one_line
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope

MOST_DIGITS: Final = 100
_DIGITS: Final = re.compile(r"[0-9A-Da-d*#]+")
_NUMBER: Final = re.compile(r"\d{1,6}", re.ASCII)
_LAST_PAYLOAD_TYPE: Final = 127


@dataclass(frozen=True, slots=True)
class Digits:
    """What is sent: each digit for `tone_ms`, then silence for `gap_ms`. `payload_type` None: what the peer's SDP says."""

    digits: str
    tone_ms: int
    gap_ms: int
    payload_type: int | None = None


def _number(parts: list[str], place: int, default: int, least: int, most: int, what: str) -> int:
    if len(parts) <= place or not parts[place]:
        return default
    if not _NUMBER.fullmatch(parts[place]) or not least <= int(parts[place]) <= most:
        raise ValueError(f"{what} is a number from {least} to {most}")
    return int(parts[place])


def _digits(parts: list[str], most_parts: int, form: str) -> str:
    if len(parts) > most_parts:
        raise ValueError(f"it is {form}")
    if not _DIGITS.fullmatch(parts[0]):
        raise ValueError("digits are 0 to 9, A to D, * and #")
    if len(parts[0]) > MOST_DIGITS:
        raise ValueError(f"these are more than {MOST_DIGITS} digits")
    return parts[0]


def read_play(text: str) -> Digits:
    """`DIGITS[,TONE MS]`, which is silent as long after each digit. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    digits = _digits(parts, 2, "DIGITS,TONE MS")
    tone_ms = _number(parts, 1, 200, 50, 2000, "the length of a tone in ms")
    return Digits(digits, tone_ms, tone_ms)


def read_send(text: str) -> Digits:
    """`DIGITS[,TONE MS[,GAP MS[,PAYLOAD TYPE]]]`. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    digits = _digits(parts, 4, "DIGITS,TONE MS,GAP MS,PAYLOAD TYPE")
    tone_ms = _number(parts, 1, 100, 20, 8000, "the length of a tone in ms")
    gap_ms = _number(parts, 2, 100, 20, 8000, "the silence after a tone in ms")
    payload_type = _number(parts, 3, -1, 0, _LAST_PAYLOAD_TYPE, "the payload type")
    return Digits(digits, tone_ms, gap_ms, None if payload_type < 0 else payload_type)


def _command(attribute: str, read: Callable[[str], Digits]) -> ExecCommand:
    def compile_command(node: ActionNode, scope: Scope) -> Action:
        text = constant_text(node, attribute, scope)
        if text is not None:
            what = meant(node, attribute, text, read)
            return lambda call: _send(call, what)
        render = scope.render(node.texts[attribute])

        def send(call: CallState) -> None:
            value = text_of_call(render, call)
            try:
                of_call = read(value)
            except ValueError as error:
                call.fail(Failure.CANNOT_SEND, f'{attribute}="{one_line(value)}": {error}')
                return
            _send(call, of_call)

        return send

    return ExecCommand(compile_command, holds_keywords=True)


def _send(call: CallState, what: Digits) -> None:
    call.media.send_digits(what.digits, what.tone_ms, what.gap_ms, what.payload_type)


COMMANDS: Mapping[str, ExecCommand] = {
    "play_dtmf": _command("play_dtmf", read_play),
    "send_dtmf": _command("send_dtmf", read_send),
}
