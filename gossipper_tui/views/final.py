# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text that a run leaves behind on a terminal or in a log: its flow, its times, its media, its failures, its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.messages import FollowedCall, Outcome, Role, RunStarted, Snapshot, Summary
from gossipper_tui.views import failures, flow, followed, media, queues, response_times
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import clock, rate
from gossipper_tui.views.spans import Line, plain
from gossipper_tui.views.status import run_title, security_text, verdict_text

OUTCOME_MARKS = {
    Outcome.PASSED: "✔",
    Outcome.FAILED: "✘",
    Outcome.CHECK_FAILED: "✘",
    Outcome.STOPPED: "■",
    Outcome.NO_CALLS: "■",
    Outcome.ERROR: "✘",
}
"""A mark beside the word that says how a run ended."""


def final_screen(
    started: RunStarted,
    snapshot: Snapshot | None,
    summary: Summary,
    width: int,
    followed_calls: Sequence[FollowedCall] = (),
    followed_in_all: int = 0,
) -> str:
    """Everything worth keeping, in lines of at most `width` columns; the last line is the verdict.

    `followed_calls` are the first of those that were followed.
    """
    history = RunHistory(started, snapshot=snapshot, summary=summary)
    blocks = [[_rule(f"{run_title(started)}  {clock(int(summary.elapsed_s * 1e9))}", width)]]
    if snapshot is not None:
        blocks.append(_texts(flow.flow(history, width)))
        blocks.append(_texts(flow.totals(snapshot, width)))
        blocks.append(_texts(response_times.tables(history, width)))
        if history.has_media:
            blocks.append(_texts(media.table(history, width)))
        if snapshot.counters.failed:
            blocks.append(_texts(failures.table(history, width)))
    if followed_calls:
        blocks.append(_texts(followed.several(followed_calls, followed_in_all, width)))
    blocks.append(outcome_lines(summary))
    return "\n\n".join("\n".join(block) for block in blocks)


def outcome_lines(summary: Summary) -> list[str]:
    """How the run ended, in words and as an exit code, what TLS gave it, what was written beside it, and whether its numbers
    can be believed."""
    target = f" of {rate(summary.target_rate)}" if summary.target_rate and summary.role == Role.UAC else ""
    speed = f"{rate(summary.call_rate)}{target} calls/s"
    outcome = f"{OUTCOME_MARKS[summary.outcome]} {summary.outcome.value} · {speed} · exit code {summary.exit_code}"
    error = [f"✘ {summary.error}"] if summary.error else []
    security = [security_text(summary.tls)] if summary.tls is not None else []
    return [outcome, *error, *security, *queues.texts(summary.queues), verdict_text(summary.verdict)]


def _rule(title: str, width: int) -> str:
    return f"── {title} ".ljust(width, "─")[:width]


def _texts(lines: Iterable[Line]) -> list[str]:
    return [plain(line).rstrip() for line in lines]
