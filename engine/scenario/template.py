# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text of a message: CDATA → words and text → one callable that renders it.

Parsing (`clean`, `parse`) needs no run: it cuts the text into `Text` and `Word` (a keyword with its offset, arguments
and line). Compiling asks the table of keywords what each word is in this run: constant bytes, or a `Slot` that is filled
for each call. Constants next to each other become one, so a message is a format and a few values.

Two rules of SIPp shape what comes out:

- A slot that `drops_line` and leaves the output at the start of a line takes with it the white space that the next text
  begins with. That is how a line with a missing `[last_Foo:]` vanishes; and the blank line before a body, if it stood last.
- `[len]` is written last. Five characters wide; only the last one of a message is filled; in a message without a body
  it is written with the blank line that it expects behind it, over whatever stands there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from engine.scenario.problems import Problems
from engine.scenario.program import CallState, Render

_WHITE = b" \t\n\r\v\f"
_BLANK_LINE = b"\r\n\r\n"
_LENGTH_WIDTH = 5
_NO_BODY = b"    0\r\n\r\n\x00"

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

    `before` is the text of its line up to it. `source` is the whole of it without the brackets.
    """

    name: str
    rest: str
    offset: int
    arguments: dict[str, Parsed]
    line: int
    before: str
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


@dataclass(frozen=True, slots=True)
class Slot:
    """What is filled for each call. `attribute` names the attribute of the call that it is, when it is just that.

    `format` is how the value stands in a bytes format: `%d` for an int. `drops_line`: see the module.
    """

    render: Callable[[CallState], Any] | None = None
    attribute: str = ""
    format: bytes = b"%b"
    drops_line: bool = False

    def value(self) -> Callable[[CallState], Any]:
        """How to get the value from a call."""
        return self.render if self.render is not None else attrgetter(self.attribute)


@dataclass(frozen=True, slots=True)
class Length:
    """[len], with its offset."""

    offset: int = 0


Part = bytes | Text | Slot | Length
"""bytes: the constant value of a keyword."""


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
        before = text[text.rfind("\n", 0, opening) + 1 : opening]
        arguments = {
            found[1]: self.parse(found[2] or found[3] or found[4] or "", line) for found in _ARGUMENT.finditer(head[3])
        }
        return Word(name, rest, int(offset[0]) if offset else 0, arguments, line, before, content)


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


def assemble(parts: Sequence[Part]) -> Render:
    """One callable for compiled parts."""
    items = _merge(_group_dropped_lines(parts))
    at = max((index for index, item in enumerate(items) if isinstance(item, Length)), default=-1)
    if at < 0:
        return _render(items)
    length = items[at]
    assert isinstance(length, Length)
    blank = b" " * _LENGTH_WIDTH
    before = _merge([blank if isinstance(item, Length) else item for item in items[:at]])
    after = items[at + 1 :]
    body_length = _constant_body_length(after)
    if body_length:
        return _render(_merge([*before, b"%5d" % (body_length + length.offset), *after]))
    if body_length == 0 and after == [_BLANK_LINE]:
        return _render(_merge([*before, _NO_BODY[:_LENGTH_WIDTH], *after]))
    return _render_with_length(_render(before), _render(after), length.offset)


def overwrites_headers(parts: Sequence[Part]) -> bool:
    """Whether `[len]` stands before other headers in a message that never has a body."""
    items = _merge(_group_dropped_lines(parts))
    at = max((index for index, item in enumerate(items) if isinstance(item, Length)), default=-1)
    return at >= 0 and _constant_body_length(items[at + 1 :]) == 0 and items[at + 1 :] != [_BLANK_LINE]


def _constant_body_length(after: Sequence[bytes | Slot | Length]) -> int | None:
    """The length of the body when it is known before the run, None when it is not."""
    for index, item in enumerate(after):
        if isinstance(item, bytes) and _BLANK_LINE in item:
            rest = after[index + 1 :]
            return None if rest else len(item) - item.index(_BLANK_LINE) - len(_BLANK_LINE)
    return None


def _group_dropped_lines(parts: Sequence[Part]) -> list[bytes | Slot | Length]:
    """Each slot that drops lines becomes one with everything up to and with the next text."""
    items: list[bytes | Slot | Length] = []
    at_line_start = False
    position = 0
    while position < len(parts):
        part = parts[position]
        if isinstance(part, Slot) and part.drops_line:
            end = next((i for i in range(position, len(parts)) if isinstance(parts[i], (Text, Length))), len(parts))
            text = _text_at(parts, end)
            inner = [each for each in parts[position:end] if isinstance(each, (bytes, Slot))]
            items.append(_dropping(inner, text or b"", at_line_start))
            at_line_start = text is not None and text.endswith(b"\n")
            position = end + (text is not None)
            continue
        item = part.data if isinstance(part, Text) else part
        items.append(item)
        at_line_start = isinstance(item, bytes) and (item.endswith(b"\n") or (not item and at_line_start))
        position += 1
    return items


def _text_at(parts: Sequence[Part], position: int) -> bytes | None:
    part = parts[position] if position < len(parts) else None
    return part.data if isinstance(part, Text) else None


def _dropping(inner: Sequence[bytes | Slot], text: bytes, at_line_start: bool) -> Slot:
    """The slots of `inner` and the `text` behind them, which begins at its first visible character if a line is dropped."""
    shorter = text.lstrip(_WHITE)
    if len(inner) == 1 and isinstance(inner[0], Slot):
        return Slot(_dropping_one(inner[0].value(), text, shorter, at_line_start))
    getters = [(_bytes_of(each), isinstance(each, Slot) and each.drops_line) for each in inner]

    def render(call: CallState) -> bytes:
        out, at_start, drop = b"", at_line_start, False
        for get, drops in getters:
            value = get(call)
            if value:
                out += value
                at_start = value.endswith(b"\n")
            drop = drop or (drops and at_start)
        return out + (shorter if drop else text)

    return Slot(render)


def _dropping_one(get: Callable[[CallState], bytes], text: bytes, shorter: bytes, at_line_start: bool) -> Render:
    if_missing = shorter if at_line_start else text

    def render(call: CallState) -> bytes:
        value = get(call)
        if not value:
            return if_missing
        return value + (shorter if value.endswith(b"\n") else text)

    return render


def _bytes_of(part: bytes | Slot) -> Render:
    if isinstance(part, bytes):
        return lambda call: part
    form, get = part.format, part.value()
    return lambda call: form % get(call)


def _merge(items: Sequence[bytes | Slot | Length]) -> list[bytes | Slot | Length]:
    merged: list[bytes | Slot | Length] = []
    for item in items:
        if isinstance(item, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += item
        elif item != b"":
            merged.append(item)
    return merged


def _render(items: Sequence[bytes | Slot | Length]) -> Render:
    slots = [item for item in items if isinstance(item, Slot)]
    if not slots:
        constant = b"".join(item for item in items if isinstance(item, bytes))
        return lambda call: constant
    form = b"".join(
        item.replace(b"%", b"%%") if isinstance(item, bytes) else item.format for item in items if not isinstance(item, Length)
    )
    if all(slot.attribute for slot in slots):
        values = attrgetter(*(slot.attribute for slot in slots))
        return lambda call: form % values(call)
    if len(slots) == 1:
        value = slots[0].value()
        return lambda call: form % (value(call),)
    getters = [slot.value() for slot in slots]
    return lambda call: form % tuple([get(call) for get in getters])


def _render_with_length(before: Render, after: Render, offset: int) -> Render:
    def render(call: CallState) -> bytes:
        head, tail = before(call), after(call)
        whole = head + b" " * _LENGTH_WIDTH + tail
        blank_line = whole.find(_BLANK_LINE)
        body_length = len(whole) - blank_line - len(_BLANK_LINE) if blank_line >= 0 else 0
        if body_length > 0:
            return head + b"%5d" % (body_length + offset) + tail
        return (head + _NO_BODY + whole[len(head) + len(_NO_BODY) :])[: len(whole)]

    return render
