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


def test_a_log_tells_a_level_a_name_and_attributes_of_its_own_beside_its_text() -> None:
    own = r'attr.cause="[$v] é" attr.to.host="a\nb" attr.empty=""'
    action = f'<log message="call [call_number]" level="warn" name="routing" {own}/>'
    _, call = run(action.encode().decode("latin-1"), "v", start={"v": b"x" * 20_000})
    assert call.logs == ["call 7"]
    [(level, name, attributes)] = call.logged_beside
    assert (level, name, dict(attributes)) == (
        "warn",
        "routing",
        {"cause": "x" * 10_000, "to.host": "a\nb", "empty": ""},
    )


@pytest.mark.parametrize("attribute", ['level="error"', 'level="warn"', 'name="n"', 'attr.a="1"'])
def test_each_of_them_alone(attribute: str) -> None:
    _, call = run(f'<log message="x" {attribute}/>')
    assert (call.logs, len(call.logged_beside)) == (["x"], 1)


def test_a_log_without_any_of_them_is_the_simple_one() -> None:
    _, call = run('<log message="x" level="info"/>')
    assert (call.logs, call.logged_beside) == (["x"], [])


def test_bytes_that_are_no_text_are_told_as_such() -> None:
    _, call = run('<log message="x" attr.a="[$v]"/>', "v", start={"v": b"a\xffb\x00"})
    assert call.logged_beside == [("info", "", (("a", "a\N{REPLACEMENT CHARACTER}b\x00"),))]


def test_an_attribute_that_only_begins_like_one_of_its_own_is_unknown() -> None:
    [problem] = problems_of_action('<log message="x" attribute.a="1"/>')
    assert "has no attribute attribute.a" in problem


def test_only_a_log_has_attributes_of_its_own() -> None:
    [problem] = problems_of_action('<warning message="x" attr.a="1"/>')
    assert "has no attribute attr.a" in problem


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
        ('<log message="x" level="debug"/>', 'log: level="debug" is not known'),
        ('<log message="x" attr.="1"/>', "attr. has no name behind its point"),
        ('<log message="x" attr.a="[nosuch]"/>', "unknown keyword [nosuch]"),
        ('<log message="x" attr.a="[$w]"/>', "variable $w is used only here"),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of_action(action)
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)
