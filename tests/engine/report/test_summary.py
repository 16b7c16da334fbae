# SPDX-License-Identifier: AGPL-3.0-or-later
"""The JSON summary: its figures, its schema, and that it is written whole or not at all."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from engine.errors import ReportError
from engine.messages import EXIT_CODES, Outcome, RunState, Snapshot, TlsState
from engine.report.files import LogFile, write_whole
from engine.report.schema import schema_text, summary_schema
from engine.report.summary import summarize, summary_json, write_summary_json
from tests.engine.report.examples import media, run_started, snapshot

SCHEMA = Path(__file__).parents[3] / "docs" / "summary.schema.json"


def finished(**counts: Any) -> Snapshot:
    return snapshot(elapsed_s=2, state=RunState.FINISHED, **counts)


def as_json(last: Snapshot, outcome: Outcome, error: str = "") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(summary_json(summarize(run_started(), last, outcome, error)))
    return document


def test_the_figures_of_a_run() -> None:
    document = as_json(finished(successful=3, failed=1, response_ms=(1, 2, 3, 30)), Outcome.FAILED)
    assert (document["outcome"], document["exit_code"], document["call_rate"]) == ("failed", 1, 2.0)
    assert document["started_at"] == "2026-11-22T18:18:30.368204Z"
    assert document["counters"]["failures"] == {"FailedUnexpectedMessage": 1}
    assert document["steps"][1] == {
        "kind": "recv",
        "label": "200",
        "counts": {"messages": 3, "retransmissions": 0, "timeouts": 0, "unexpected": 1, "lost": 0, "open": 0},
    }
    times = document["response_times"]["1"]
    assert (times["count"], times["mean_ms"], times["min_ms"], times["max_ms"]) == (4, 9.0, 1.0, 30.0)
    assert times["p50_ms"] == pytest.approx(2, rel=0.001)
    assert times["p99_9_ms"] == pytest.approx(30, rel=0.001)
    assert times["repartition"] == [[10, 3], [20, 0], [None, 1]]
    assert document["lateness"]["repartition"] == []


def test_a_run_without_a_call_has_zeros() -> None:
    document = as_json(snapshot(elapsed_s=0, state=RunState.FINISHED), Outcome.NO_CALLS)
    assert (document["exit_code"], document["call_rate"], document["response_times"]["1"]["p99_ms"]) == (99, 0.0, 0.0)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_satisfies_the_schema(outcome: Outcome) -> None:
    document = as_json(
        finished(successful=3, failed=1, response_ms=(1, 2)), outcome, "a line" if outcome is Outcome.ERROR else ""
    )
    jsonschema.validate(document, summary_schema(), cls=jsonschema.Draft202012Validator)
    assert document["exit_code"] == EXIT_CODES[outcome]


def test_what_tls_gave_is_in_the_summary() -> None:
    assert as_json(finished(), Outcome.PASSED)["tls"] is None
    tls = TlsState(verified=False, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
    document = as_json(msgspec.structs.replace(finished(), tls=tls), Outcome.PASSED)
    assert document["tls"] == {"verified": False, "version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"}
    jsonschema.validate(document, summary_schema(), cls=jsonschema.Draft202012Validator)


def test_what_media_did_is_in_the_summary() -> None:
    assert as_json(finished(), Outcome.PASSED)["media"] is None
    document = as_json(msgspec.structs.replace(finished(), media=media(lost=10)), Outcome.CHECK_FAILED)
    jsonschema.validate(document, summary_schema(), cls=jsonschema.Draft202012Validator)
    assert (document["outcome"], document["exit_code"]) == ("RTP check failed", 253)
    told = document["media"]
    assert (told["counters"]["legs"], told["counters"]["packets_sent"], told["counters"]["lost"]) == (2, 2000, 20)
    assert (told["loss_percent"]["count"], told["loss_percent"]["mean"], told["sent_loss_percent"]["max"]) == (2, 1.0, 2.0)
    assert (told["mos"]["min"], told["mos"]["p50"], told["sent_mos"]["mean"]) == (4.1, 4.1, 3.9)
    assert (told["jitter"]["mean_ms"], told["jitter_max"]["max_ms"], told["gap"]["p50_ms"]) == (2, 5, 61)
    assert told["lateness"]["repartition"] == [[5, 2000], [None, 0]]


def test_the_schema_refuses_what_is_no_summary() -> None:
    document = as_json(finished(successful=3), Outcome.PASSED)
    document["counters"]["successful"] = "3"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, summary_schema(), cls=jsonschema.Draft202012Validator)


def test_the_schema_in_the_documentation_is_up_to_date() -> None:
    assert SCHEMA.read_text() == schema_text(), "run: python -m engine.report.schema > docs/summary.schema.json"


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("what was there before")
    summary = summarize(run_started(), finished(successful=1), Outcome.PASSED)
    write_summary_json(str(path), summary)
    assert path.read_bytes() == summary_json(summary)
    assert os.listdir(tmp_path) == ["summary.json"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"^/.*/none/s\.json: cannot be written: No such file or directory$"):
        write_whole(str(tmp_path / "none" / "s.json"), b"{}")


def test_what_cannot_be_written_leaves_the_old_file_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ReportError, match="cannot be written: Not a directory"):
        write_whole(str(tmp_path / "file" / "s.json"), b"{}")
    assert (tmp_path / "file").read_text() == "old"
    with pytest.raises(ReportError, match="cannot be written: Is a directory"):
        write_whole(str(tmp_path), b"{}")
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_written_through_and_a_device_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_whole(str(tmp_path / "link"), b"new")
    assert (tmp_path / "real").read_text() == "new"
    with pytest.raises(ReportError, match=r"^/dev/full: cannot be written: No space left on device$"):
        write_whole("/dev/full", b"new")


def test_a_log_is_started_anew_or_continued(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for text, overwrite in ((b"one", True), (b"two", True), (b"three", False)):
        log = LogFile(str(path), overwrite=overwrite)
        log.append(text)
        assert path.read_bytes().endswith(text)
        log.close()
    assert path.read_bytes() == b"twothree"


def test_what_a_log_could_not_write_whole_is_not_in_it(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "log"))
    log.append(b"one\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(ReportError, match="cannot be written: File too large"):
            log.append(b"two\n" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.append(b"three\n")
    log.close()
    assert (tmp_path / "log").read_bytes() == b"one\nthree\n"
