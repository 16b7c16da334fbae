# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of statistics against what SIPp 3.6.1 wrote, and its figures against what was put in."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import ReportError
from engine.messages import Failure, RunState, Snapshot
from engine.messages.counts import MEDIA_FAILURES
from engine.report.stat_csv import StatisticsTable, columns, header
from tests.engine.report.examples import histogram, run_started, snapshot

HERE = Path(__file__).parent


def write_table(path: Path, snapshots: list[Snapshot], **options: Any) -> list[dict[str, str]]:
    """The rows of a table that these snapshots were given to, by the names of the columns."""
    started = run_started(**options)
    table = StatisticsTable(str(path), started)
    for one in snapshots:
        table.update(one)
    table.close()
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter=started.config.statistics_delimiter))


def sipp_header(name: str) -> str:
    return (HERE / name).read_text()


def test_the_header_of_uac_is_the_one_that_sipp_writes() -> None:
    started = run_started(counters=())
    first = msgspec.structs.replace(
        snapshot(elapsed_s=0),
        response_times={"1": histogram((), (10, 20, 30, 40, 50, 100, 150, 200))},
        call_length=histogram((), (10, 50, 100, 500, 1000, 5000, 10000)),
    )
    assert header(columns(started, first), ";") == sipp_header("sipp_uac_header.csv")


def test_the_header_with_named_timers_and_counters_is_the_one_that_sipp_writes() -> None:
    timers = ("invite", "1")
    started = run_started(timers=timers, counters=("begun", "two", "alpha"))
    table = columns(started, snapshot(elapsed_s=0, timers=timers, repartitions=False))
    assert header(table, ";") == sipp_header("sipp_timers_header.csv")


def test_failures_that_sipp_does_not_know_count_among_the_failed_and_have_no_column(tmp_path: Path) -> None:
    last = snapshot(elapsed_s=1, failed=2, state=RunState.FINISHED)
    last.counters.failures = {Failure.RTP_CHECK: 2}
    row = write_table(tmp_path / "t.csv", [snapshot(elapsed_s=0), last])[-1]
    assert row["FailedCall(C)"] == "2"
    assert not [name for name in row if name and name.removesuffix("(C)") in set(MEDIA_FAILURES)]
    assert {name for name in row if name and name.startswith("Failed") and row[name] != "0"} == {
        "FailedCall(P)",
        "FailedCall(C)",
    }


def test_a_counter_that_is_a_number_gets_a_word_before_it() -> None:
    started = run_started(counters=("1", "01", "a1", "-1"))
    names = header(columns(started, snapshot(elapsed_s=0)), ";").split(";")
    assert [name for name in names if name.endswith("1(P)")] == [
        "ResponseTime1(P)",
        "GenericCounter1(P)",
        "GenericCounter01(P)",
        "a1(P)",
        "-1(P)",
    ]


def test_rows_at_the_start_each_period_and_at_the_end(tmp_path: Path) -> None:
    snapshots = [snapshot(elapsed_s=tenths / 10, successful=tenths) for tenths in range(2, 25)]
    snapshots.append(snapshot(elapsed_s=2.45, successful=25, state=RunState.FINISHED))
    rows = write_table(tmp_path / "t.csv", snapshots, statistics_period_ms=1000)
    assert [row["TotalCallCreated"] for row in rows] == ["0", "10", "20", "25"]
    assert [row["SuccessfulCall(P)"] for row in rows] == ["0", "10", "10", "5"]
    assert [row["ElapsedTime(C)"] for row in rows] == ["00:00:00", "00:00:01", "00:00:02", "00:00:02"]


def test_a_late_snapshot_does_not_shift_the_rows_after_it(tmp_path: Path) -> None:
    times_s = (0.0, 1.9, 2.0, 2.9, 3.0)
    rows = write_table(tmp_path / "t.csv", [snapshot(elapsed_s=time_s) for time_s in times_s], statistics_period_ms=1000)
    assert [row["CurrentTime"].split("\t")[2][-9:] for row in rows] == ["10.368204", "12.268204", "12.368204", "13.368204"]


