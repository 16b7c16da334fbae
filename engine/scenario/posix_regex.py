# SPDX-License-Identifier: AGPL-3.0-or-later
"""POSIX extended regular expressions (IEEE Std 1003.1 section 9.4), as glibc and so SIPp reads them, on bytes.

The package `regex` matches as POSIX wants, leftmost and longest, but its language is Perl's. So an expression is
translated first, in one pass over its characters. What differs:

- in a bracket expression a backslash is itself, and `]` may stand first;
- a repetition may follow another one (`a+?` is an optional `a+`, not a lazy one), and cannot stand first;
- `\\d` is a `d`: only `\\w \\W \\s \\S \\b \\B \\< \\>` and back-references mean something; `(?` means nothing;
- `.` and a negated bracket match a line end; `^` and `$` match only at the ends of the text, wherever they stand.
"""

from __future__ import annotations

import re as _re
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from engine.scenario.problems import Misuse

_KEPT_ESCAPES = frozenset("wWsSbB")
_WORD_EDGES = {"<": r"\m", ">": r"\M", "`": r"\A", "'": r"\Z"}
_INTERVAL = _re.compile(r"\{(\d*)(,?)(\d*)\}")
_FIXED = _re.compile(r"\{\d+\}")
_CLASS = _re.compile(r"\[(:[a-z]+:|=.=|\..\.)\]")
_SPECIAL_IN_SET = frozenset(r"\[]^-&|~")

_MOST_TIMES = 32_767
"""The largest count of a repetition, as in glibc."""
_DEEPEST = 100
"""How many groups and repetitions may be within each other."""
_LARGEST = 100_000
"""Of how many pieces an expression may be when its repetitions are written out: some 0.3 s and 100 MB."""

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
    except (regex.error, UnicodeEncodeError) as error:
        raise Misuse(f"'{shorten(expression)}' is no regular expression: {error}", "POSIX extended syntax") from None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a repetition would repeat, translated: how many pieces it is with its own repetitions written out, and how deep."""

    text: str
    size: int = 1
    depth: int = 0


class _Translator:
    """Walks once over the expression; `out` ends with the piece that a repetition would repeat, when there is one.

    `choices` counts what may match in more than one way: repetitions of one character once, what else there is twice.
    """

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.position = 0
        self.out: list[_Piece] = []
        self.has_piece = False
        self.groups: list[int] = []
        self.choices = 0

    def translate(self) -> str:
        while self.position < len(self.text):
            self._one(self.text[self.position])
        if self.groups:
            self._fail("( without )")
        return self._join(self.out).text

    def _fail(self, what: str) -> None:
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
            self._repeat(character, 1)
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
            self.groups.append(len(self.out))
        else:
            self.choices += 2
        self._add(character, 1, repeatable=False)

    def _close(self) -> None:
        start = self.groups.pop()
        inner = self._join(self.out[start:])
        self.out[start:] = [_Piece(f"{inner.text})", inner.size, inner.depth + 1)]
        self.position += 1
        self.has_piece = True

    def _repeat(self, operator: str, length: int, times: int = 1) -> None:
        if not self.has_piece:
            self._fail(f"nothing to repeat before {operator}")
        piece = self.out[-1]
        of_one_character = not piece.depth
        if not (of_one_character and _FIXED.fullmatch(operator)):
            self.choices += 1 if of_one_character else 2
        repeated = _Piece(f"(?:{piece.text}){operator}", piece.size * max(times, 1), piece.depth + 1)
        self.out[-1] = self._join([repeated])
        self.position += length

    def _interval(self) -> None:
        found = _INTERVAL.match(self.text, self.position)
        if not found or not (found[1] or found[2]):
            self._fail("{ without a count and }")
            return
        low, comma, high = found[1] or "0", found[2], found[3]
        times = max(self._count(low), self._count(high or "0"))
        self._repeat(f"{{{low}{comma}{high}}}" if comma else f"{{{low}}}", len(found[0]), times)

    def _count(self, digits: str) -> int:
        if len(digits) > len(str(_MOST_TIMES)) or int(digits) > _MOST_TIMES:
            self._fail(f"a count above {_MOST_TIMES}")
        return int(digits)

    def _escape(self) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if not following:
            self._fail("a backslash at the end")
        if following in _WORD_EDGES:
            self._add(_WORD_EDGES[following], 2)
        elif following in _KEPT_ESCAPES:
            self._add("\\" + following, 2)
        elif following in "123456789":
            self.choices += 2
            self._add("\\" + following, 2)
        else:
            self._add(regex.escape(following), 2)

    def _set(self) -> None:
        position = self.position + 1
        out = "["
        if self.text.startswith("^", position):
            out += "^"
            position += 1
        first = position
        while position < len(self.text) and (self.text[position] != "]" or position == first):
            found = _CLASS.match(self.text, position)
            if found:
                out += found[0] if found[1].startswith(":") else _in_set(found[1][1])
                position = found.end()
                continue
            is_range = (
                self.text[position] == "-" and position != first and self.text[position + 1 : position + 2] not in ("]", "")
            )
            out += "-" if is_range else _in_set(self.text[position])
            position += 1
        if position >= len(self.text):
            self._fail("[ without ]")
        self._add(out + "]", position + 1 - self.position)


def _in_set(character: str) -> str:
    return "\\" + character if character in _SPECIAL_IN_SET else character
