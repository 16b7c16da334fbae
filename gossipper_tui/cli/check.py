# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper check FILE…`: every problem of every scenario file, a line each, or as JSON for editors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import trio

from engine import open_engine
from engine.errors import OptionError
from engine.messages import CheckScenario, Problem, ProblemCode

STANDARD_INPUT = "-"
_STANDARD_INPUT_FILE = "/dev/stdin"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as `--json` prints it; `docs/check.md` tells its fields and codes."""

    file: str
    line: int
    column: int
    severity: str
    code: ProblemCode
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed."""

    files: Sequence[str]
    keywords: tuple[str, ...]
    as_json: bool


def main(argv: Sequence[str]) -> int:
    """Print the problems; 1 when one of them keeps a scenario from running, else 0. Raises GossipperError."""
    asked = _parse(argv)
    found = trio.run(_check, asked)
    if asked.as_json:
        print(_json([problem for _, problems in found for problem in problems]))
    else:
        for file, problems in found:
            print("\n".join(problem.with_column() for problem in problems) if problems else f"{file}: sound")
    return int(any(not problem.warning for _, problems in found for problem in problems))


def _parse(argv: Sequence[str]) -> _Asked:
    files: list[str] = []
    keywords: list[str] = []
    as_json = False
    words = iter(argv)
    for word in words:
        if word == "--json":
            as_json = True
        elif word == "-key":
            name, value = next(words, None), next(words, None)
            if name is None or value is None:
                raise OptionError(word, "", "it takes a name and a value: -key NAME VALUE")
            keywords.append(name)
        elif word.startswith("-") and word != STANDARD_INPUT:
            raise OptionError(word, "", "check takes files, -key NAME VALUE and --json")
        else:
            files.append(word)
    if not files:
        raise OptionError("check", "", "which file? gossipper check FILE…")
    if files.count(STANDARD_INPUT) > 1:
        raise OptionError(STANDARD_INPUT, "", "standard input can be read only once")
    return _Asked(files, tuple(keywords), as_json)


async def _check(asked: _Asked) -> list[tuple[str, tuple[Problem, ...]]]:
    found: list[tuple[str, tuple[Problem, ...]]] = []
    async with open_engine() as bus:
        for file in asked.files:
            source = _STANDARD_INPUT_FILE if file == STANDARD_INPUT else file
            problems = await bus.call(CheckScenario(source=source, keywords=asked.keywords))
            found.append((file, tuple(msgspec.structs.replace(problem, file=file) for problem in problems)))
    return found


def _json(problems: Sequence[Problem]) -> str:
    """One document, indented for whoever reads it himself."""
    found = [
        Found(
            file=each.file,
            line=each.line,
            column=each.column,
            severity="warning" if each.warning else "error",
            code=each.code,
            message=each.message,
            hint=each.hint,
        )
        for each in problems
    ]
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
