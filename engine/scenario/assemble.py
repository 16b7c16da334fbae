# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compiled parts → one callable that renders a message.

Constants next to each other become one, so a message is a format and a few values. Two rules of SIPp shape the rest:

- A slot that `drops_line` and leaves the output at the start of a line takes with it the white space that the next text
  begins with. That is how a line with a missing `[last_Foo:]` vanishes; and the blank line before a body, if it stood last.
- `[len]` is written last. Five characters wide; only the last one of a message is filled; in a message without a body
  it is written with the blank line that it expects behind it, over whatever stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final

from engine.scenario.program import CallState, Render
from engine.scenario.template import Text

_WHITE: Final = b" \t\n\r\v\f"
_LINE_END: Final = b"\r\n"
_BLANK_LINE: Final = b"\r\n\r\n"
_NEWLINE: Final = ord("\n")
_LENGTH_WIDTH: Final = 5
_NO_BODY: Final = b"    0\r\n\r\n\x00"
_IN_LINE: Final = 0
_AT_START: Final = 1
_BEHIND_VALUES: Final = 2
"""Where in a line one is: behind some text, at its start, behind values that may all be nothing."""


@dataclass(frozen=True, slots=True)
class Following:
    """The text behind a slot that drops its line: as it is, behind a value that ends a line, and behind no value."""

    text: bytes
    after_line: bytes
    after_nothing: bytes

    def behind(self, value: bytes) -> bytes:
        """What follows this value."""
        if not value:
            return self.after_nothing
        return self.after_line if value.endswith(b"\n") else self.text


@dataclass(frozen=True, slots=True)
class Slot:
    """What is filled for each call. `attribute` names the attribute of the call that it is, when it is just that.

    `format` is how the value stands in a bytes format: `%d` for an int. `drops_line`: see the module; `following` is what
    it may take along then. `may_hold_lines`: the value may hold line ends.
    """

    render: Callable[[CallState], Any] | None = None
    attribute: str = ""
    format: bytes = b"%b"
    drops_line: bool = False
    following: Following | None = None
    may_hold_lines: bool = False

    def value(self) -> Callable[[CallState], Any]:
        """How to get the value from a call."""
        return self.render if self.render is not None else attrgetter(self.attribute)


@dataclass(frozen=True, slots=True)
class Length:
    """[len], with its offset."""

    offset: int = 0


Part = bytes | Text | Slot | Length
"""bytes: the constant value of a keyword."""


Items = list[bytes | Slot | Length]


def assemble(parts: Sequence[Part]) -> Render:
    """One callable for compiled parts."""
    before, length, after = _split_at_length(parts)
    if length is None:
        return _render(before)
    body_length = _constant_body_length(before, after)
    if body_length:
        return _render(_merge([*before, b"%5d" % (body_length + length.offset), *after]))
    if body_length == 0 and after == [_BLANK_LINE]:
        return _render(_merge([*before, _NO_BODY[:_LENGTH_WIDTH], *after]))
    return _render_with_length(_render(before), _render(after), length.offset)


def overwrites_headers(parts: Sequence[Part]) -> bool:
    """Whether `[len]` stands before other headers in a message that has no body, unless a value brings one."""
    before, length, after = _split_at_length(parts)
    if length is None or after == [_BLANK_LINE]:
        return False
    plain = [
        [replace(item, may_hold_lines=False) if isinstance(item, Slot) else item for item in each] for each in (before, after)
    ]
    return _constant_body_length(*plain) == 0


def _split_at_length(parts: Sequence[Part]) -> tuple[Items, Length | None, Items]:
    """What stands before the last [len], that, and what stands behind it; any other [len] is blank."""
    items = _group_dropped_lines(parts)
    at = max((index for index, item in enumerate(items) if isinstance(item, Length)), default=len(items))
    before = _merge([b" " * _LENGTH_WIDTH if isinstance(item, Length) else item for item in items[:at]])
    length = items[at] if at < len(items) else None
    return before, length if isinstance(length, Length) else None, _merge(items[at + 1 :])


