# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/compatibility.md, made from the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.compatibility.table import Kind, Row, Section

_HEAD = """# SIPp's language, row by row

What SIPp runs, Gossipper runs, with the same bytes on the wire: the yardstick is SIPp 3.6.1, as Debian has it, and what is said
of 3.7 comes from its documentation. Each row below names the tests that fail when it breaks. The [index of the
language](language.md) explains each word with an example.

This page is made by `python -m tests.compatibility` from the table in [tests/compatibility/rows](../tests/compatibility/rows).
A keyword, an action, an attribute or an option of the language that has no row there, or a row without a test, fails the build.
"""
_SIGNS = {Kind.SAME: "", Kind.DIFFERS: "**Differs.** ", Kind.REFUSED: "**Refused by name.** ", Kind.OURS: "**Ours.** "}


def compatibility_page(sections: Sequence[Section]) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_figures(sections), *(line for section in sections for line in _section(section))])


def _figures(sections: Sequence[Section]) -> Iterator[str]:
    kinds = Counter(row.kind for section in sections for row in section.rows)
    figures = [f"{kinds[kind]} {kind.value}" for kind in Kind]
    yield f"{kinds.total()} rows: {', '.join(figures)}."
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    if section.about:
        yield section.about
        yield ""
    yield "| what | with us | tests |"
    yield "|---|---|---|"
    for row in section.rows:
        note = f" *{row.note}*" if row.note else ""
        yield f"| {_cell(row.what)} | {_SIGNS[row.kind]}{_cell(row.does + note)} | {_tests(row)} |"
    yield ""


def _tests(row: Row) -> str:
    """Each test with a link to its file."""
    links = []
    for test in row.tests:
        path, _, name = test.partition("::")
        links.append(f"[{_cell(name.removeprefix('test_').replace('_', ' '))}](../{path})")
    return ", ".join(links)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
