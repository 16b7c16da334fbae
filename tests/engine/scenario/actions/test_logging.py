# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions that tell a person something."""

from __future__ import annotations

import pytest

from engine.scenario.program import RunAborted
from tests.engine.scenario.actions.running import problems_of_action, run
from tests.engine.scenario.helpers import Call


def test_log() -> None:
    call = Call(number=9)
    run(r'<log message="call [call_number]\nline é"/>'.encode().decode("latin-1"), call=call)
    assert call.logs == ["call 9\nline é"]


def test_warning() -> None:
    _, call = run(r'<warning message="call [call_number]\nof [$v]"/>', "v", start={"v": b"x"})
    assert (call.warnings, call.logs, call.failures) == (["call 7\nof x"], [], [])


def test_error_ends_the_run_with_its_text() -> None:
    with pytest.raises(RunAborted, match=r"^call 7 has no x$"):
        run('<error message="call [call_number] has no [$v]"/>', "v", start={"v": b"x"})


def test_what_a_peer_sent_cannot_harm_a_terminal() -> None:
    _, call = run('<warning message="[$v]"/>', "v", start={"v": b"a\x1b[2J\r\nb\xc2\x9bc" + b"x" * 100_000})
    assert call.warnings[0].startswith("a?[2J\nb?c")
    assert len(call.warnings[0]) == 10_000
    with pytest.raises(RunAborted, match=r"^a\?\[2J b\?c$"):
        run('<error message="[$v]"/>', "v", start={"v": b"a\x1b[2J\r\nb\xc2\x9bc"})


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("<log/>", "log needs message="),
        ("<warning/>", "warning needs message="),
        ("<error/>", "error needs message="),
        ('<warning message="[nosuch]"/>', "unknown keyword [nosuch]"),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of_action(action)
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)
