# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs actions on a message, and shows what became of the variables and the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.scenario.variables import Value
from tests.engine.scenario.helpers import OPTIONS, Call, message, problems_of, program_of

RECEIVED = message(
    "SIP/2.0 200 OK and fine",
    "CSeq: 7 OPTIONS",
    "X-A: one two",
    "X-B:   sp  \t",
    "x-a: three",
    "X-E:",
    "X-A: four\r\n five",
    body="v=0\r\ns=abcd x\r\n",
)


def run(
    actions: str, *names: str, call: Call | None = None, start: Mapping[str, Value] | None = None, **facts: Any
) -> tuple[dict[str, Value], Call]:
    """Run actions on `RECEIVED`, variables having the values of `start`; the values of all variables by name."""
    program = program_of(
        OPTIONS + f'<recv response="200"><action>{actions}</action></recv><Reference variables="{",".join(names)}"/>', **facts
    )
    call = call or Call(message=RECEIVED.data)
    call.variables = [(start or {}).get(name) for name in program.variables]
    for action in program.steps[1].actions:
        action(call)
        if call.failures:
            break
    return dict(zip(program.variables, call.variables, strict=True)), call


def problems_of_action(action: str) -> list[str]:
    """What is wrong with an action, which stands in line 9."""
    return problems_of(f"{OPTIONS}<nop><action>\n{action}</action></nop>")
