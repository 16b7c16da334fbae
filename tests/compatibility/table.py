# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a row of the table of compatibility is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a row compares with SIPp."""

    SAME = "as in SIPp"
    DIFFERS = "differs"
    REFUSED = "refused by name"
    OURS = "ours"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One promise: `what` of the language does what with us (`does`), and the ids of the tests that fail when it does not.

    `covers` are the names in the engine's registries that the row stands for, with spaces between them (`registries`).
    `note` says how SIPp does it where that differs from us, or from one version of SIPp to another. Texts are Markdown.
    """

    what: str
    does: str
    tests: tuple[str, ...]
    covers: str = ""
    kind: Kind = Kind.SAME
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What the row covers."""
        return tuple(self.covers.split())


@dataclass(frozen=True, kw_only=True)
class Section:
    """Rows with one subject, under one heading."""

    title: str
    rows: tuple[Row, ...]
    about: str = ""


def tests_in(path: str) -> Callable[..., tuple[str, ...]]:
    """What makes ids of the names of tests in one file; the path is relative to tests/."""
    return lambda *names: tuple(f"tests/{path}::{name}" for name in names)
