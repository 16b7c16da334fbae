# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real scenario files → well-formed XML, byte for byte in what they mean to SIPp.

SIPp reads scenarios with a reader of its own, so files in the field hold what no XML parser takes: `--` in comments, a
bare `&`, two attributes run together, an attribute twice. This module scans the text once and writes it anew, so that
the parser behind it needs no leniency. What SIPp refuses too (`<` in an attribute, what never ends) is refused here
with its line and column.

Rules that the rest of the package relies on:

- The text is taken as ISO-8859-1 whatever it declares, so each character is a byte and bytes reach the wire unchanged.
- A line keeps its number: an element's line is that of its `<`, a CDATA section's lines are those of the file. Line
  breaks within a tag are moved behind its end.
- A CDATA section stands between `CDATA_START` and `CDATA_END`, which no file can hold. Any other text means nothing.
- Comments, the declaration and the DOCTYPE are gone. So nothing is ever fetched, and no entity is defined.
- Within attributes SIPp's escapes (backslash and n, r, t, a quote or a backslash) are resolved, and of the entities only the
  four that SIPp knows.
"""

from __future__ import annotations

import re

from engine.scenario.problems import Problems

CDATA_START = "\ue000"
CDATA_END = "\ue001"

_NAME = r"[A-Za-z_][\w.:-]*"
_TAG_START = re.compile(rf"</?({_NAME})")
_ATTRIBUTE = re.compile(rf"(\s*)({_NAME})\s*=\s*([\"'])")
_TAG_END = re.compile(r"\s*/?>")
_ESCAPE = re.compile(r"\\([nrt\"\\])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
# Not xml.sax.saxutils, which imports urllib with all that belongs to it: a third of what loading a scenario takes.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_VALUE = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_DECLARATION = re.compile(r"<(?:\?xml\b.*?\?|!DOCTYPE\b(?:[^\[>]|\[.*?\]\s*)*)>", re.S)


class Malformed(Exception):
    """The text cannot be cut into tags; `offset` is where."""

    def __init__(self, offset: int, message: str, hint: str = "") -> None:
        self.offset, self.message, self.hint = offset, message, hint
        super().__init__(message)


def decode(data: bytes) -> str:
    """The file's text, a character a byte, with LF as the only end of a line. UTF-16 becomes UTF-8 first."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").replace("\r", "")


def tidy(text: str, problems: Problems) -> str:
    """Well-formed XML that says what `text` says to SIPp; what was doubtful goes to `problems`. Raises Malformed."""
    return _Tidier(text, problems).run()


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The place of a character of `text`, both from 1."""
    before = text.rfind("\n", 0, offset)
    return text.count("\n", 0, offset) + 1, offset - before


class _Tidier:
    def __init__(self, text: str, problems: Problems) -> None:
        self.text = text
        self.problems = problems
        self.out: list[str] = []

    def run(self) -> str:
        text, position = self.text, 0
        while True:
            tag = text.find("<", position)
            end = tag if tag >= 0 else len(text)
            self.out.append(_plain(text[position:end]))
            if tag < 0:
                return "".join(self.out)
            position = self.markup(tag)
            if text.startswith("</scenario", tag):
                self.warn_of_rest(position)
                return "".join(self.out)

    def warn_of_rest(self, position: int) -> None:
        rest = _COMMENT.sub("", self.text[position:])
        if rest.strip():
            line = line_and_column(self.text, len(self.text) - len(self.text[position:].lstrip()))[0]
            self.problems.warn(line, "what follows </scenario> is ignored, as in SIPp")

    def markup(self, start: int) -> int:
        """Write what begins with the `<` at `start`; the offset behind it."""
        text = self.text
        if text.startswith("<!--", start):
            return self.skip_to(self.find("-->", start + 4, start, "this comment never ends") + 3, start)
        if text.startswith("<![CDATA[", start):
            end = self.find("]]>", start + 9, start, "this CDATA section never ends")
            self.out.append(CDATA_START + _plain(text[start + 9 : end]) + CDATA_END)
            return end + 3
        declaration = _DECLARATION.match(text, start)
        if declaration:
            return self.skip_to(declaration.end(), start)
        return self.tag(start)

    def find(self, what: str, position: int, start: int, message: str) -> int:
        found = self.text.find(what, position)
        if found < 0:
            raise Malformed(start, message, f"close it with {what}")
        return found

    def skip_to(self, end: int, start: int) -> int:
        self.out.append("\n" * self.text.count("\n", start, end))
        return end

    def tag(self, start: int) -> int:
        text = self.text
        name = _TAG_START.match(text, start)
        if not name:
            raise Malformed(start, "'<' begins no tag here", "write &lt; in an attribute, <![CDATA[ … ]]> around a message")
        self.out.append(name[0])
        position = name.end()
        seen: set[str] = set()
        while attribute := _ATTRIBUTE.match(text, position):
            end = self.value_end(attribute.end(), attribute[3])
            self.attribute(attribute[2], text[attribute.end() : end], attribute.start(2), seen)
            position = end + 1
        closing = _TAG_END.match(text, position)
        if not closing:
            raise Malformed(position, f"the tag <{name[1]}> is not well formed here", 'attributes are written name="value"')
        ends_itself = closing[0].strip() == "/>"
        self.out.append(">" + "\n" * text.count("\n", start, closing.end()) + (f"</{name[1]}>" if ends_itself else ""))
        return closing.end()

    def value_end(self, position: int, quote: str) -> int:
        """The offset of the quote that ends the value which begins at `position`."""
        found = re.compile(rf"(?:\\.|[^\\{quote}<])*", re.S).match(self.text, position)
        end = found.end() if found else position
        if self.text.startswith("<", end):
            raise Malformed(end, "'<' in an attribute", "write &lt;")
        if end >= len(self.text):
            raise Malformed(position - 1, "this attribute never ends", f"close it with {quote}")
        return end

    def attribute(self, name: str, raw: str, offset: int, seen: set[str]) -> None:
        if name in seen:
            self.problems.warn(line_and_column(self.text, offset)[0], f"attribute {name} stands here twice; the first counts")
            return
        seen.add(name)
        value = _ENTITY.sub(lambda found: _ENTITIES[found[0]], _ESCAPE.sub(lambda found: _ESCAPES[found[1]], raw))
        value = _CONTROL.sub("", value).translate(_IN_VALUE)
        self.out.append(f' {name}="{value}"')


def _plain(text: str) -> str:
    return text.translate(_IN_TEXT)
