# SPDX-License-Identifier: AGPL-3.0-or-later
"""A scenario as an interface sees it: enough to draw its ladder, nothing to run it with."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """Which side of a call a scenario plays."""

    UAC = "uac"
    UAS = "uas"


class StepKind(StrEnum):
    """SIPp's commands, as far as they are built. A label is no step: it names the step that follows it."""

    SEND = "send"
    RECV = "recv"
    PAUSE = "pause"
    TIMEWAIT = "timewait"
    NOP = "nop"


class StepDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One step. Its position in `ScenarioDescription.steps` is SIPp's message index.

    `label` is what stands on the ladder's arrow: `INVITE`, `200`, `pause 3000 ms`. `retransmits` is T1 in ms or None.
    `starts` and `stops` name response-time timers. `notes` are short remarks for the margin (`lost 10 %`, `next: 2`).
    `line` and `end_line` are the lines of the step in the scenario's text, from 1. `hidden` and `display` are SIPp's
    attributes of those names; `blank_after` is its `crlf`.
    """

    kind: StepKind
    label: str
    line: int
    end_line: int
    optional: bool = False
    retransmits_ms: int | None = None
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    message: str = ""
    hidden: bool = False
    display: str = ""
    blank_after: bool = False


class ProblemCode(StrEnum):
    """What kind of problem it is, for programs: these words stay the same. `docs/check.md` says what each means."""

    UNREADABLE = "unreadable"
    MALFORMED = "malformed"
    UNKNOWN_ELEMENT = "unknown-element"
    UNKNOWN_ATTRIBUTE = "unknown-attribute"
    UNKNOWN_ACTION = "unknown-action"
    UNKNOWN_KEYWORD = "unknown-keyword"
    NOT_BUILT = "not-built"
    MISSING_LABEL = "missing-label"
    SINGLE_VARIABLE = "single-variable"
    TOO_MANY = "too-many"
    INVALID = "invalid"
    DOUBTFUL = "doubtful"
    UNUSED_LABEL = "unused-label"
    UNREACHABLE_STEP = "unreachable-step"
    UNSET_VARIABLE = "unset-variable"
    MISSING_LENGTH = "missing-length"
    WRONG_LENGTH = "wrong-length"
    UNACKNOWLEDGED_INVITE = "unacknowledged-invite"
    RECV_NEVER_MATCHES = "recv-never-matches"
    RESPONSE_BEFORE_REQUEST = "response-before-request"
    JUMP_IN_RECV = "jump-in-recv"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong or doubtful in a scenario; `warning` does not keep it from running.

    Lines and columns count from 1, columns in bytes. Line 0 means the whole file, column 0 that it is not known.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    warning: bool = False
    code: ProblemCode = ProblemCode.INVALID

    def __str__(self) -> str:
        return self._told_at(f"{self.file}:{self.line}" if self.line else self.file)

    def with_column(self) -> str:
        """The same with the column behind the line, as compilers write it and editors read it."""
        return self._told_at(f"{self.file}:{self.line}:{self.column}") if self.column else str(self)

    def _told_at(self, place: str) -> str:
        return f"{place}: {'warning: ' if self.warning else ''}{self.message}" + (f" — {self.hint}" if self.hint else "")


class ScenarioDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario for people. `source` is `uac` for a built-in one, else the path; `xml` is its text.

    With problems that are no warnings, `steps` has what could be understood and `runnable` is false. `data_fields` is
    the number of fields that it reads from data files (0: it needs none).
    """

    source: str
    title: str
    role: Role
    runnable: bool
    steps: tuple[StepDescription, ...]
    timers: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    global_variables: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    data_fields: int = 0
    problems: tuple[Problem, ...] = ()
    xml: str = ""
