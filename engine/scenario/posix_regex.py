# SPDX-License-Identifier: AGPL-3.0-or-later
"""POSIX extended regular expressions (IEEE Std 1003.1 section 9.4), as glibc and so SIPp reads them, on bytes.

The package `regex` matches as POSIX wants, leftmost and longest, but its language is Perl's. So an expression is
translated first, in one pass over its characters. What differs:

- in a bracket expression a backslash is itself, and `]` may stand first;
- a repetition may follow another one (`a+?` is an optional `a+`, not a lazy one), and cannot stand first;
- `\\d` is a `d`: only `\\w \\W \\s \\S \\b \\B \\< \\>` and back-references mean something; `(?` means nothing;
- `.` and a negated bracket match a line end; `^` and `$` match only at the ends of the text, wherever they stand.

glibc itself, through ctypes, would be equal by construction and is no engine for a loop that must not stop: on `(b*|a+|)*c`
and five characters its `regexec` never comes back, `(a){0,32767}` takes its `regcomp` a minute, and nothing can end either.
Here a search has a limit of time and an expression one of size. What the two find differs in the groups of a few odd
expressions only: empty alternatives, `{,n}` of groups, anchors in groups that may match nothing.
"""

from __future__ import annotations

import re as _re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import regex

from engine.scenario.problems import Misuse

_KEPT_ESCAPES = frozenset("wWsS")
_EDGES = {"<": r"\m", ">": r"\M", "`": r"\A", "'": r"\Z", "b": r"\b", "B": r"\B"}
_INTERVAL = _re.compile(r"\{(\d*)(,?)(\d*)\}")
_FIXED = _re.compile(r"\{\d+\}")
_CLASS = _re.compile(r"\[:(?:alpha|digit|alnum|upper|lower|space|blank|punct|print|graph|cntrl|xdigit):\]")
_SYMBOL = _re.compile(r"\[(?:=(.)=|\.(.)\.)\]", _re.S)
_SPECIAL_IN_SET = frozenset(r"\[]^-&|~")

_MOST_TIMES = 32_767
"""The largest count of a repetition, as in glibc."""
_DEEPEST = 40
"""How many groups and repetitions may be within each other."""
_LARGEST = 20_000
"""Of how many pieces an expression may be, when what is repeated and needed counts twice, as it is compiled: some 0.1 s."""

_SHOWN = 60
LONGEST_SEARCH_S = 0.05
"""How long a search may take: a peer may send what an expression takes for ever on. Looking at the clock is what costs."""
_SHORT = 2048
"""Bytes in which a simple expression is looked for without a look at the clock: the time grows with the square of them."""


class Expression:
    """A compiled expression. `groups` is how many it has."""

    __slots__ = ("_pattern", "_simple", "groups")

    def __init__(self, pattern: regex.Pattern[bytes], *, simple: bool) -> None:
        self._pattern = pattern
        self._simple = simple
        self.groups = pattern.groups

    def search(self, text: bytes) -> regex.Match[bytes] | None:
        """The leftmost match, the longest of those. Raises TimeoutError after some `LONGEST_SEARCH_S`."""
        if self._simple and len(text) <= _SHORT:
            return self._pattern.search(text)
        return self._pattern.search(text, timeout=LONGEST_SEARCH_S)

    def fits(self, text: bytes) -> bool:
        """Whether it is found; what takes too long to search is not."""
        try:
            return self.search(text) is not None
        except TimeoutError:
            return False


def shorten(expression: str) -> str:
    """As much of an expression as a message has room for."""
    return expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…"