def _constant_body_length(before: Items, after: Items) -> int | None:
    """The length of the body when it is known before the run, None when it is not."""
    if _first_blank_line(before) != len(before):
        return None
    index = _first_blank_line(after)
    if index is None or index + 1 != len(after):
        return None
    item = after[index]
    return len(item) - item.index(_BLANK_LINE) - len(_BLANK_LINE) if isinstance(item, bytes) else None


def _first_blank_line(items: Items) -> int | None:
    """The index of the constant with the first blank line; the number of items when there is none, None when calls differ.

    They do where a value may hold line ends, where a text may be shortened, and in a line of nothing but values.
    """
    place = _IN_LINE
    for index, item in enumerate(items):
        text = item if isinstance(item, bytes) else b""
        if isinstance(item, Slot):
            text = item.following.text if item.following else b""
            if item.may_hold_lines or _BLANK_LINE in text:
                return None
            place = _BEHIND_VALUES if place == _AT_START and not text else place
        if place == _BEHIND_VALUES and text.startswith(_LINE_END):
            return None
        if _BLANK_LINE in text:
            return index
        if text:
            place = _AT_START if text.endswith(_LINE_END) else _IN_LINE
    return len(items)


def _group_dropped_lines(parts: Sequence[Part]) -> Items:
    """Each slot that drops lines becomes one with everything up to and with the next text."""
    items: Items = []
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
        following = Following(text, shorter, shorter if at_line_start else text)
        return Slot(inner[0].value(), following=following, may_hold_lines=inner[0].may_hold_lines)
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

    return Slot(render, may_hold_lines=True)


def _bytes_of(part: bytes | Slot) -> Render:
    if isinstance(part, bytes):
        return lambda call: part
    form, get = part.format, part.value()
    return lambda call: form % get(call)


def _merge(items: Sequence[bytes | Slot | Length]) -> Items:
    """The same, with constants next to each other joined."""
    merged: Items = []
    constants: list[bytes] = []
    for item in items:
        if isinstance(item, bytes):
            constants.append(item)
            continue
        _join_onto(merged, constants)
        constants = []
        merged.append(item)
    _join_onto(merged, constants)
    return merged


def _join_onto(merged: Items, constants: list[bytes]) -> None:
    constant = b"".join(constants)
    if constant:
        merged.append(constant)


def _render(items: Items) -> Render:
    slots = [item for item in items if isinstance(item, Slot)]
    if not slots:
        constant = b"".join(item for item in items if isinstance(item, bytes))
        return lambda call: constant
    form = b"".join(_form(item) for item in items if not isinstance(item, Length))
    if any(slot.following for slot in slots):
        return _render_dropping(items, slots, form)
    if len(slots) == 1:
        value = slots[0].value()
        return lambda call: form % (value(call),)
    if all(slot.attribute for slot in slots):
        values = attrgetter(*(slot.attribute for slot in slots))
        return lambda call: form % values(call)
    getters = [slot.value() for slot in slots]
    return lambda call: form % tuple([get(call) for get in getters])


def _form(item: bytes | Slot) -> bytes:
    if isinstance(item, bytes):
        return item.replace(b"%", b"%%")
    return item.format + (_form(item.following.text) if item.following else b"")


def _render_dropping(items: Items, slots: Sequence[Slot], form: bytes) -> Render:
    """Usually nothing is dropped, and the texts that may be are part of the format."""
    getters = [slot.value() for slot in slots]
    droppers = [index for index, slot in enumerate(slots) if slot.following]

    def render(call: CallState) -> bytes:
        values = [get(call) for get in getters]
        for index in droppers:
            value = values[index]
            if not value or value[-1] == _NEWLINE:
                return dropped(values)
        return form % tuple(values)

    def dropped(values: list[Any]) -> bytes:
        rest = iter(values)
        return b"".join([_filled(item, rest) for item in items])

    return render


def _filled(item: bytes | Slot | Length, values: Iterator[Any]) -> bytes:
    """An item with the next of the values, where it takes one."""
    if not isinstance(item, Slot):
        return item if isinstance(item, bytes) else b""
    value: bytes = item.format % next(values)
    return value + item.following.behind(value) if item.following else value


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
