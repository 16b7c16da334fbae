# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a variable holds, read as text, as a string and as a number; and numbers and booleans as SIPp's files write them."""

from __future__ import annotations

import math
import re

from engine.scenario.problems import Misuse
from engine.scenario.variables import Value

_DECIMAL = re.compile(r"\s*[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan(?:\(\w*\))?)", re.I | re.A)
_HEXADECIMAL = re.compile(r"\s*[+-]?0x(?:[0-9a-f]+(?:\.[0-9a-f]*)?|\.[0-9a-f]+)(?:p[+-]?\d+)?", re.I | re.A)


def text_of(value: Value) -> bytes:
    """A variable's value as it is written: a number has six decimals. Unset is nothing, and so, as in SIPp, is the number 0."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return b"%f" % value if value else b""


def string_of(value: Value) -> bytes:
    """The string that a variable holds; anything but a string counts as an empty one, as in SIPp."""
    return value if isinstance(value, bytes) else b""


def number_of(value: Value) -> float:
    """The number that a variable holds; anything but a number counts as 0, as in SIPp."""
    return value if type(value) is float else 0.0


def parse_number(text: str) -> float | None:
    """A number as C's strtod reads it (decimal, hexadecimal, inf, nan); no text at all is 0. None: the text is no number."""
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text.partition("(")[0])
    return _hexadecimal(text) if _HEXADECIMAL.fullmatch(text) else None


def _hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return -math.inf if "-" in text.partition("0")[0] else math.inf


def parse_bool(text: str, attribute: str) -> bool:
    """`true`, `false` or a number, as SIPp reads them. Raises Misuse."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not re.fullmatch(r"[+-]?\d+", text):
        raise Misuse(f'{attribute}="{text}" is neither true nor false')
    return int(text) != 0


def whole_number(text: bytes) -> int | None:
    """The whole part of the number that a text is, 0 for no text, None for anything else.

    As C reads numbers: 1.000000 is 1, as a variable is written, and so are ' 1', 1.9, 1e0 and 0x1.
    """
    try:
        return int(float(text or b"0"))
    except ValueError:
        pass
    except OverflowError:
        return None
    try:
        return int(float.fromhex(text.decode("latin-1")))
    except (ValueError, OverflowError):
        return None
