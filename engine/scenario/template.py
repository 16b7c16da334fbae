# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text of a message or an action, cut into words and literal text.

`clean` does to a CDATA section what SIPp does; `TemplateParser` cuts a text into `Text` and `Word`, a keyword with its
offset, its arguments and its line. This needs no run; what the words are in one is told by `keywords` and put together
by `assemble`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.scenario.places import place_in
from engine.scenario.problems import Problems

_DEEPEST = 4
"""How deep keywords may stand in the arguments of others."""
_LONGEST = 4096
"""The most characters between the brackets of a keyword."""
_WHOLE = ("$", "last_")
"""Keywords whose name goes on to the end of the brackets."""

_END_IT = r"end the keyword with ], or write \x5b for a plain ["
_HEX = re.compile(r"\\x([0-9A-Fa-f]{2})")
_BROKEN_HEX = re.compile(r"\\x(?![0-9A-Fa-f]{2})")
_OFFSET = re.compile(r"[+-]\d{1,9}")
_BRACKET = re.compile(r"[\[\]]")
_HEAD = re.compile(r"\$[^\s\[\]]+|[A-Za-z_][^\s\[\]]*")
_ADDRESS = re.compile(r"[0-9A-Fa-f]{0,40}:[0-9A-Fa-f:.]{0,40}(?:%\w{1,40})?\]")
_BARE = r"(?:[^\s\"'\[]|\[(?:[^\[\]]++|\[[^\[\]]*+\])*+\])(?:[^\s\[]++|\[(?:[^\[\]]++|\[[^\[\]]*+\])*+\])*+"
"""A value without quotes: up to white space that stands in no brackets."""
_BEFORE_BARE = r"(?:\s++(?!\w++=))?+"
"""White space between the `=` and its value, unless the next argument follows: then the value is empty, as in SIPp."""
_ARGUMENT = re.compile(
    rf"(?<!\w)(\w++)\s*+=(?:\s*+\"((?:[^\"\\]|\\.)*+)\"|\s*+'([^']*+)'|{_BEFORE_BARE}({_BARE})|(?=\s|$))", re.S
)
_WORDS = re.compile(r"[\w.\s]+")
_ESCAPE = re.compile(r"\\([\"\\])")
"""What SIPp takes a backslash away from, in a value with quotes."""


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, with CRLF at the end of lines."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword as it stands in a text: `[name+offset key="value"]`. `$` and `last_` are names; `rest` is what follows them.

    `source` is the whole of it without the brackets. `begins_line`: nothing stands before it in its line of a message.
    """

    name: str
    rest: str
    offset: int
    arguments: dict[str, Parsed]
    line: int
    source: str
    begins_line: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text cut into its parts."""

    parts: tuple[Text | Word, ...]
    line: int = 0

    @property
    def words(self) -> Iterator[Word]:
        """Every keyword, also those within the arguments of others."""
        for part in self.parts:
            if isinstance(part, Word):
                yield part
                for argument in part.arguments.values():
                    yield from argument.words

    @property
    def constant(self) -> bytes | None:
        """The text when it holds no keyword, else None."""
        return (
            None
            if any(isinstance(part, Word) for part in self.parts)
            else b"".join(t.data for t in self.parts if isinstance(t, Text))
        )


def clean(text: str, line: int) -> tuple[str, int]:
    """A CDATA text as SIPp takes it, and the line of its first character.

    Blank lines before it go; so do spaces and tabs at both ends of each line, first spaces and then tabs. A text without
    a blank line gets one at its end. A body keeps one of the line ends that follow it, if there was any.
    """
    start = len(text) - len(text.lstrip(" \t\n"))
    line += text.count("\n", 0, start)
    stripped = text.strip(" \t\n")
    ended = "\n" in text[start + len(stripped) :]
    lines = [each.lstrip(" ").rstrip(" ").lstrip("\t").rstrip("\t") for each in stripped.split("\n")]
    cleaned = "\n".join(lines)
    if "\n\n" not in cleaned:
        return cleaned + "\n\n", line
    return cleaned + ("\n" if ended else ""), line


