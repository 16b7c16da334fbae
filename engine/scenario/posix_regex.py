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

import regex

from engine.scenario.problems import Misuse

_KEPT_ESCAPES = frozenset("wWsSbB")
_WORD_EDGES = {"<": r"\m", ">": r"\M", "`": r"\A", "'": r"\Z"}
_INTERVAL = _re.compile(r"\{(\d*)(,?)(\d*)\}")
_FIXED = _re.compile(r"\{\d+\}")
_CLASS = _re.compile(r"\[(:[a-z]+:|=.=|\..\.)\]")
_SPECIAL_IN_SET = frozenset(r"\[]^-&|~")


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
        raise Misuse(f"'{expression}' is no regular expression: {error}", "POSIX extended syntax") from None


class _Translator:
    """Walks once over the expression; `out` ends with the piece that a repetition would repeat, when there is one.

    `choices` counts what may match in more than one way: repetitions of one character once, what else there is twice.
    """

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.position = 0
        self.out: list[str] = []
        self.has_piece = False
        self.groups: list[int] = []
        self.choices = 0

    def translate(self) -> str:
        while self.position < len(self.text):
            self._one(self.text[self.position])
        if self.groups:
            self._fail("( without )")
        return "".join(self.out)

    def _fail(self, what: str) -> None:
        raise Misuse(
            f"'{self.text}' is no regular expression: {what} at character {self.position + 1}", "POSIX extended syntax"
        )

    def _piece(self, text: str, length: int) -> None:
        self.out.append(text)
        self.position += length
        self.has_piece = True

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
            self.out.append(r"\A" if character == "^" else r"\Z")
            self.position += 1
            self.has_piece = False
        else:
            self._piece("." if character == "." else regex.escape(character), 1)

    def _open_or_branch(self, character: str) -> None:
        if character == "(":
            self.groups.append(len(self.out))
        else:
            self.choices += 2
        self.out.append(character)
        self.position += 1
        self.has_piece = False

    def _close(self) -> None:
        start = self.groups.pop()
        self.out[start:] = ["".join(self.out[start:]) + ")"]
        self.position += 1
        self.has_piece = True

    def _repeat(self, operator: str, length: int) -> None:
        if not self.has_piece:
            self._fail(f"nothing to repeat before {operator}")
        of_one_character = not self.out[-1].startswith("(")
        if not (of_one_character and _FIXED.fullmatch(operator)):
            self.choices += 1 if of_one_character else 2
        self.out[-1] = f"(?:{self.out[-1]}){operator}"
        self.position += length

    def _interval(self) -> None:
        found = _INTERVAL.match(self.text, self.position)
        if not found or not (found[1] or found[2]):
            self._fail("{ without a count and }")
            return
        low, comma, high = found[1] or "0", found[2], found[3]
        self._repeat(f"{{{low}{comma}{high}}}" if comma else f"{{{low}}}", len(found[0]))

    def _escape(self) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if not following:
            self._fail("a backslash at the end")
        if following in _WORD_EDGES:
            self._piece(_WORD_EDGES[following], 2)
        elif following in _KEPT_ESCAPES:
            self._piece("\\" + following, 2)
        elif following in "123456789":
            self.choices += 2
            self._piece("\\" + following, 2)
        else:
            self._piece(regex.escape(following), 2)

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
        self._piece(out + "]", position + 1 - self.position)


def _in_set(character: str) -> str:
    return "\\" + character if character in _SPECIAL_IN_SET else character
