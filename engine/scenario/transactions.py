# SPDX-License-Identifier: AGPL-3.0-or-later
"""The transactions that a scenario names: `start_txn`, `response_txn`, `ack_txn`.

A response to a named transaction is known by the branch of its top Via (RFC 3261 section 17.1.3), not by the method in its
CSeq. What SIPp asks of their use is checked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.scenario.model import Recv, Send, Step
from engine.scenario.problems import Problems


@dataclass(slots=True)
class _Use:
    """Where a transaction is started, answered and acknowledged: lines."""

    line: int
    started: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    of_invite: bool = False


def check_transactions(steps: Sequence[Step], problems: Problems) -> tuple[str, ...]:
    """The names of all transactions, in the order of the file; what is wrong with their use goes to `problems`."""
    uses: dict[str, _Use] = {}
    for step in steps:
        if isinstance(step, Send):
            _note_send(step, uses, problems)
        elif isinstance(step, Recv) and step.transaction is not None:
            if not step.statuses:
                problems.error(step.line, "response_txn is for a response", "a request begins a transaction of its own")
            uses.setdefault(step.transaction, _Use(step.line)).answered.append(step.line)
    for name, use in uses.items():
        _check(name, use, problems)
    return tuple(uses)


def _note_send(step: Send, uses: dict[str, _Use], problems: Problems) -> None:
    if step.starts_transaction is not None:
        use = uses.setdefault(step.starts_transaction, _Use(step.line))
        use.started.append(step.line)
        use.of_invite = use.of_invite or step.method == "INVITE"
        if not step.method or step.method == "ACK":
            what = "an ACK" if step.method else "a response"
            problems.error(step.line, f"{what} cannot start a transaction", "start_txn is for requests that are answered")
    if step.acknowledges is not None:
        uses.setdefault(step.acknowledges, _Use(step.line)).acknowledged.append(step.line)
        if step.method != "ACK":
            problems.error(step.line, "ack_txn is for an ACK", "leave it out here")


def _check(name: str, use: _Use, problems: Problems) -> None:
    if not use.started:
        problems.error(use.line, f"transaction '{name}' is never started", f'start it with <send start_txn="{name}">')
    elif not use.answered:
        hint = f'name it where the answer is received: response_txn="{name}"'
        problems.error(use.line, f"transaction '{name}' has no response", hint)
    elif use.of_invite and not use.acknowledged:
        hint = f'name it in the ACK: ack_txn="{name}"'
        problems.error(use.line, f"transaction '{name}' is that of an INVITE and has no ACK", hint)
    elif use.acknowledged and not use.of_invite:
        problems.error(
            use.acknowledged[0], f"transaction '{name}' is not that of an INVITE and needs no ACK", "leave ack_txn out"
        )
