# SPDX-License-Identifier: AGPL-3.0-or-later
"""Short scenarios, and what is found in them."""

from __future__ import annotations

from engine.messages import Problem, ProblemCode
from engine.scenario.describe import describe
from tests.engine.scenario.helpers import scenario_bytes


def request(method: str, attributes: str = "") -> str:
    """A <send> of a request, in one line but for its message: five lines."""
    return f"<send {attributes}><![CDATA[\n{method} sip:x SIP/2.0\nCall-ID: [call_id]\nContent-Length: 0\n\n]]></send>\n"


INVITE, ACK, BYE, OPTIONS = request("INVITE"), request("ACK"), request("BYE"), request("OPTIONS")


def diagnosed(body: str) -> list[Problem]:
    """All problems of a body."""
    return list(describe("s.xml", scenario_bytes(body), diagnosed=True).problems)


def found(body: str, code: ProblemCode) -> list[tuple[int, int]]:
    """Line and column of each warning of one kind. There must be no error, and no other warning."""
    problems = diagnosed(body)
    assert [str(problem) for problem in problems if not problem.warning or problem.code is not code] == []
    return [(problem.line, problem.column) for problem in problems]


def place(body: str, marked: str) -> tuple[int, int]:
    """Line and column of the first place in a scenario with this body where a text stands."""
    data = scenario_bytes(body)
    at = data.index(marked.encode())
    return data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at)
