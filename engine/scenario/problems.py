# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the problems of one file are gathered, so that all of them are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from engine.errors import ScenarioError, ScenarioErrors
from engine.messages import Problem, ProblemCode
from engine.scenario.places import column_of

MOST_PROBLEMS = 1000
"""As many problems of one file are told."""
_LONGEST_TEXT = 400
_LONGEST_NAME = 40
_MOST_NAMES = 200
LATER_HINT = "SIPp knows it, this version does not yet"


class Misuse(Exception):
    """A keyword or an action that cannot be what it says; whoever knows its place makes a ScenarioError of it.

    `attribute` is that of the action in which it shows, when it does in one.
    """

    def __init__(self, message: str, hint: str = "", attribute: str = "") -> None:
        self.message, self.hint, self.attribute = message, hint, attribute
        super().__init__(message)


def readable(text: str) -> str:
    """A text of a file that was read a byte a character, in the encoding that it was most likely written in."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return text


def one_line(text: str) -> str:
    """What may be shown on a terminal, whatever the file holds."""
    text = readable(text)
    shown = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    return "".join(character if character.isprintable() else " " for character in shown)


class TooManyProblems(Exception):
    """There is no use in reading on."""


class Problems:
    """The errors and warnings found in `file` so far. Lines count from 1; 0 means the whole file. The column is that of the
    line that a problem is reported for, when that is a `Place`.

    `most`: of more warnings only so many are told, and the error behind so many raises TooManyProblems.
    """

    def __init__(self, file: str, most: int | None = None) -> None:
        self.file = file
        self._most = most
        self._found: dict[Problem, None] = {}

    def error(self, line: int, message: str, hint: str = "", code: ProblemCode = ProblemCode.INVALID) -> None:
        """Something that keeps the scenario from running. Raises TooManyProblems."""
        if self._is_full():
            self._add(line, "there are too many problems; the file was not read beyond this line", "", ProblemCode.TOO_MANY)
            raise TooManyProblems
        self._add(line, message, hint, code)

    def warn(self, line: int, message: str, hint: str = "", code: ProblemCode = ProblemCode.DOUBTFUL) -> None:
        """Something doubtful that SIPp puts up with, and so do we."""
        if not self._is_full():
            self._add(line, message, hint, code, warning=True)

    def _is_full(self) -> bool:
        return self._most is not None and len(self._found) >= self._most

    def _add(self, line: int, message: str, hint: str, code: ProblemCode, *, warning: bool = False) -> None:
        found = Problem(
            file=self.file,
            line=int(line),
            column=column_of(line),
            message=one_line(message),
            hint=one_line(hint),
            warning=warning,
            code=code,
        )
        self._found[found] = None

    def extend(self, found: Iterable[Problem]) -> None:
        """Add problems that were found elsewhere."""
        self._found.update(dict.fromkeys(found))

    @property
    def all(self) -> tuple[Problem, ...]:
        """Errors and warnings by line, each told once."""
        return tuple(sorted(self._found, key=lambda problem: problem.line))

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
    """A hint with the known name that looks most like this one, written as `form`; empty without any.

    Of long names and of many names none is looked for: the hint is a courtesy, and comparing takes time.
    """
    others = tuple(other for other in islice(known, _MOST_NAMES) if other != name and len(other) <= _LONGEST_NAME)
    found = _closest(name, others) if len(name) <= _LONGEST_NAME else ""
    return f"did you mean {form.format(found)}?" if found else ""


@lru_cache(maxsize=256)
def _closest(name: str, others: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(name, others, n=1, cutoff=0.6)), "")
