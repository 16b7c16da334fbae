# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario's text, highlighted: numbered lines of XML, with SIPp's keywords seen and problems in the margin.

Highlighting reads characters, not structure, so that a broken file is coloured as far as it can be. A comment or a
CDATA section may run over several lines; what a line begins in is all that has to be carried from one to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.messages import Problem
from gossipper_tui.views.spans import Line, Span, Tone, line

_MARKUP = re.compile(
    r"(?P<comment><!--)|(?P<cdata><!\[CDATA\[|\]\]>)|(?P<name></?[A-Za-z_][\w:.-]*|/?>|<[?!][A-Za-z]*|\?>)"
    r"|(?P<attribute>[A-Za-z_][\w:.-]*(?=\s*=))|(?P<value>\"[^\"]*\"|'[^']*')|(?P<keyword>\[[A-Za-z$][^\]\[]*\])"
)
_TONES = {
    "cdata": Tone.DIM,
    "name": Tone.TITLE,
    "attribute": Tone.NAME,
    "value": Tone.VALUE,
    "keyword": Tone.KEYWORD,
}
_TEXT = re.compile(r"(?P<keyword>\[[A-Za-z$][^\]\[]*\])|(?P<cdata>\]\]>)")


def source_lines(xml: str, problems: Sequence[Problem]) -> list[Line]:
    """The numbered lines of a scenario; a line with a problem has `✗`, one with a warning `!` before its number."""
    text_lines = xml.expandtabs(4).splitlines()
    digits = len(str(len(text_lines)))
    marks = {problem.line: _MARKS[problem.warning] for problem in sorted(problems, key=lambda problem: not problem.warning)}
    lines = []
    state = ""
    for number, text in enumerate(text_lines, 1):
        spans, state = _highlighted("".join(c if c.isprintable() else "·" for c in text), state)
        mark = marks.get(number, Span(" "))
        lines.append(line(mark, Span(f"{number:>{digits}} ", mark.tone if number in marks else Tone.DIM), *spans))
    return lines


def message_lines(message: str) -> list[Line]:
    """A message as the scenario writes it: the first line, header names and keywords stand out."""
    lines: list[Line] = []
    for number, text in enumerate(message.strip("\r\n").expandtabs(4).splitlines()):
        name, colon, rest = text.partition(":")
        if number == 0:
            lines.append(_with_keywords(text, Tone.STRONG))
        elif colon and re.fullmatch(r"[A-Za-z-]+", name):
            lines.append(line(Span(name + colon, Tone.NAME), *_with_keywords(rest, Tone.NORMAL)))
        else:
            lines.append(_with_keywords(text, Tone.NORMAL))
    return lines


_MARKS = {True: Span("!", Tone.WARN), False: Span("✗", Tone.BAD)}


def _highlighted(text: str, state: str) -> tuple[Line, str]:
    """The spans of a line that begins in `state` (`comment`, `cdata` or markup), and the state after it."""
    spans: list[Span] = []
    at = 0
    while at < len(text):
        if state == "comment":
            end = text.find("-->", at)
            stop = len(text) if end < 0 else end + 3
            spans.append(Span(text[at:stop], Tone.DIM))
            state = state if end < 0 else ""
            at = stop
            continue
        match = (_TEXT if state == "cdata" else _MARKUP).search(text, at)
        if not match:
            spans.append(Span(text[at:]))
            break
        spans.append(Span(text[at : match.start()]))
        at = match.end()
        if match.lastgroup == "comment":
            state, at = "comment", match.start()
        else:
            spans.append(Span(match[0], _TONES[str(match.lastgroup)]))
            if match.lastgroup == "cdata":
                state = "" if match[0] == "]]>" else "cdata"
    return line(*spans), state


def _with_keywords(text: str, tone: Tone) -> Line:
    spans = []
    at = 0
    for match in _TEXT.finditer(text):
        spans += [Span(text[at : match.start()], tone), Span(match[0], _TONES[str(match.lastgroup)])]
        at = match.end()
    return line(*spans, Span(text[at:], tone))