class TemplateParser:
    """Cuts texts into parts and reports what cannot be a keyword.

    `classify` tells the name in the table of what stands in brackets (`last_Via:` → `last_`), or None for what is no
    keyword; then the text stays as it is when it is `tolerant`, else that is an error. The time grows as the text does.
    """

    def __init__(
        self, classify: Callable[[str, int, Problems], str | None], problems: Problems, *, tolerant: bool = False
    ) -> None:
        self.classify = classify
        self.problems = problems
        self.tolerant = tolerant

    def parse(self, text: str, line: int, depth: int = 0, margins: Sequence[int] | None = None) -> Parsed:
        """The parts of a text whose first character stands in `line`; `depth` is that in arguments of other keywords.

        `margins`: how many characters stand in the file before each line of the text, when that is known.
        """
        self._check_escapes(text, line, margins)
        parts: list[Text | Word] = []
        closings = _closings(text)
        here, counted, begin, start, opening = int(line), 0, 0, 0, text.find("[")
        while opening >= 0:
            here += text.count("\n", counted, opening)
            begin = text.rfind("\n", counted, opening) + 1 or begin
            counted = opening
            end = closings.get(opening, -1)
            word = self._word(text, opening, end, place_in(line, here, opening - begin, margins), depth)
            if word is None:
                opening = text.find("[", opening + 1)
                continue
            if start < opening:
                parts.append(_literal(text[start:opening]))
            parts.append(word)
            start, opening = end + 1, text.find("[", end)
        if start < len(text):
            parts.append(_literal(text[start:]))
        return Parsed(tuple(parts), line)

    def _word(self, text: str, opening: int, end: int, line: int, depth: int) -> Word | None:
        head = _HEAD.match(text, opening + 1, end if end >= 0 else len(text))
        if not head or _ADDRESS.match(text, opening + 1, end + 1):
            return None
        if not 0 <= end - opening <= _LONGEST:
            self._refuse(line, f"'[{_shown(text[opening + 1 : opening + 30])}' is never closed", _END_IT)
            return None
        name = self.classify(head[0], line, self.problems)
        if name is None:
            return None
        content = text[opening + 1 : end]
        if name in _WHOLE:
            return self._whole(name, content, line)
        arguments = self._arguments(text[head.end() : end], content, line, depth)
        if arguments is None:
            return None
        number = _OFFSET.search(head[0])
        rest = base_name(head[0]).removeprefix(name)
        if name == "field":
            rest = rest[: len(rest) - len(rest.lstrip("0123456789"))] or "0"
        begins_line = not depth and not self.tolerant and text[opening - 1 : opening] in ("", "\n")
        return Word(name, rest, int(number[0]) if number else 0, arguments, line, content, begins_line)

    def _whole(self, name: str, content: str, line: int) -> Word | None:
        """The name of a variable or a header: all that stands in the brackets, up to what SIPp takes for an offset."""
        kept = base_name(content)
        if "\n" in kept:
            self._refuse(line, f"'[{_shown(content)}' is never closed", _END_IT)
            return None
        if len(kept) < len(content):
            self._warn(line, f"[{content}] is [{kept}], as in SIPp, which takes the rest for an offset")
        return Word(name, kept.removeprefix(name), 0, {}, line, content)

    def _arguments(self, text: str, content: str, line: int, depth: int) -> dict[str, Parsed] | None:
        """What stands behind a keyword; None, and an error, when that is not made of arguments."""
        rest = _ARGUMENT.sub("", text).strip(" \t\n,;")
        if rest and content.startswith("field") and _WORDS.fullmatch(rest):
            self._warn(line, f"[{_shown(content)}]: '{_shown(rest)}' is no argument and ignored, as in SIPp")
        elif rest:
            self._refuse(line, f"[{_shown(content)}]: '{_shown(rest)}' is no argument", 'write name="value"')
            return None
        found = list(_ARGUMENT.finditer(text))
        if found and depth == _DEEPEST:
            self._refuse(line, f"[{_shown(content)}] stands too deep in other keywords", "use a variable")
            return None
        return {each[1]: self.parse(_value(each), line, depth + 1) for each in found}

    def _check_escapes(self, text: str, line: int, margins: Sequence[int] | None) -> None:
        here, counted, begin = int(line), 0, 0
        for found in _BROKEN_HEX.finditer(text):
            here += text.count("\n", counted, found.start())
            begin = text.rfind("\n", counted, found.start()) + 1 or begin
            counted = found.start()
            self._warn(
                place_in(line, here, counted - begin, margins),
                r"\x without two hexadecimal digits stays as it is; SIPp reads on",
                r"write \x5cx for a plain \x",
            )

    def _warn(self, line: int, message: str, hint: str = "") -> None:
        if not self.tolerant:
            self.problems.warn(line, message, hint)

    def _refuse(self, line: int, message: str, hint: str) -> None:
        if not self.tolerant:
            self.problems.error(line, message, hint)


def _value(argument: re.Match[str]) -> str:
    return _ESCAPE.sub(r"\1", argument[2]) if argument[2] else argument[3] or argument[4] or ""


def base_name(full: str) -> str:
    """What stands in brackets, without an offset and what follows that: `cseq+1` → `cseq`."""
    return _OFFSET.split(full, maxsplit=1)[0]


def _closings(text: str) -> dict[int, int]:
    """For each `[` that is closed, where that is; both as offsets."""
    closings: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACKET.finditer(text):
        if found[0] == "[":
            opened.append(found.start())
        elif opened:
            closings[opened.pop()] = found.start()
    return closings


def _shown(text: str) -> str:
    """The beginning of a text's first line."""
    return text.partition("\n")[0][:30]


def _literal(text: str) -> Text:
    return Text(_HEX.sub(lambda found: chr(int(found[1], 16)), text.replace("\n", "\r\n")).encode("latin-1"))
