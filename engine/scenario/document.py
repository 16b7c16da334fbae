# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario's file → its elements, as SIPp reads it.

SIPp reads scenarios with a reader of its own, so files in the field hold what no XML parser takes: `--` in comments, a
bare `&`, `<` in an attribute, an attribute twice, no `</scenario>`. This reader takes what any SIPp from 3.6 on takes, in
the same meaning, and says what is doubtful. What is refused here has its line and column. Time and memory grow with the
length of the file and no faster, whatever it holds.

Rules that the rest of the package relies on:

- The text is taken as ISO-8859-1 whatever it declares, so each character is a byte and bytes reach the wire unchanged.
- Nothing is ever fetched, and no entity is defined: comments, declarations and the DOCTYPE are passed over.
- Text outside CDATA sections means nothing.
- Within attributes SIPp's escapes (backslash and n, r, t, a quote or a backslash) are resolved, and of the entities only the
  four that SIPp knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.messages import ProblemCode
from engine.scenario.places import Place, Places
from engine.scenario.problems import Problems

_DEEPEST = 32
"""How deep elements may nest; a scenario needs four."""

_NAME = re.compile(r"[A-Za-z_][\w.:-]*")
_ATTRIBUTE = re.compile(r"[^\s=<>/\"',;]+")
_EQUALS = re.compile(r"\s*=\s*")
_WHITE = re.compile(r"\s*")
_QUOTED = {quote: re.compile(rf"[^\\{quote}]*(?:\\.[^\\{quote}]*)*", re.S) for quote in "\"'"}
_UNQUOTED = re.compile(r"(?:[^\s<>/]|/(?!>))*")
_FORGOTTEN_QUOTE = re.compile(r"\w\s*=\s*$")
_ESCAPE = re.compile(r"\\([nrt\"\\])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_CLOSING_NAME = re.compile(r"[^\s<>/]*")
_TAG_REST = re.compile(r"[^<>]*>?")
_START_TAG = re.compile(r"<[^/!]")
_DOCTYPE_PART = re.compile(r"<!--|\"[^\"]*\"|'[^']*'|[\[\]<>]")


class Malformed(Exception):
    """The text cannot be cut into elements; `place` says where."""

    def __init__(self, place: Place, message: str, hint: str = "") -> None:
        self.place, self.message, self.hint = place, message, hint
        super().__init__(message)


@dataclass(slots=True, eq=False)
class Element:
    """An element with its place; `cdata` is the first CDATA section within it, and the place of its first character.

    `offsets` tells of each attribute where its name and its value begin in the text; the value's is -1 when characters
    were resolved in it, so that it does not stand there as it is.
    """

    tag: str
    line: Place
    places: Places
    attributes: dict[str, str] = field(default_factory=dict)
    offsets: dict[str, tuple[int, int]] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    cdata: tuple[str, Place] | None = None
    end_line: int = 0

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)

    def place_of(self, attribute: str) -> Place:
        """Where an attribute stands; for one that is not there, where the element does."""
        return self.places.of(self.offsets[attribute][0]) if attribute in self.offsets else self.line

    def place_of_value(self, attribute: str) -> tuple[Place, list[int] | None]:
        """Where the value of an attribute begins, and its margins (see `places.place_in`); None when it was changed."""
        name, value = self.offsets[attribute]
        if value < 0:
            return self.places.of(name), None
        place = self.places.of(value)
        return place, [place.column - 1]


