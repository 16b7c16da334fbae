# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import msgspec
import pytest

from engine.messages import Counters, Role, RunState, Snapshot, TlsState, Verdict
from gossipper_tui.views.status import STATE_MARKS, run_title, status, verdict_text
from tests.engine.bus.events import snapshot, started

LATE = Verdict(reasons=("late starts",))


def at(second: int, calls: int, **changes: object) -> Snapshot:
    counters = Counters(outgoing=calls, successful=calls - 3, failed=1, open=2)
    return msgspec.structs.replace(snapshot(second * 4), counters=counters, **changes)


def test_the_rate_is_that_since_the_previous_snapshot() -> None:
    assert status(started(), at(2, 20), at(1, 5)).call_rate == 15
    assert status(started(), at(2, 20)).call_rate == 10
    assert status(started(), at(0, 0)).call_rate == 0


def test_a_wide_line_says_everything() -> None:
    line = status(started(), at(2, 20), at(1, 10)).line(200).replace("\u202f", " ")
    assert [part.strip() for part in line.split("  ") if part.strip()] == [
        "● running",
        "00:00:02",
        "uac → 127.0.0.1 udp",
        "10/10 calls/s",
        "2 open",
        "17 ok",
        "1 failed",
        "p99 20.0 ns",
        "✔ trustworthy",
    ]


@pytest.mark.parametrize("width", range(1, 160, 7))
def test_a_line_is_never_wider_than_asked(width: int) -> None:
    assert len(status(started(), at(2, 20, verdict=LATE)).line(width)) <= width


def test_a_narrow_line_keeps_state_rate_and_failures() -> None:
    line = status(started(), at(2, 20)).line(60)
    assert "running" in line
    assert "calls/s" in line
    assert "failed" in line
    assert "udp" not in line


def test_reasons_that_do_not_fit_leave_their_verdict() -> None:
    verdict = Verdict(reasons=("calls started over 10 ms late: from 600 s to 605 s 100.0% of them (up to 2000 ms)",))
    line = status(started(), at(2, 20, verdict=verdict)).line(130)
    assert "generator-limited" in line
    assert "from 600 s" not in line


def test_numbers_do_not_move_as_they_grow() -> None:
    small, large = (status(started(), at(2, calls)).line(200) for calls in (10, 9_000))
    assert small.index(" open") == large.index(" open")
    assert small.index(" ok") == large.index(" ok")


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        (TlsState(verified=False), "  TLS, not verified  ✔ trustworthy"),
        (TlsState(verified=True), "20.0 ns  ✔ trustworthy"),
        (TlsState(verified=None), "20.0 ns  ✔ trustworthy"),
        (None, "20.0 ns  ✔ trustworthy"),
    ],
)
def test_a_line_says_when_nobody_checks_whom_tls_goes_to(tls: TlsState | None, told: str) -> None:
    assert status(started(), at(2, 20, tls=tls)).line(200).replace("\u202f", " ").endswith(told)


def test_a_line_that_is_too_narrow_for_all_keeps_what_tls_lacks_longer_than_its_title() -> None:
    line = status(started(), at(2, 20, tls=TlsState(verified=False))).line(120)
    assert "TLS, not verified" in line
    assert "udp" not in line


def test_every_state_has_its_mark_and_its_name() -> None:
    for state in RunState:
        assert status(started(), at(1, 3, state=state)).line(200).startswith(f"{STATE_MARKS[state]} {state.value}")


def test_a_server_says_where_it_listens() -> None:
    event = started()
    server = msgspec.structs.replace(event, scenario=msgspec.structs.replace(event.scenario, role=Role.UAS))
    assert run_title(server) == "uac on 127.0.0.1:5060 udp"


def test_a_scenario_file_is_named_without_its_folder() -> None:
    event = started()
    config = msgspec.structs.replace(event.config, scenario_file="calls/register.xml", transport="t1")
    assert run_title(msgspec.structs.replace(event, config=config)) == "register.xml → 127.0.0.1 tcp"


def test_verdicts_have_a_mark_and_their_reasons() -> None:
    assert verdict_text(Verdict()) == "✔ trustworthy"
    assert verdict_text(LATE) == "✘ generator-limited: late starts"