def test_periodic_values_are_those_since_the_row_before(tmp_path: Path) -> None:
    rows = write_table(
        tmp_path / "t.csv",
        [
            snapshot(elapsed_s=1, successful=2, response_ms=(1, 3)),
            snapshot(elapsed_s=2, successful=2, failed=4, still_open=2, response_ms=(1, 3, 12, 14), state=RunState.FINISHED),
        ],
        statistics_period_ms=1000,
    )
    last = rows[-1]
    assert (last["FailedCall(P)"], last["FailedCall(C)"], last["FailedUnexpectedMessage(C)"]) == ("4", "4", "4")
    assert (last["CallRate(P)"], last["CallRate(C)"], last["CurrentCall"]) == ("6", "4", "2")
    assert (last["ResponseTime1(P)"], last["ResponseTime1(C)"]) == ("00:00:00:013000", "00:00:00:007500")
    assert last["ResponseTime1StDev(P)"] == "00:00:00:001000"
    assert (last["ResponseTimeRepartition1_<10"], last["ResponseTimeRepartition1_<20"]) == ("2", "2")
    assert (last["ResponseTimeRepartition1_>=20"], last["CallLengthRepartition_>=50"]) == ("0", "2")
    assert (last["begun(P)"], last["begun(C)"]) == ("6", "8")
    assert last["LastResetTime"] == rows[-2]["CurrentTime"]


def test_every_row_adds_up_when_a_child_process_was_lost(tmp_path: Path) -> None:
    end = snapshot(elapsed_s=1, successful=5, failed=1, still_open=2, lost_with_shard=3)
    row = write_table(tmp_path / "t.csv", [end], statistics_period_ms=1000)[-1]
    created = int(row["TotalCallCreated"])
    assert created == int(row["CurrentCall"]) + int(row["SuccessfulCall(C)"]) + int(row["FailedCall(C)"]) == 11


@pytest.mark.parametrize(
    ("options", "target_rate", "users", "shown"),
    [
        ({"rate_period_ms": 2000}, 5.0, None, "10"),
        ({}, 0.25, None, "0.25"),
        ({}, 0.0, 7, "7"),
    ],
)
def test_the_target_is_what_was_asked_for(
    tmp_path: Path, options: dict[str, Any], target_rate: float, users: int | None, shown: str
) -> None:
    rows = write_table(tmp_path / "t.csv", [snapshot(elapsed_s=0, target_rate=target_rate, users=users)], **options)
    assert rows[0]["TargetRate"] == shown


def test_times_have_tabs_or_are_rfc_3339(tmp_path: Path) -> None:
    tabbed = write_table(tmp_path / "t.csv", [snapshot(elapsed_s=0)])[0]["StartTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\.368204\t1795371510\.368204", tabbed)
    plain = write_table(tmp_path / "r.csv", [snapshot(elapsed_s=0)], rfc3339=True)[0]["StartTime"]
    assert plain == "2026-11-22T18:18:30.368204Z"


def test_another_delimiter(tmp_path: Path) -> None:
    rows = write_table(
        tmp_path / "t.csv", [snapshot(elapsed_s=1, successful=3)], statistics_delimiter=",", statistics_period_ms=500
    )
    assert rows[-1]["SuccessfulCall(C)"] == "3"


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"^/.*/none/t\.csv: cannot be written: No such file or directory$"):
        StatisticsTable(str(tmp_path / "none" / "t.csv"), run_started())


def test_a_full_disk_is_one_line() -> None:
    table = StatisticsTable("/dev/full", run_started())
    with pytest.raises(ReportError, match=r"^/dev/full: cannot be written: No space left on device$"):
        table.update(snapshot(elapsed_s=0))
