# SPDX-License-Identifier: AGPL-3.0-or-later
"""THE table of keywords: what may stand in brackets in a message or an action's text.

To add one: a function that takes the `Word` and the `Scope` and returns what it is in this run, and its entry in
`KEYWORDS`. What it returns is constant bytes, a `Slot` that is filled for each call, or several of these in order. Raise
`Misuse` when the word cannot be what it says. Every function is also called when a scenario is only checked, with the
facts of no run; mark an entry `needs_run` when that cannot work.

Only numbers heed an offset (`[cseq+1]`); on anything else SIPp ignores it, and so do we.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from pathlib import Path

from engine.scenario.assemble import Length, Part, Slot, assemble
from engine.scenario.problems import LATER_HINT, Misuse, Problems, nearest
from engine.scenario.program import CallState, RunFacts, Value
from engine.scenario.received import last_cseq_number, last_header, last_message, last_request_uri
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.tdm import TdmMap
from engine.scenario.template import Parsed, TemplateParser, Word, base_name

SIPP_VERSION = b"3.6.1"
"""[sipp_version]: the SIPp whose bytes on the wire are matched."""

AUTO_MEDIA_PORTS = 10_000
"""[auto_media_port] starts again after this many ports, four a call."""


# --- constants of the run ----------------------------------------------------------------------------------------------


def bracketed(address: str) -> bytes:
    """An address as it stands in a URI or a Via: IPv6 in brackets."""
    return (f"[{address}]" if ":" in address else address).encode("latin-1")


def _ip_type(address: str) -> bytes:
    return b"6" if ":" in address else b"4"


def _fact(value: Callable[[RunFacts], object]) -> Keyword:
    return Keyword(lambda word, scope: str(value(scope.facts)).encode("latin-1", "replace"))


def _number_fact(value: Callable[[RunFacts], int]) -> Keyword:
    return Keyword(lambda word, scope: b"%d" % (value(scope.facts) + word.offset))


def _media_ip(facts: RunFacts) -> str:
    return facts.media_ip or facts.local_ip


def _local_port(word: Word, scope: Scope) -> Compiled:
    if scope.facts.local_port:
        return b"%d" % (scope.facts.local_port + word.offset)
    return _number("local_port", word.offset)


def _check_media_line(word: Word) -> None:
    if not any(kind in word.before for kind in ("audio", "video", "image")):
        raise Misuse(
            f"[{word.source}] stands in a line that names no audio, video or image before it", "write it in an m= line"
        )


def _media_port(word: Word, scope: Scope) -> Compiled:
    _check_media_line(word)
    return b"%d" % (scope.facts.media_port + word.offset)


def _auto_media_port(word: Word, scope: Scope) -> Compiled:
    _check_media_line(word)
    first = scope.facts.media_port + word.offset
    return Slot(lambda call: first + 4 * (call.number - 1) % AUTO_MEDIA_PORTS, format=b"%d")


def _file(word: Word, scope: Scope) -> Compiled:
    name = _constant(word, "name")
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Misuse(f"[{word.source}]: cannot read the file: {error.strerror}") from None


def _constant(word: Word, argument: str) -> str:
    parsed = word.arguments.get(argument)
    value = parsed.constant if parsed else b""
    if value is None:
        raise Misuse(f"[{word.source}]: {argument}= with a keyword in it is not built yet", "write it out")
    if not value:
        raise Misuse(f"[{word.source}] needs {argument}=", f'write [{word.name} {argument}="…"]')
    return value.decode("latin-1")


# --- of the call -------------------------------------------------------------------------------------------------------


def _attribute(name: str) -> Keyword:
    return Keyword(lambda word, scope: Slot(attribute=name))


def _number(name: str, offset: int) -> Slot:
    if not offset:
        return Slot(attribute=name, format=b"%d")
    return Slot(lambda call: getattr(call, name) + offset, format=b"%d")


def _cseq(word: Word, scope: Scope) -> Compiled:
    return _number("cseq", word.offset)


def _call_number(word: Word, scope: Scope) -> Compiled:
    return Slot(attribute="digits")


def _branch(word: Word, scope: Scope) -> Compiled:
    prefix = b"z9hG4bK-%d-" % scope.facts.pid
    if scope.branch_index is not None:
        return (prefix, Slot(attribute="digits"), b"-", Slot(scope.branch_index, format=b"%d"))
    index = scope.index - scope.in_action + word.offset
    return (prefix, Slot(attribute="digits"), b"-%d" % index)


def _msg_index(word: Word, scope: Scope) -> Compiled:
    return b"-2" if scope.in_action else b"%d" % scope.index


def _routes(word: Word, scope: Scope) -> Compiled:
    return Slot(attribute="routes", drops_line=True)


def text_of(value: Value) -> bytes:
    """A variable's value as it is written: unset is nothing, a number has six decimals."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return b"%f" % value


