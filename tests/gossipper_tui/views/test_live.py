# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the Live screen shows of a run: flow, statistics, response times, failures, the status bar."""

from __future__ import annotations

import msgspec
import pytest

from engine.messages import Counters, Failure, Logged, TlsState, Verdict
from gossipper_tui.views import failures, flow, judgement, log, rates, response_times, statistics, status_bar
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.numbers import GROUP_SPACE
from gossipper_tui.views.spans import plain, width_of
from tests.gossipper_tui import samples


def texts(lines):
    return [plain(each).replace(GROUP_SPACE, " ") for each in lines]


@pytest.fixture
def run() -> RunHistory:
    history = RunHistory(samples.started())
    for snapshot in samples.snapshots():
        history.apply(snapshot)
    return history


@pytest.fixture
def new_run() -> RunHistory:
    return RunHistory(samples.started())


WIDTHS = (20, 38, 48, 78, 118, 198)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "view",
    [flow.flow, statistics.statistics, response_times.tables, failures.table, log.log_lines, judgement.judgement],
    ids=lambda view: view.__name__,
)
def test_no_line_is_wider_than_the_screen(view, width, run, new_run):
    for history in (run, new_run):
        assert all(width_of(each) <= width for each in view(history, width))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", [0, 1, 2, 3, 7, 30])
def test_plots_and_boxes_keep_to_their_room(width, height, run, new_run):
    for history in (run, new_run):
        for drawn in (
            response_times.plot(history, width, height),
            rates.rates(history, None, width, height),
            failures.box(history, width, max(1, height)),
        ):
            assert len(drawn) <= max(1, height)
            assert all(width_of(each) <= width for each in drawn)


def test_the_flow_has_a_line_a_step_with_its_counts(run):
    lines = texts(flow.flow(run, 80))
    assert lines[0].split() == ["messages", "retrans", "timeout", "unexp"]
    assert lines[1].split()[-3:] == ["800", "12", "4"]
    assert lines[4].split()[-5:] == ["63", "789", "3", "0", "7"]
    assert "‖ 3000 ms" in lines[6]
    assert "open" in lines[6]
    assert lines[6].split()[-2:] == ["1", "489"]
    assert lines[-1] == ""


def test_a_narrow_flow_drops_what_matters_least(run):
    assert texts(flow.flow(run, 46))[0].split() == ["messages", "retrans", "unexp"]
    assert texts(flow.flow(run, 36))[0].split() == ["messages", "unexp"]


def test_hidden_steps_are_not_in_the_flow_and_display_stands_for_the_label(new_run):
    steps = list(new_run.started.scenario.steps)
    steps[0] = msgspec.structs.replace(steps[0], display="Call")
    steps[1] = msgspec.structs.replace(steps[1], hidden=True)
    changed = msgspec.structs.replace(new_run.started.scenario, steps=tuple(steps))
    lines = texts(flow.flow(RunHistory(msgspec.structs.replace(new_run.started, scenario=changed)), 80))
    assert " Call " in lines[1]
    assert not any(" 100 " in each for each in lines)


def test_no_column_moves_as_numbers_grow(run, new_run):
    early, late = texts(flow.flow(new_run, 80)), texts(flow.flow(run, 80))
    assert [len(each) for each in early] == [len(each) for each in late]


def test_totals_say_what_became_of_the_calls(run):
    assert texts(flow.totals(run.snapshot, 100)) == ["63 800 calls · 1 500 open (peak 1 520) · 62 289 ok · 11 failed"]
    lossy = msgspec.structs.replace(run.snapshot, counters=Counters(outgoing=5, kernel_drops=2, garbage=1))
    assert texts(flow.totals(lossy, 200))[0].endswith("1 not SIP · 2 dropped by the kernel")


def test_statistics_are_periodic_and_cumulative(run):
    rows = {each[:46].strip(): each[46:].split() for each in texts(statistics.statistics(run, 80)) if each}
    assert rows["Outgoing calls"] == ["1", "000", "63", "800"]
    assert rows["Failed calls"] == ["1", "11"]
    assert rows["Elapsed time"] == ["2.00", "s", "00:02:16"]
    assert "Incoming calls" not in rows


