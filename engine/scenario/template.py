# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text of a message or an action, cut into words and literal text.

`clean` does to a CDATA section what SIPp does; `TemplateParser` cuts a text into `Text` and `Word`, a keyword with its
offset, its arguments and its line. This needs no run; what the words are in one is told by `keywords` and put together
by `assemble`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.scenario.problems import Problems

_HEX = re.compile(r"\\x([0-9A-Fa-f]{2})")
_OFFSET = re.compile(r"[+-]\d+$")
_HEAD = re.compile(r"(\$)?([A-Za-z_][^\s\[\]]*|(?<=\$)[^\s\[\]]+)\s*(.*)", re.S)
_ADDRESS = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%\w+)?")
_ARGUMENT = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(\S+))")


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text, with CRLF at the end of lines."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword as it stands in a text: `[name+offset key="value"]`. `$` and `last_` are names; `rest` is what follows them.

    `source` is the whole of it without the brackets.
    """

    name: str
    rest: str
    offset: int
    arguments: dict[str, Parsed]
    line: int
    source: str


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
    keyword; then the text stays as it is when it is `tolerant`, else that is an error.
    """

    def __init__(
        self, classify: Callable[[str, int, Problems], str | None], problems: Problems, *, tolerant: bool = False
    ) -> None:
        self.classify = classify
        self.problems = problems
        self.tolerant = tolerant

    def parse(self, text: str, line: int) -> Parsed:
        """The parts of a text whose first character stands in `line`."""
        parts: list[Text | Word] = []
        literal, position = "", 0
        while (opening := text.find("[", position)) >= 0:
            literal += text[position:opening]
            here = line + text.count("\n", 0, opening)
            end = _matching(text, opening)
            word = self._word(text, opening, end, here)
            if word is None:
                literal += "["
                position = opening + 1
                continue
            if literal:
                parts.append(_literal(literal))
            parts.append(word)
            literal, position = "", end + 1
        literal += text[position:]
        if literal:
            parts.append(_literal(literal))
        return Parsed(tuple(parts), line)

    def _word(self, text: str, opening: int, end: int, line: int) -> Word | None:
        content = text[opening + 1 : end] if end >= 0 else text[opening + 1 : opening + 30].split("\n")[0]
        head = _HEAD.fullmatch(content)
        if not head or _ADDRESS.fullmatch(content):
            return None
        if end < 0:
            if not self.tolerant:
                self.problems.error(
                    line, f"'[{content}' is never closed", r"end the keyword with ], or write \x5b for a plain ["
                )
            return None
        full = (head[1] or "") + head[2]
        name = self.classify(full, line, self.problems)
        if name is None:
            return None
        offset = _OFFSET.search(full)
        rest = full.removeprefix(name)
        if offset and name not in ("last_",):
            rest = rest[: len(rest) - len(offset[0])] if rest else rest
        arguments = {
            found[1]: self.parse(found[2] or found[3] or found[4] or "", line) for found in _ARGUMENT.finditer(head[3])
        }
        return Word(name, rest, int(offset[0]) if offset else 0, arguments, line, content)


def base_name(full: str) -> str:
    """What stands in brackets, without an offset: `cseq+1` → `cseq`."""
    return _OFFSET.sub("", full)


def _matching(text: str, opening: int) -> int:
    """The offset of the `]` that closes the `[` at `opening` in the same line; -1 without one."""
    depth = 0
    for position in range(opening, len(text)):
        character = text[position]
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
            if not depth:
                return position
        elif character == "\n":
            break
    return -1


def _literal(text: str) -> Text:
    return Text(_HEX.sub(lambda found: chr(int(found[1], 16)), text.replace("\n", "\r\n")).encode("latin-1"))