def _variable(word: Word, scope: Scope) -> Compiled:
    index = scope.variable(word.rest)
    return Slot(lambda call: text_of(call.variables[index]), drops_line=True)


def _fill(word: Word, scope: Scope) -> Compiled:
    index = scope.variable(_constant(word, "variable").removeprefix("$"))
    text = word.arguments["text"].constant if "text" in word.arguments else b"X"
    if not text:
        raise Misuse(f"[{word.source}]: text= must be plain text", 'write [fill text="ab" variable="1"]')

    def render(call: CallState) -> bytes:
        length = call.variables[index]
        size = int(length) if type(length) is float and length > 0 else 0
        return (text * (size // len(text) + 1))[:size]

    return Slot(render)


def _tdm_map(word: Word, scope: Scope) -> Compiled:
    circuits = TdmMap.parse(scope.facts.tdm_map)
    return Slot(lambda call: circuits.name(call.circuit))


def _dynamic_id(word: Word, scope: Scope) -> Compiled:
    return Slot(scope.next_dynamic_id, format=b"%d")


# --- time --------------------------------------------------------------------------------------------------------------


def _clock_tick(word: Word, scope: Scope) -> Compiled:
    tick_ns, started_ns = scope.facts.tick_ns, scope.facts.started_ns
    return Slot(lambda call: (tick_ns() - started_ns) // 1_000_000, format=b"%d")


def _timestamp(word: Word, scope: Scope) -> Compiled:
    clock = scope.facts.wall_clock

    def render(call: CallState) -> bytes:
        microseconds = int(clock() * 1_000_000)
        seconds, fraction = divmod(microseconds, 1_000_000)
        local = time.strftime("%Y-%m-%d\t%H:%M:%S", time.localtime(seconds))
        return f"{local}.{fraction:06d}\t{seconds}.{fraction:06d}".encode("ascii")

    return Slot(render)


_DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")


def _date(word: Word, scope: Scope) -> Compiled:
    clock = scope.facts.wall_clock

    def render(call: CallState) -> bytes:
        year, month, day, hour, minute, second, weekday, *_ = time.gmtime(clock())
        return b"%b, %02d %b %d %02d:%02d:%02d GMT" % (_DAYS[weekday], day, _MONTHS[month - 1], year, hour, minute, second)

    return Slot(render)


# --- data files --------------------------------------------------------------------------------------------------------


def _field(word: Word, scope: Scope) -> Compiled:
    files = scope.facts.data_files
    if not files:
        raise Misuse(f"[{word.source}] needs a data file", "name one with -inf FILE")
    name = _constant(word, "file") if "file" in word.arguments else next(iter(files))
    if name not in files:
        raise Misuse(
            f"[{word.source}]: no data file '{name}' was given", nearest(name, files) or f"there is {', '.join(files)}"
        )
    file, number = files[name], int(word.rest)
    for line, fields in zip(file.numbers, file.lines, strict=True):
        if number >= len(fields):
            raise Misuse(
                f"{file.path}:{line} has {len(fields)} fields, [{word.source}] needs {number + 1}", "fields count from 0"
            )
    values = [_field_value(fields[number], scope) for fields in file.lines]
    if "line" in word.arguments:
        return Slot(_value_at_line(word.arguments["line"], values, file.line_of_call, scope), drops_line=True)
    line_of_call = file.line_of_call
    return Slot(lambda call: values[line_of_call(call.number)](call), drops_line=True)


def _field_value(text: bytes, scope: Scope) -> Callable[[CallState], bytes]:
    """A field's text, with the keywords that it holds."""
    if b"[" not in text:
        return lambda call: text
    own = [name for name, _ in scope.facts.keywords]
    parsed = TemplateParser(classifier(own), Problems(""), tolerant=True).parse(text.decode("latin-1"), 0)
    if any(word.name.startswith("field") for word in parsed.words):
        return lambda call: text
    return assemble(compile_parts(parsed, scope, Problems("")))


def _value_at_line(
    argument: Parsed, values: list[Callable[[CallState], bytes]], line_of_call: Callable[[int], int], scope: Scope
) -> Callable[[CallState], bytes]:
    """The field in a line that is told by number, from 0; a negative number is the call's own line."""
    number_of = assemble(compile_parts(argument, scope, Problems("")))

    def render(call: CallState) -> bytes:
        found = re.match(rb"\s*([+-]?\d{0,9})", number_of(call))
        number = int(found[1]) if found and found[1].strip(b"+-") else 0
        if number < 0:
            number = line_of_call(call.number)
        return values[number](call) if number < len(values) else b""

    return render


# --- the table ---------------------------------------------------------------------------------------------------------

KEYWORDS: dict[str, Keyword] = {
    "service": _fact(lambda facts: facts.service),
    "remote_host": _fact(lambda facts: facts.remote_host),
    "remote_ip": Keyword(lambda word, scope: bracketed(scope.facts.remote_ip)),
    "remote_port": _number_fact(lambda facts: facts.remote_port),
    "transport": _fact(lambda facts: facts.transport),
    "local_ip": Keyword(lambda word, scope: bracketed(scope.facts.local_ip)),
    "local_ip_type": Keyword(lambda word, scope: _ip_type(scope.facts.local_ip)),
    "local_port": Keyword(_local_port),
    "server_ip": _fact(lambda facts: facts.local_ip),
    "media_ip": _fact(_media_ip),
    "media_ip_type": Keyword(lambda word, scope: _ip_type(_media_ip(scope.facts))),
    "media_port": Keyword(_media_port),
    "auto_media_port": Keyword(_auto_media_port),
    "pid": _number_fact(lambda facts: facts.pid),
    "users": _fact(lambda facts: -1 if facts.users is None else facts.users),
    "sipp_version": Keyword(lambda word, scope: SIPP_VERSION),
    "file": Keyword(_file),
    "len": Keyword(lambda word, scope: Length(word.offset)),
    "call_number": Keyword(_call_number),
    "call_id": _attribute("call_id"),
    "cseq": Keyword(_cseq),
    "branch": Keyword(_branch),
    "msg_index": Keyword(_msg_index),
    "userid": Keyword(lambda word, scope: _number("user", 0)),
    "peer_tag_param": _attribute("peer_tag"),
    "routes": Keyword(_routes),
    "next_url": _attribute("next_url"),
    "fill": Keyword(_fill),
    "tdmmap": Keyword(_tdm_map, needs_run=True),
    "dynamic_id": Keyword(_dynamic_id),
    "last_": Keyword(last_header),
    "last_message": Keyword(last_message),
    "last_cseq_number": Keyword(last_cseq_number),
    "last_Request_URI": Keyword(last_request_uri),
    "clock_tick": Keyword(_clock_tick),
    "timestamp": Keyword(_timestamp),
    "date": Keyword(_date),
    "$": Keyword(_variable),
    "field": Keyword(_field, needs_run=True),
}

LATER = frozenset({"authentication", "rtpstream_audio_port", "rtpstream_video_port"})

_PREFIXES = frozenset({"field", "$", "last_"})
"""Entries whose name goes on in the text."""
_FIELD = re.compile(r"field\d+")


def classifier(own: Collection[str]) -> Callable[[str, int, Problems], str | None]:
    """How a `TemplateParser` tells keywords in a run that has these of its own (-key)."""

    def classify(full: str, line: int, problems: Problems) -> str | None:
        name = base_name(full)
        return name if name in own and name not in KEYWORDS else _classify(full, name, line, problems)

    return classify


def _classify(full: str, name: str, line: int, problems: Problems) -> str | None:
    """The name in the table of what stands in brackets; None, and an error, when it is none."""
    if name in KEYWORDS and name not in _PREFIXES:
        return name
    if full.startswith("$") and len(name) > 1:
        return "$"
    if full.startswith("last_") and len(full) > 5:
        return "last_"
    if _FIELD.fullmatch(name):
        return "field"
    if name in LATER:
        problems.error(line, f"keyword [{name}] is not built yet", LATER_HINT)
    elif name == "field":
        problems.error(line, "keyword [field] needs a number", "[field0] is the first field")
    else:
        hint = nearest(name, [*(KEYWORDS.keys() - _PREFIXES), *LATER], "[{}]")
        problems.error(
            line, f"unknown keyword [{full}]", hint or rf"write \x5b for a plain [, or give it a value with -key {name} VALUE"
        )
    return None


def compile_parts(parsed: Parsed, scope: Scope, problems: Problems, *, checking: bool = False) -> list[Part]:
    """What each part of a text is; words that are misused go to `problems`. `checking`: there is no run yet."""
    parts: list[Part] = []
    for part in parsed.parts:
        if not isinstance(part, Word):
            parts.append(part)
            continue
        try:
            compiled = _compile_word(part, scope, checking=checking)
        except Misuse as misuse:
            problems.error(part.line, misuse.message, misuse.hint)
            continue
        parts.extend(compiled if isinstance(compiled, tuple) else (compiled,))
    return parts


def _compile_word(word: Word, scope: Scope, *, checking: bool) -> Compiled:
    entry = KEYWORDS.get(word.name)
    if entry is None:
        return next((value for name, value in scope.facts.keywords if name == word.name), "").encode("latin-1", "replace")
    return b"" if checking and entry.needs_run else entry.compile(word, scope)