def test_counters_of_the_scenario_are_in_the_statistics(run):
    for snapshot in (run.series.before, run.series.last, run.snapshot):
        snapshot.counters.scenario = {"busy": snapshot.elapsed_ns // 10**9}
    assert texts(statistics.statistics(run, 60))[-1].split() == ["Counter", "busy", "2", "136"]


def test_response_times_have_percentiles_and_a_repartition(run):
    lines = texts(response_times.tables(run, 100))
    assert lines[0].startswith("Response time 1")
    assert lines[0].endswith("63 800 measured")
    assert "p99 28.9 ms" in " ".join(" ".join(lines[:4]).split())
    assert any(each.strip().startswith("< 5 ms") and "72.6 %" in each and "█" in each for each in lines)
    assert any(each.startswith("Call length") for each in lines)
    assert any("from due" in each for each in lines)


def test_percentiles_stand_at_the_ends_of_their_curves(run):
    lines = texts(response_times.plot(run, 40, 12))
    order = [name for each in lines for name in ("p50", "p90", "p99") if name in each]
    assert order == ["p99", "p90", "p50"]
    assert lines[-1].strip().startswith("0└")


def test_without_timers_the_call_length_is_plotted(run):
    scenario = msgspec.structs.replace(run.started.scenario, timers=())
    run.started = msgspec.structs.replace(run.started, scenario=scenario)
    assert response_times.title(response_times.plotted_timer(run)) == "Call length"


def test_a_target_that_is_not_seen_yet_is_marked(run):
    assert "target 500 ·" in texts(rates.rates(run, None, 60, 5))[-1]
    assert "target 600… ·" in texts(rates.rates(run, 600.0, 60, 5))[-1]


def test_failures_by_class_and_reason(run):
    lines = [" ".join(each.split()) for each in texts(failures.table(run, 80))]
    assert lines[0] == "✗ 11 failed 0.0172 % of all calls"
    assert any(each.startswith("Unexpected message 7 63.6 %") for each in lines)
    assert any(each.startswith("Max UDP retrans 4 36.4 %") for each in lines)
    assert any(each.startswith("unexpected 503 in step 3 (200) 7") for each in lines)


def test_more_reasons_than_room(run):
    run.snapshot.counters.reasons = {f"reason {n}": n for n in range(1, 8)}
    lines = texts(failures.box(run, 40, 3))
    assert [each.split()[2] for each in lines[:2]] == ["7", "6"]
    assert lines[2] == "and 5 more reasons"


def test_no_failures(new_run):
    assert texts(failures.table(new_run, 40)) == ["✔ No call has failed."]


@pytest.mark.parametrize("failure", Failure)
def test_every_class_of_failures_has_a_name(failure):
    assert failures.class_name(failure)[0].isupper()


def test_the_log_has_the_time_of_each_line(run):
    run.apply(Logged(run=samples.RUN, elapsed_ns=61 * 10**9, text="two\nlines"))
    assert texts(log.log_lines(run, 80)) == ["00:01:01   two ⏎ lines"]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_status_bar_always_tells_state_rate_and_trust(width, run):
    text = texts([status_bar.status_bar("Live", run, width)])[0]
    assert len(text) == width
    assert "● running 00:02:16" in text
    assert "500/s" in text
    assert "✔" in text


def test_the_status_bar_says_when_numbers_cannot_be_trusted(run):
    run.snapshot = msgspec.structs.replace(run.snapshot, verdict=Verdict(reasons=("late starts",)))
    assert "✘ generator-limited" in texts([status_bar.status_bar("Live", run, 80)])[0]
    assert texts(judgement.judgement(run, 80)) == ["✘ generator-limited: late starts"]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_status_bar_says_when_nobody_checks_whom_tls_goes_to(width, run):
    run.snapshot = msgspec.structs.replace(run.snapshot, tls=TlsState(verified=False))
    text = texts([status_bar.status_bar("Live", run, width)])[0]
    assert len(text) == width
    assert "TLS, not verified" in text
    assert "✔" in text


def test_the_status_bar_without_a_run():
    assert texts([status_bar.status_bar("Setup", None, 50)])[0].split() == ["Gossipper", "▸", "Setup", "idle", "·", "no", "run"]