def decode(data: bytes) -> str:
    """The file's text, a character a byte, with LF as the only end of a line. UTF-16 becomes UTF-8 first."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").replace("\r", "")


def read_document(text: str, problems: Problems) -> Element | None:
    """The outermost element; what was doubtful goes to `problems`, and so does what keeps it from being read (None)."""
    try:
        return _Reader(text, problems).read()
    except Malformed as error:
        problems.error(error.place, error.message, error.hint, ProblemCode.MALFORMED)
        return None


class _Reader:
    """Walks once over the text. `open` are the elements that are not closed yet, the outermost first."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.problems = problems
        self.places = Places(text)
        self.text = self.up_to_nul(text)
        self.root: Element | None = None
        self.open: list[Element] = []

    def warn(self, offset: int, message: str, hint: str = "") -> None:
        self.problems.warn(self.places.of(offset), message, hint)

    def up_to_nul(self, text: str) -> str:
        end = text.find("\0")
        if end < 0:
            return text
        if text[end:].strip("\0 \t\n"):
            self.warn(end, "the file ends at this NUL byte, as in SIPp")
        return text[:end]

    def malformed(self, offset: int, message: str, hint: str = "") -> Malformed:
        return Malformed(self.places.of(offset), message, hint)

    def read(self) -> Element:
        position = 0
        while (tag := self.text.find("<", position)) >= 0:
            position = self.markup(tag)
            if self.root is not None and not self.open:
                self.warn_of_rest(position)
                return self.root
        if self.root is None:
            raise self.malformed(0, "there is no element in this file", "a scenario begins with <scenario>")
        last = self.open[-1]
        if last is not self.root:
            raise Malformed(last.line, f"<{last.tag}> is never closed", f"close it with </{last.tag}>")
        self.close(len(self.text))
        self.warn(len(self.text), f"</{last.tag}> is missing at the end; SIPp does not mind")
        return self.root

    def warn_of_rest(self, position: int) -> None:
        while (position := _end(_WHITE, self.text, position)) < len(self.text):
            end = self.text.find("-->", position) if self.text.startswith("<!--", position) else -1
            if end < 0:
                self.warn(position, "what follows </scenario> is ignored")
                return
            position = end + 3

    # --- what begins with < --------------------------------------------------------------------------------------------

    def markup(self, start: int) -> int:
        """Take what begins with the `<` at `start`; the offset behind it."""
        text = self.text
        if text.startswith("<!--", start):
            return self.find("-->", start + 4, start, "this comment never ends") + 3
        if text.startswith("<![CDATA[", start):
            return self.cdata(start)
        if text.startswith("<!DOCTYPE", start):
            return self.doctype(start)
        if text.startswith("<?xml", start):
            return self.find("?>", start + 5, start, "this declaration never ends") + 2
        if text.startswith("</", start):
            return self.closing(start)
        return self.tag(start)

    def find(self, what: str, position: int, start: int, message: str) -> int:
        found = self.text.find(what, position)
        if found < 0:
            raise self.malformed(start, message, f"close it with {what}")
        return found

    def cdata(self, start: int) -> int:
        begin = start + len("<![CDATA[")
        end = self.find("]]>", begin, start, "this CDATA section never ends")
        for element in self.open:
            element.cdata = element.cdata or (self.text[begin:end], self.places.of(begin))
        return end + 3

    def doctype(self, start: int) -> int:
        """Pass over a DOCTYPE, with the declarations that it may hold in brackets."""
        position, depth = start + 1, 1
        while found := _DOCTYPE_PART.search(self.text, position):
            position = found.end()
            if found[0] == "<!--":
                position = self.find("-->", position, found.start(), "this comment never ends") + 3
            elif found[0] in "[<":
                depth += 1
            elif found[0] in "]>":
                depth -= 1
                if not depth:
                    return position
        raise self.malformed(start, "this DOCTYPE never ends", "close it with >")

    def closing(self, start: int) -> int:
        """A closing tag. Where it fits nothing, a SIPp that has read all elements before it goes on, and ends there."""
        name_end = _end(_CLOSING_NAME, self.text, start + 2)
        name, end = self.text[start + 2 : name_end], _end(_TAG_REST, self.text, name_end)
        if not self.open:
            raise self.malformed(start, f"</{name}> closes nothing")
        due = self.open[-1]
        if name == due.tag:
            if self.text[end - 1] != ">":
                self.warn(start, f"</{name} has no >", "write it")
            self.close(start)
            return end
        if len(self.open) > 1 or _START_TAG.search(_without_comments(self.text[end:])):
            raise self.malformed(start, f"</{name}> stands where </{due.tag}> is due: that began in line {due.line}")
        self.warn(start, f"</{name}> stands where </{due.tag}> is due, and ends it as in SIPp")
        self.close(start)
        return len(self.text)

    def close(self, offset: int) -> None:
        self.open.pop().end_line = int(self.places.of(offset))

    # --- tags ----------------------------------------------------------------------------------------------------------

    def tag(self, start: int) -> int:
        name = _NAME.match(self.text, start + 1)
        if not name:
            raise self.malformed(start, "'<' begins no tag here", "write &lt; in an attribute, <![CDATA[ … ]]> around texts")
        if len(self.open) == _DEEPEST:
            raise self.malformed(start, f"elements stand in each other more than {_DEEPEST} deep")
        element = Element(name[0], self.places.of(start), self.places)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        end = self.attributes(element, start, name.end())
        if self.text[end - 2] == "/":
            self.close(end)
        return end

    def attributes(self, element: Element, start: int, position: int) -> int:
        """Take what stands in a tag up to its `>`; the offset behind that."""
        text, stray = self.text, -1
        while True:
            behind = position
            position = _end(_WHITE, text, position)
            if text.startswith((">", "/>"), position):
                break
            if text.startswith("<!--", position):
                self.warn(position, f"a comment within <{element.tag}>", "write it before or behind the tag")
                position = self.find("-->", position, position, "this comment never ends") + 3
            elif position == len(text) or text[position] == "<":
                raise self.malformed(start, f"the tag <{element.tag}> is not closed", "close it with >")
            elif found := _ATTRIBUTE.match(text, position):
                position = self.attribute(element, found, glued=behind == position)
            else:
                stray = position if stray < 0 else stray
                position += 1
        if stray >= 0:
            self.warn(stray, f"{text[stray]} has no place in the tag <{element.tag}>; it is ignored, as in SIPp")
        return position + (2 if text[position] == "/" else 1)

    def attribute(self, element: Element, name: re.Match[str], *, glued: bool) -> int:
        """Take an attribute; the offset behind it. SIPp does not see one that is glued to what stands before it."""
        equals = _EQUALS.match(self.text, name.end())
        if not equals:
            self.warn(name.start(), f"{name[0]} has no value; it is ignored, as in SIPp", f'write {name[0]}="…"')
            return name.end()
        value, begin, end = self.value(name, equals.end())
        if glued:
            self.warn(name.start(), f"no space stands before {name[0]}=; it is ignored, as in SIPp", "write one")
        elif name[0] in element.attributes:
            self.warn(name.start(), f"attribute {name[0]} stands here twice; the first counts")
        else:
            resolved = _resolved(value)
            element.attributes[name[0]] = resolved
            element.offsets[name[0]] = (name.start(), begin if resolved == value else -1)
        return end

    def value(self, name: re.Match[str], position: int) -> tuple[str, int, int]:
        """A value as it stands between its quotes, its offset, and that behind it and its quote."""
        text = self.text
        quote = text[position : position + 1]
        if quote not in _QUOTED:
            end = _end(_UNQUOTED, text, position)
            self.warn(name.start(), f"{name[0]}={text[position:end][:40]} has no quotes", f'write {name[0]}="…"')
            return text[position:end], position, end
        begin, end = position + 1, _end(_QUOTED[quote], text, position + 1)
        value = text[begin:end]
        forgotten = "<" in value and "\n" in value and _FORGOTTEN_QUOTE.search(value[-200:])
        if end >= len(text) or forgotten:
            raise self.malformed(position, f"the value of {name[0]} never ends", f"close it with {quote}")
        if "<" in value:
            self.warn(begin + value.index("<"), f"'<' in attribute {name[0]}: SIPp 3.6 refuses it", "write &lt;")
        return value, begin, end + 1


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    """The offset behind what a pattern that fits nothing as well finds at `position`."""
    found = pattern.match(text, position)
    return found.end() if found else position


def _resolved(value: str) -> str:
    """What an attribute's text means."""
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], _ESCAPE.sub(lambda found: _ESCAPES[found[1]], value))


def _without_comments(text: str) -> str:
    """A text without its comments; one that does not end goes to the end."""
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)
