# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a variable holds, read as text and as a number, and the words for true and false."""

from __future__ import annotations

import re

from engine.scenario.problems import Misuse
from engine.scenario.variables import Value


def text_of(value: Value) -> bytes:
    """A variable's value as it is written: unset is nothing, a number has six decimals."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return b"%f" % value


def number_of(value: Value) -> float:
    """The number that a variable holds; anything but a number counts as 0, as in SIPp."""
    return value if type(value) is float else 0.0


def parse_bool(text: str, attribute: str) -> bool:
    """`true`, `false` or a number, as SIPp reads them. Raises Misuse."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not re.fullmatch(r"[+-]?\d+", text):
        raise Misuse(f'{attribute}="{text}" is neither true nor false')
    return int(text) != 0
