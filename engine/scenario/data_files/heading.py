# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first line of a data file: the order in which calls take its lines, and the numbers of a PRINTF file."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from engine.errors import ScenarioError
from engine.scenario.problems import nearest, one_line


class OrderName(StrEnum):
    """The orders, in the sequence in which SIPp looks for their names."""

    RANDOM = "RANDOM"
    SEQUENTIAL = "SEQUENTIAL"
    USER = "USER"


class PrintfNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Line n of `count` shows the number n × `multiple` + `offset`."""

    count: int
    multiple: int = 1
    offset: int = 0


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What the first line says; `warnings` are about what it says in vain."""

    order: OrderName
    printf: PrintfNumbers | None = None
    warnings: tuple[str, ...] = ()


_NUMBERS = {"PRINTF": "count", "PRINTFMULTIPLE": "multiple", "PRINTFOFFSET": "offset"}
_PARAMETER = re.compile(r"(\w+)\s*(?:=\s*(.*))?")


def parse_heading(path: str, first: bytes) -> Heading:
    """Understand the first line of the file `path`. Raises ScenarioError.

    As in SIPp it is enough that the name of an order stands anywhere in the line (`USERS`).
    """
    text = one_line(first.decode("latin-1")).strip()
    order = next((order for order in OrderName if order in text), None)
    if order is None:
        hint = nearest(re.split(r"[\W_]", text)[0], list(OrderName)) or "it says SEQUENTIAL, RANDOM or USER"
        raise ScenarioError(path, 1, 1, f"the first line of a data file tells its order; '{text[:40]}' does not", hint)
    numbers: dict[str, int] = {}
    warnings = []
    for word in filter(None, map(str.strip, re.split("[,;]", text))):
        found = _PARAMETER.fullmatch(word)
        if found and found[1] in _NUMBERS:
            numbers[_NUMBERS[found[1]]] = _number(path, word, found[2])
        elif order not in word:
            hint = nearest(found[1], _NUMBERS) if found else ""
            warnings.append(f"{path}:1: '{word[:40]}' means nothing and is ignored" + (f" — {hint}" if hint else ""))
    return Heading(order=order, printf=_printf(path, numbers), warnings=tuple(warnings))


def _number(path: str, word: str, text: str | None) -> int:
    """A number as C reads it: 0x begins a hexadecimal one, 0 an octal one."""
    found = re.fullmatch(r"([+-]?)(?:0x([0-9A-Fa-f]{1,15})|0([0-7]{1,20})|([0-9]{1,18}))", text or "")
    if not found:
        raise ScenarioError(path, 1, 1, f"'{word[:40]}' needs a whole number", "as in PRINTF=100")
    value = int(found[2], 16) if found[2] else int(found[3], 8) if found[3] else int(found[4])
    return -value if found[1] == "-" else value


def _printf(path: str, numbers: dict[str, int]) -> PrintfNumbers | None:
    if not numbers:
        return None
    if numbers.get("count", 0) < 1:
        raise ScenarioError(path, 1, 1, "a PRINTF file needs its number of lines, at least one", "as in PRINTF=100")
    return PrintfNumbers(**numbers)
