# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the problems of one file are gathered, so that all of them are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from engine.errors import ScenarioError, ScenarioErrors
from engine.messages import Problem

LATER_HINT = "SIPp knows it, this version does not yet"


class Misuse(Exception):
    """A keyword or an action that cannot be what it says; whoever knows its line makes a ScenarioError of it."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


def readable(text: str) -> str:
    """A text of a file that was read a byte a character, in the encoding that it was most likely written in."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return text


def one_line(text: str) -> str:
    """What may be shown on a terminal, whatever the file holds."""
    return "".join(character if character.isprintable() else " " for character in readable(text))


class Problems:
    """The errors and warnings found in `file` so far. Lines and columns count from 1; 0 means the whole file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Problem] = []

    def error(self, line: int, message: str, hint: str = "", column: int = 0) -> None:
        """Something that keeps the scenario from running."""
        self._found.append(Problem(file=self.file, line=line, column=column, message=one_line(message), hint=one_line(hint)))

    def warn(self, line: int, message: str, hint: str = "", column: int = 0) -> None:
        """Something doubtful that SIPp puts up with, and so do we."""
        self._found.append(
            Problem(file=self.file, line=line, column=column, message=one_line(message), hint=one_line(hint), warning=True)
        )

    def extend(self, found: Iterable[Problem]) -> None:
        """Add problems that were found elsewhere."""
        self._found.extend(found)

    @property
    def all(self) -> tuple[Problem, ...]:
        """Errors and warnings by line, each told once."""
        return tuple(sorted(dict.fromkeys(self._found), key=lambda problem: problem.line))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the scenario from running, by line."""
        return tuple(problem for problem in self.all if not problem.warning)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What does not, by line."""
        return tuple(problem for problem in self.all if problem.warning)

    def raise_errors(self) -> None:
        """Raise ScenarioErrors when there is an error."""
        if self.errors:
            raise ScenarioErrors(
                [ScenarioError(each.file, each.line, each.column, each.message, each.hint) for each in self.errors]
            )


def nearest(name: str, known: Iterable[str], form: str = "{}") -> str:
    """A hint with the known name that looks most like this one, written as `form`; empty without any."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {form.format(found[0])}?" if found else ""
