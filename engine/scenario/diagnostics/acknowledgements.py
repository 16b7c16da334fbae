# SPDX-License-Identifier: AGPL-3.0-or-later
"""An INVITE whose 2xx is never acknowledged (RFC 3261 section 13.2.2.4): the peer repeats its answer until it gives up.

Reported where it is sure: the 2xx answers the INVITE, since that is the request sent last on every way there, and on no way
from there an ACK is sent, not even a late one before the next INVITE. Named transactions are looked after by `transactions`.
"""

from __future__ import annotations

from engine.messages import ProblemCode
from engine.scenario.diagnostics.subject import Subject
from engine.scenario.model import Recv, Send, Step
from engine.scenario.problems import Problems

_NOTHING, _INVITE, _OTHER = 1, 2, 4
"""What the request sent last can be, as bits."""


def unacknowledged(subject: Subject, problems: Problems) -> None:
    """Report each `recv` of a 2xx to an INVITE that no ACK follows."""
    steps, paths = subject.steps, subject.paths
    invites = frozenset(index for index, step in enumerate(steps) if _request(step) == "INVITE")
    if not invites:
        return
    acks = [index for index, step in enumerate(steps) if isinstance(step, Send) and step.method == "ACK"]
    leads_to_ack = paths.reaching(acks, stops=invites)
    last = _last_requests(subject)
    for index, step in enumerate(steps):
        if not isinstance(step, Recv) or step.transaction is not None or last[index] != _INVITE:
            continue
        awaited = next((status for status in step.statuses if 200 <= status < 300), 0)
        if awaited and not any(leads_to_ack[each] and each not in invites for each in paths.behind(index)):
            what = f"no ACK follows this {awaited} to an INVITE, so the peer repeats it"
            problems.warn(step.line, what, "send an ACK behind it", ProblemCode.UNACKNOWLEDGED_INVITE)


def _request(step: Step) -> str:
    """The method of a request that a step sends and that is answered."""
    return step.method if isinstance(step, Send) and step.method != "ACK" else ""


def _last_requests(subject: Subject) -> list[int]:
    """For each node what the request sent last can be when a call comes there. Each changes three times at most."""
    steps, successors = subject.steps, subject.paths.successors
    found = [0] * len(successors)
    waiting = [(0, _NOTHING)]
    while waiting:
        node, before = waiting.pop()
        if before | found[node] == found[node]:
            continue
        found[node] |= before
        method = _request(steps[node]) if node < len(steps) else ""
        after = found[node] if not method else _INVITE if method == "INVITE" else _OTHER
        waiting += [(each, after) for each in successors[node]]
    return found
