# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/language.md, read: its entries and their examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.programs import ROOT

PAGE = ROOT / "docs" / "language.md"
RESULT = "→ "
_ENTRY = re.compile(r"\*\*`(.+?)`\*\* +(.*)")


@dataclass
class Entry:
    """One name with what is said of it (`text`), its example and what comes out of that (`results`, one a line)."""

    section: str
    name: str
    line: int
    text: str = ""
    example: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


def read_entries() -> list[Entry]:
    """All entries of the page, in order."""
    return list(_entries(PAGE.read_text(encoding="utf-8").split("\n")))


def _entries(lines: list[str]) -> Iterator[Entry]:
    section, entry, in_code = "", None, False
    for number, line in enumerate(lines, start=1):
        found = _ENTRY.fullmatch(line)
        if line.startswith("## "):
            section, entry = line.removeprefix("## "), None
        elif found:
            entry = Entry(section, found[1], number, found[2])
            yield entry
        elif line.startswith("```"):
            in_code = not in_code
        elif entry is not None and in_code:
            (entry.results if line.startswith(RESULT) else entry.example).append(line.removeprefix(RESULT))
        elif entry is not None:
            entry.text += " " + line


def received_message() -> str:
    """The message that the page says the call has received."""
    found = re.search(r"```\n(SIP/2\.0.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert found, "the page shows no message"
    return found[1].replace("\n", "\r\n")
