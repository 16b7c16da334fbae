# SPDX-License-Identifier: AGPL-3.0-or-later
"""What spans the elements of a scenario: labels, runs of optionals, timers, variables, and the role.

Takes what was read and makes the `Scenario` of it; everything wrong goes to the problems of the reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from engine.messages import ProblemCode, Role
from engine.scenario.attributes import COMMANDS_LATER, COMMON, OF_ELEMENT
from engine.scenario.digits import DigitPattern
from engine.scenario.media_uses import step_uses_media
from engine.scenario.model import (
    PAUSE_VARIABLE,
    RETURN_VARIABLE,
    UNEXPECTED_LABEL,
    Digits,
    Nop,
    Pause,
    Recv,
    Scenario,
    Send,
    Step,
)
from engine.scenario.pauses import read_length, without_meaning
from engine.scenario.posix_regex import compile_posix
from engine.scenario.problems import Misuse, Problems, nearest
from engine.scenario.reading import Draft, Reading, Section
from engine.scenario.template import Parsed, Text
from engine.scenario.transactions import check_transactions

_MOST_STEPS = 10_000
_MOST_OPTIONAL = 2000
"""What one recv may take is looked for among all that are optional."""
_REQUEST = re.compile(r"([^\s\[\]]+)[ ]")
_RESPONSE = re.compile(r"SIP/2\.0 (\d{3})(?!\d)")


def check_steps(reading: Reading) -> Scenario:
    """The scenario that was read, as far as it can be understood."""
    problems, drafts = reading.problems, reading.main.drafts
    labels = _labels(reading.main, problems)
    steps = tuple(_step(draft, labels, problems) for draft in drafts)
    labels_of_init = _labels(reading.init, problems)
    init = tuple(_step(draft, labels_of_init, problems) for draft in reading.init.drafts)
    for step in filter(step_uses_media, init):
        problems.error(step.line, "there are no media in <init>", "there is no call yet whose they could be")
    every_draft = [*reading.init.drafts, *drafts]
    if not problems.errors and not steps:
        problems.error(0, "the scenario has no steps")
    _check_size(every_draft, problems)
    role = _role(drafts, problems)
    _check_runs(drafts, problems)
    _check_timewait(drafts, problems)
    _check_challenges(drafts, problems)
    timers = _timers(every_draft, problems)
    for name, message in reading.default_messages.items():
        if name != "3pcc_abort":
            _start_line(message, problems)
    transactions = check_transactions(steps, problems)
    if UNEXPECTED_LABEL in labels:
        for name in (RETURN_VARIABLE, PAUSE_VARIABLE):
            reading.uses.use_where_named(name)
    reading.uses.check(problems)
    return Scenario(
        file=problems.file,
        title=reading.title,
        role=role,
        steps=steps,
        init=init,
        variables=reading.uses.names,
        default_messages=reading.default_messages,
        global_variables=reading.uses.global_names,
        user_variables=reading.uses.user_names,
        timers=timers,
        counters=tuple(dict.fromkeys(draft.values["counter"] for draft in every_draft if "counter" in draft.values)),
        transactions=transactions,
        unexpected=labels.get(UNEXPECTED_LABEL),
        response_bounds_ms=reading.response_bounds_ms,
        call_length_bounds_ms=reading.call_length_bounds_ms,
        warnings=problems.warnings,
    )


def _check_size(drafts: Sequence[Draft], problems: Problems) -> None:
    """Refuse what no test is as large as, and what memory and time would be lost on."""
    optional = sum(draft.values.get("optional", "false") != "false" for draft in drafts)
    for count, most, what in ((len(drafts), _MOST_STEPS, "steps"), (optional, _MOST_OPTIONAL, "optional <recv>")):
        if count > most:
            problems.error(0, f"the scenario has {count} {what}", f"it can have {most}")


def _labels(section: Section, problems: Problems) -> dict[str, int]:
    labels: dict[str, int] = {}
    for name, index, line in section.labels:
        if name in labels:
            problems.error(line, f"label '{name}' stands here a second time", "give it another id")
        labels.setdefault(name, index)
    return labels


def _step(draft: Draft, labels: dict[str, int], problems: Problems) -> Step:
    values = draft.values
    common: dict[str, Any] = {
        "line": draft.line,
        "end_line": draft.element.end_line,
        "next": _target(draft, "next", labels, problems),
        "test": values.get("test") if "next" in values else None,
        "chance": values.get("chance", 1.0),
        "condition": values.get("condexec"),
        "condition_inverse": values.get("condexec_inverse", False),
        "starts": values.get("start_rtd", ()),
        "stops": values.get("rtd", ()),
        "repeat_rtd": values.get("repeat_rtd", False),
        "counter": values.get("counter"),
        "hidden": values.get("hide", False),
        "display": values.get("display", ""),
        "blank_after": values.get("crlf", False),
        "actions": draft.actions,
        "lost": values.get("lost"),
        "timeout_ms": values.get("timeout"),
        "on_timeout": _target(draft, "ontimeout", labels, problems),
    }
    if draft.kind == "send":
        return _send(draft, common, problems)
    if draft.kind == "recv":
        return _digits(draft, common, problems) if "dtmf" in draft.values else _recv(draft, common, problems)
    if draft.kind in ("nop", *COMMANDS_LATER):
        return Nop(**common)
    return _pause(draft, common, problems)


def _target(draft: Draft, attribute: str, labels: dict[str, int], problems: Problems) -> int | None:
    name = draft.values.get(attribute)
    if name is None:
        return None
    if name not in labels:
        what, hint = f'{attribute}="{name}": there is no such label', nearest(name, labels) or "add a <label>"
        problems.error(draft.place_of(attribute), what, hint, ProblemCode.MISSING_LABEL)
    return labels.get(name)


def _start_line(message: Parsed, problems: Problems) -> tuple[str, int]:
    """The method of a request, or the status of a response; an error when it begins as neither."""
    first = message.parts[0] if message.parts else None
    start = first.data.decode("latin-1") if isinstance(first, Text) else ""
    response, request = _RESPONSE.match(start), _REQUEST.match(start)
    if not response and (not request or request[1].startswith("SIP/")):
        problems.error(
            message.line,
            "the message begins neither with a method nor with SIP/2.0 and a status code",
            "a keyword cannot stand for the method",
        )
    return (request[1] if request and not response else "", int(response[1]) if response else 0)


def _send(draft: Draft, common: dict[str, Any], problems: Problems) -> Send:
    method, status = _start_line(draft.message, problems) if draft.text else ("", 0)
    return Send(
        message=draft.message,
        text=draft.text,
        method=method,
        status=status,
        retransmit_ms=max(draft.values.get("retrans", 0), 0),
        starts_transaction=draft.values.get("start_txn"),
        acknowledges=draft.values.get("ack_txn"),
        **common,
    )


def _recv(draft: Draft, common: dict[str, Any], problems: Problems) -> Recv:
    values = draft.values
    wanted = {"response", "request"} & values.keys()
    if len(wanted) == 2:
        problems.error(draft.line, "<recv> has both response and request", "keep the one that is waited for")
    elif not wanted and not {"response", "request"} & draft.element.attributes.keys():
        problems.error(draft.line, "<recv> has neither response nor request", 'say what is waited for: response="200"')
    optional = values.get("optional", "false")
    if not values.get("advance_state", True) and optional == "false":
        problems.error(
            draft.place_of("advance_state"), "advance_state is for an optional <recv>", "a mandatory one always leads on"
        )
    if values.get("regexp_match") and "request" in values:
        _check_expression(draft, problems)
    return Recv(
        method=values.get("request", ""),
        statuses=_statuses(draft, problems),
        is_expression=values.get("regexp_match", False) and "request" in values,
        transaction=values.get("response_txn"),
        ignores_sdp=values.get("ignoresdp", False),
        advances=values.get("advance_state", True),
        optional=optional != "false",
        is_global=optional == "global",
        record_routes=values.get("rrs", False),
        authenticates=values.get("auth", False),
        **common,
    )


_OF_MESSAGES = frozenset(OF_ELEMENT["recv"].keys() - COMMON.keys() - {"dtmf", "timeout", "ontimeout"}) | {"lost"}
"""Attributes of a <recv> that mean nothing where no message is waited for."""


def _digits(draft: Draft, common: dict[str, Any], problems: Problems) -> Digits:
    for name in sorted(_OF_MESSAGES & draft.element.attributes.keys()):
        problems.error(draft.place_of(name), f"<recv> has both dtmf and {name}", "a <recv> of digits takes no message")
    pattern = draft.values["dtmf"]
    if not pattern:
        problems.error(draft.place_of("dtmf"), "dtmf= is empty", 'say which digits are waited for: dtmf="[0-9]{4}#"')
    try:
        DigitPattern(pattern)
    except Misuse as misuse:
        problems.error(draft.place_of("dtmf"), misuse.message, misuse.hint)
    return Digits(pattern=pattern, **common)


def _statuses(draft: Draft, problems: Problems) -> tuple[int, ...]:
    """The status codes that a <recv> waits for; with `regexp_match` all that its expression matches."""
    given: tuple[int, ...] | str = draft.values.get("response", ())
    if not isinstance(given, str):
        return given
    at = draft.place_of("response")
    if not draft.values.get("regexp_match"):
        problems.error(
            at, f'response="{given}" is no status code', "a number from 100 to 699; an expression needs regexp_match"
        )
        return ()
    try:
        expression = compile_posix(given)
    except Misuse as misuse:
        problems.error(at, misuse.message, misuse.hint)
        return ()
    found = tuple(code for code in range(100, 700) if expression.search(b"%d" % code))
    if not found:
        problems.error(at, f'response="{given}" matches no status code', "they are from 100 to 699")
    return found


def _check_expression(draft: Draft, problems: Problems) -> None:
    try:
        compile_posix(draft.values["request"])
    except Misuse as misuse:
        problems.error(draft.place_of("request"), misuse.message, misuse.hint)


def _pause(draft: Draft, common: dict[str, Any], problems: Problems) -> Pause:
    length: dict[str, Any] = {}
    try:
        length = read_length(draft.values)
    except Misuse as misuse:
        problems.error(draft.line, misuse.message, misuse.hint)
    else:
        for name in without_meaning(draft.values):
            problems.warn(
                draft.place_of(name), f"{name}= means nothing in this <{draft.kind}>; it is ignored", "name the distribution="
            )
    return Pause(timewait=draft.kind == "timewait", **length, **common)


def _role(drafts: list[Draft], problems: Problems) -> Role:
    first = next((draft.kind for draft in drafts if draft.kind in ("send", "recv", *COMMANDS_LATER)), None)
    if first is None and drafts:
        problems.error(0, "the scenario sends and receives nothing", "it needs a <send> or a <recv>")
    return Role.UAS if first == "recv" else Role.UAC


def _check_runs(drafts: list[Draft], problems: Problems) -> None:
    """A run of optional recvs ends with a mandatory one, or with the scenario."""
    pending: Draft | None = None
    for draft in drafts:
        if draft.kind == "recv" and "dtmf" not in draft.values:
            pending = draft if draft.values.get("optional", "false") != "false" else None
        elif pending is not None:
            what = f"an optional <recv> stands before <{draft.kind}> in line {draft.line} with no mandatory one between"
            problems.error(pending.line, what, "make the last <recv> of a run mandatory")
            pending = None


def _check_timewait(drafts: list[Draft], problems: Problems) -> None:
    for draft in drafts[:-1]:
        if draft.kind == "timewait":
            problems.error(draft.line, "<timewait> stands before other steps", "it can only be the last; elsewhere use <pause>")


def _check_challenges(drafts: list[Draft], problems: Problems) -> None:
    """Without a challenge there is nothing to answer; SIPp finds that out in the run."""
    if any(draft.values.get("auth") for draft in drafts):
        return
    for word in (word for draft in drafts for word in draft.message.words if word.name == "authentication"):
        hint = 'add auth="true" to the <recv> of the 401 or 407'
        problems.warn(word.line, "[authentication] answers a challenge, but no <recv> keeps one", hint)


def _timers(drafts: list[Draft], problems: Problems) -> tuple[str, ...]:
    started: dict[str, int] = {}
    stopped: dict[str, int] = {}
    for draft in drafts:
        for name in draft.values.get("start_rtd", ()):
            started.setdefault(name, draft.place_of("start_rtd"))
        for name in draft.values.get("rtd", ()):
            stopped.setdefault(name, draft.place_of("rtd"))
        if "repeat_rtd" in draft.values and not draft.values.get("rtd"):
            problems.error(
                draft.place_of("repeat_rtd"), "repeat_rtd without rtd", "name the timer that is taken here with rtd="
            )
    for name, line in started.items():
        if name not in stopped:
            problems.error(line, f"timer '{name}' is started here and never stopped", f'stop it with rtd="{name}"')
    return tuple(dict.fromkeys([*started, *stopped]))
