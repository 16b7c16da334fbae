# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bodies whose length the message does not tell, or tells wrongly (RFC 3261 sections 18.3 and 20.14).

Over UDP a message without Content-Length ends with its datagram; over TCP nobody knows where its body ends.
"""

from __future__ import annotations

import re

from engine.messages import ProblemCode
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.places import Place, margins_of, place_in
from engine.scenario.problems import Problems
from engine.scenario.reading import Draft
from engine.scenario.template import Parsed, Text

_LENGTH = re.compile(r"^(?:content-length|l)[ \t]*:[ \t]*(.*)$", re.I | re.M)
_NO_LENGTH = r"\[(?:routes\]|authentication\b|last_(?!content-length|l:))"
_LINE_OF_KEYWORD = re.compile(rf"^(?!{_NO_LENGTH})[^:\n]*\[", re.I | re.M)
"""A line whose header a keyword makes, which may be Content-Length."""
_NUMBER = re.compile(r"\d{1,9}")
_BLANK_LINE = b"\r\n\r\n"
_HINT = "write Content-Length: [len]"


def lengths(subject: Subject, problems: Problems) -> None:
    """Report each `send` whose body has no Content-Length, or one that is wrong."""
    for draft in subject.drafts:
        headers, _, body = draft.text.partition("\n\n")
        if draft.kind != "send" or not body.strip():
            continue
        lines = headers.partition("\n")[2]
        found = _LENGTH.search(lines)
        if found is None:
            if not _LINE_OF_KEYWORD.search(lines):
                what = "this message has a body and no Content-Length"
                problems.warn(draft.message.line, what, _HINT, ProblemCode.MISSING_LENGTH)
        elif _NUMBER.fullmatch(found[1].strip()):
            _check_number(draft, int(found[1]), len(headers) - len(lines) + found.start(1), problems)


def _check_number(draft: Draft, number: int, offset: int, problems: Problems) -> None:
    least, is_whole = _length_of_body(draft.message)
    if number < least or (is_whole and number != least):
        size = f"{least} bytes" if is_whole else f"at least {least} bytes"
        what = f"Content-Length says {number}, and the body has {size}"
        problems.warn(_place_in_message(draft, offset), what, _HINT, ProblemCode.WRONG_LENGTH)


def _length_of_body(message: Parsed) -> tuple[int, bool]:
    """The bytes of the body that do not depend on keywords, and whether these are all."""
    size, in_body, is_whole = 0, False, True
    for part in message.parts:
        if not isinstance(part, Text):
            is_whole = is_whole and not in_body
        elif in_body:
            size += len(part.data)
        elif _BLANK_LINE in part.data:
            in_body, size = True, len(part.data.partition(_BLANK_LINE)[2])
    return size, in_body and is_whole


def _place_in_message(draft: Draft, offset: int) -> Place:
    """The place of what stands at `offset` in the text of a message."""
    line = draft.message.line + draft.text.count("\n", 0, offset)
    cdata = draft.element.cdata
    margins = margins_of(cdata[0], cdata[1].column - 1) if cdata else None
    return place_in(draft.message.line, line, offset - draft.text.rfind("\n", 0, offset) - 1, margins)