def compile_posix(expression: str) -> Expression:
    """The expression as one on bytes. Raises Misuse with what is wrong."""
    translator = _Translator(expression)
    translated = translator.translate()
    # With one choice only, taking the most first finds the longest, and the slower search for it is not needed.
    simple = translator.choices <= 1
    flags = regex.DOTALL | regex.VERSION0 | (0 if simple else regex.POSIX)
    try:
        return Expression(regex.compile(translated.encode("latin-1"), flags), simple=simple)
    except (regex.error, UnicodeEncodeError, RecursionError) as error:
        raise Misuse(f"'{shorten(expression)}' is no regular expression: {error}", "POSIX extended syntax") from None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a repetition would repeat, translated: how many pieces it is with its own repetitions written out, and how deep.

    `repeats`: what is repeated, and the operator, when that is a `*`, `+` or `?`.
    """

    text: str
    size: int = 1
    depth: int = 0
    repeats: tuple[str, str] | None = None


class _Translator:
    """Walks once over the expression; `out` ends with the piece that a repetition would repeat, when there is one.

    `groups` are the open ones, by number and by where they begin in `out`; back-references can only be to `closed` ones.
    `choices` counts what may match in more than one way: repetitions of one character once, what else there is twice.
    """

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.position = 0
        self.out: list[_Piece] = []
        self.has_piece = False
        self.groups: list[tuple[int, int]] = []
        self.opened = 0
        self.closed: set[int] = set()
        self.choices = 0

    def translate(self) -> str:
        while self.position < len(self.text):
            self._one(self.text[self.position])
        if self.groups:
            self._fail("( without )")
        return self._join(self.out).text

    def _fail(self, what: str) -> NoReturn:
        what = f"{what} at character {self.position + 1}"
        raise Misuse(f"'{shorten(self.text)}' is no regular expression: {what}", "POSIX extended syntax")

    def _join(self, pieces: Sequence[_Piece]) -> _Piece:
        """One piece of several in a row."""
        size, depth = sum(piece.size for piece in pieces), max((piece.depth for piece in pieces), default=0)
        if size > _LARGEST:
            self._fail("too large")
        if depth > _DEEPEST or len(self.groups) > _DEEPEST:
            self._fail("too many groups and repetitions within each other")
        return _Piece("".join(piece.text for piece in pieces), size, depth)

    def _add(self, text: str, length: int, *, repeatable: bool = True) -> None:
        self.out.append(_Piece(text))
        self.position += length
        self.has_piece = repeatable

    def _one(self, character: str) -> None:
        if character == "[":
            self._set()
        elif character == "\\":
            self._escape()
        elif character in "*+?":
            self._repeat(character, 1, needs_one=character == "+")
        elif character == "{":
            self._interval()
        elif character in "(|":
            self._open_or_branch(character)
        elif character == ")" and self.groups:
            self._close()
        elif character in "^$":
            self._add(r"\A" if character == "^" else r"\Z", 1, repeatable=False)
        else:
            self._add("." if character == "." else regex.escape(character), 1)

    def _open_or_branch(self, character: str) -> None:
        if character == "(":
            self.opened += 1
            self.groups.append((self.opened, len(self.out)))
        else:
            self.choices += 2
        self._add(character, 1, repeatable=False)

    def _close(self) -> None:
        number, start = self.groups.pop()
        self.closed.add(number)
        inner = self._join(self.out[start:])
        self.out[start:] = [_Piece(f"{inner.text})", inner.size, inner.depth + 1)]
        self.position += 1
        self.has_piece = True

    def _repeat(self, operator: str, length: int, *, needs_one: bool) -> None:
        """Repeat the last piece. Of `*`, `+` and `?` behind each other one is made: `a+?` is `a*`."""
        if not self.has_piece:
            self._fail(f"nothing to repeat before {operator}")
        piece = self.out[-1]
        of_one_character = not piece.depth
        if not (of_one_character and _FIXED.fullmatch(operator)):
            self.choices += 1 if of_one_character else 2
        is_plain = operator in "*+?"
        if piece.repeats and is_plain:
            text, before = piece.repeats
            operator = operator if operator == before else "*"
            repeated = replace(piece, text=f"(?:{text}){operator}", repeats=(text, operator))
        else:
            repeats = (piece.text, operator) if is_plain else None
            size = piece.size * (2 if needs_one else 1) + 1
            repeated = _Piece(f"(?:{piece.text}){operator}", size, piece.depth + 1, repeats)
        self._join([repeated])
        self.out[-1] = repeated
        self.position += length

    def _interval(self) -> None:
        found = _INTERVAL.match(self.text, self.position)
        if not found or not (found[1] or found[2]):
            self._fail("{ without a count and }")
        low, high = self._count(found[1] or "0"), self._count(found[3]) if found[3] else ""
        self._repeat(f"{{{low}{found[2]}{high}}}", len(found[0]), needs_one=low > 0)

    def _count(self, digits: str) -> int:
        digits = digits.lstrip("0") or "0"
        if len(digits) > len(str(_MOST_TIMES)) or int(digits) > _MOST_TIMES:
            self._fail(f"a count above {_MOST_TIMES}")
        return int(digits)

    def _escape(self) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if not following:
            self._fail("a backslash at the end")
        if following in _EDGES:
            self._add(_EDGES[following], 2, repeatable=False)
        elif following in _KEPT_ESCAPES:
            self._add("\\" + following, 2)
        elif following in "123456789":
            if int(following) not in self.closed:
                self._fail(f"a back-reference to group {following}, which does not stand before it")
            self.choices += 2
            self._add(f"(?:\\{following})", 2)
        else:
            self._add(regex.escape(following), 2)

    def _set(self) -> None:
        """A bracket expression. A `-` that is no range stands first, last or as the end of one."""
        negated = self.text.startswith("^", self.position + 1)
        first = position = self.position + 1 + negated
        out = "[^" if negated else "["
        while position < len(self.text) and (self.text[position] != "]" or position == first):
            if self.text[position] == "-" and position != first and not self.text.startswith("]", position + 1):
                self._fail("a range without a beginning")
            begin, (element, position) = position, self._element(position)
            out += element
            if self.text.startswith("-", position) and not self.text.startswith("]", position + 1):
                if self.text.startswith(("[:", "[="), begin) or self.text.startswith(("[:", "[="), position + 1):
                    self._fail("a class as the end of a range")
                element, position = self._element(position + 1)
                out += "-" + element
        if position >= len(self.text):
            self._fail("[ without ]")
        self._add(out + "]", position + 1 - self.position)

    def _element(self, position: int) -> tuple[str, int]:
        """A character or a class of a bracket expression, and the offset behind it."""
        if not self.text.startswith(("[:", "[.", "[="), position):
            return _in_set(self.text[position : position + 1]), position + 1
        found = _CLASS.match(self.text, position)
        if found:
            return found[0], found.end()
        symbol = _SYMBOL.match(self.text, position)
        if not symbol:
            self._fail(f"{self.text[position : position + 2]} that is no class")
        return _in_set(symbol[1] or symbol[2]), symbol.end()


def _in_set(character: str) -> str:
    return "\\" + character if character in _SPECIAL_IN_SET else character
