# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import msgspec
import pytest

from engine.messages import Counters, Failure, Outcome, StepCounts, StepDescription, StepKind, Summary, TlsState, Verdict
from gossipper_tui.views.final import final_screen, outcome_lines
from tests.engine.bus.events import finished, snapshot, started
from tests.engine.report.examples import media

STEPS = (
    StepDescription(kind=StepKind.SEND, label="INVITE", line=1, end_line=9, retransmits_ms=500, starts=("1",)),
    StepDescription(kind=StepKind.RECV, label="200", line=10, end_line=10, stops=("1",)),
)
STARTED = msgspec.structs.replace(started(), scenario=msgspec.structs.replace(started().scenario, steps=STEPS, timers=("1",)))
FAILED = Counters(
    outgoing=1500,
    successful=1489,
    failed=11,
    failures={Failure.UNEXPECTED_MESSAGE: 4, Failure.TIMEOUT_ON_RECV: 7},
    reasons={"unexpected 503 in step 1 (200)": 4, "timeout in step 1 (200)": 7},
)
LAST = msgspec.structs.replace(
    snapshot(9), counters=FAILED, steps=(StepCounts(messages=1500, retransmissions=12), StepCounts(messages=1489, unexpected=4))
)


def summary(**changes: object) -> Summary:
    return msgspec.structs.replace(finished().summary, **changes)


def test_a_final_screen_has_flow_counts_times_failures_and_verdict() -> None:
    screen = final_screen(STARTED, LAST, summary(outcome=Outcome.FAILED, exit_code=1), 100).replace("\u202f", " ")
    lines = screen.splitlines()
    assert lines[0].startswith("── uac → 127.0.0.1 udp  00:00:01 ──")
    (invite,) = (line for line in lines if " INVITE " in line)
    assert invite.split()[-4:] == ["1", "500", "12", "0"]
    assert "1 500 calls · 0 open (peak 0) · 1 489 ok · 11 failed" in lines
    assert any("timeout in step 1 (200)" in line for line in lines)
    assert any("Response time 1" in line for line in lines)
    assert lines[-2:] == ["✘ failed · 9.9 of 10 calls/s · exit code 1", "✔ trustworthy"]


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        (TlsState(verified=False), "TLS, not verified"),
        (
            TlsState(verified=True, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
            "TLS, verified · TLSv1.3 TLS_AES_256_GCM_SHA384",
        ),
        (TlsState(verified=None, version="TLSv1.2", cipher="ECDHE"), "TLS, no certificates asked for · TLSv1.2 ECDHE"),
    ],
)
def test_what_tls_gave_is_told_before_the_verdict(tls: TlsState, told: str) -> None:
    assert outcome_lines(summary(tls=tls))[-2:] == [told, "✔ trustworthy"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    screen = final_screen(STARTED, LAST, summary(), width)
    assert max(map(len, screen.splitlines()[:-2])) <= width


def test_a_run_that_ended_before_its_first_snapshot_has_its_outcome() -> None:
    ended = summary(outcome=Outcome.ERROR, exit_code=255, error="no route to host", verdict=Verdict(reasons=("late starts",)))
    lines = final_screen(STARTED, None, ended, 80).splitlines()
    assert lines[-3:] == outcome_lines(ended)
    assert lines[-3:] == [
        "✘ error · 9.9 of 10 calls/s · exit code 255",
        "✘ no route to host",
        "✘ generator-limited: late starts",
    ]


def test_the_final_screen_of_a_run_with_media_tells_of_it() -> None:
    with_media = msgspec.structs.replace(LAST, media=media(legs=2, packets=1000, lost=10, checks_failed=1))
    screen = final_screen(STARTED, with_media, summary(outcome=Outcome.CHECK_FAILED, exit_code=253), 100).replace("\u202f", " ")
    assert "received" not in final_screen(STARTED, LAST, summary(), 100)
    rows = {line[:24].strip(): line[24:].split() for line in screen.splitlines()}
    assert rows["Packets"] == ["2", "000", "2", "000"]
    assert rows["RTP checks failed"] == ["1"]
    assert "✘ RTP check failed · 9.9 of 10 calls/s · exit code 253" in screen.splitlines()


def test_a_long_reason_is_told_whole() -> None:
    reason = "all 2 pairs of media ports from 6000 to 6003 are taken by calls; allow more with -max_rtp_port in step 0 (INVITE)"
    failed = Counters(outgoing=2, failed=2, failures={Failure.NO_MEDIA_PORT: 2}, reasons={reason: 2})
    last = msgspec.structs.replace(LAST, counters=failed)
    for width in (60, 100):
        lines = final_screen(STARTED, last, summary(outcome=Outcome.FAILED, exit_code=1), width).splitlines()
        told = lines[lines.index("By reason") + 1 :]
        told = told[: told.index("")]
        assert " ".join(line[2 : 2 + width // 2].strip() for line in told) == reason
        assert [line.split()[-3] for line in told if "%" in line] == ["100"]
        assert all(len(line) <= width for line in told)
