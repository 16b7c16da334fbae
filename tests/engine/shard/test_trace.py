# SPDX-License-Identifier: AGPL-3.0-or-later
"""The message log takes what it can, says once what it cannot, and never makes its callers wait."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import ReportError
from engine.report.message_log import Record, format_messages
from engine.shard import trace as module
from engine.shard.trace import MOST_WAITING, MessageTrace

FULL = "/dev/full"


def as_log(records: list[Record]) -> bytes:
    return format_messages(records, "UDP", rfc3339=False)


class Log:
    """A trace and what it warned of."""

    def __init__(self, path: str | Path, *, overwrite: bool = True) -> None:
        self.warnings: list[str] = []
        self.trace = MessageTrace(str(path), as_log, overwrite=overwrite, warn=self.warnings.append)


def test_everything_is_in_the_file_when_it_is_closed(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    for number in range(1000):
        log.trace.add(sent=number % 2 == 0, data=b"message %d." % number)
        if number % 100 == 0:
            log.trace.flush()
    log.trace.close()
    text = (tmp_path / "log").read_bytes()
    assert [text.find(b"message %d." % number) > 0 for number in range(1000)] == [True] * 1000
    assert text.count(b"UDP message sent") == text.count(b"UDP message received") == 500
    assert (log.trace.dropped, log.warnings) == (0, [])


@pytest.mark.parametrize(("overwrite", "kept"), [(True, False), (False, True)])
def test_what_was_in_the_file_before(tmp_path: Path, overwrite: bool, kept: bool) -> None:
    (tmp_path / "log").write_bytes(b"old\n" * 100)
    log = Log(tmp_path / "log", overwrite=overwrite)
    log.trace.add(sent=True, data=b"new")
    log.trace.close()
    text = (tmp_path / "log").read_bytes()
    assert (text.startswith(b"old\n"), text.endswith(b"new\n")) == (kept, True)


def test_shards_that_share_a_file_do_not_write_over_each_other(tmp_path: Path) -> None:
    first, second = Log(tmp_path / "log"), Log(tmp_path / "log", overwrite=False)
    for number in range(20):
        for log in (first, second):
            log.trace.add(sent=True, data=b"message %d of %d\n" % (number, id(log)))
            log.trace.flush()
    first.trace.close()
    second.trace.close()
    text = (tmp_path / "log").read_bytes()
    assert text.count(b"UDP message sent") == text.count(b"message ") - text.count(b"UDP message") == 40


def test_a_full_disk_is_one_warning_and_counted_records() -> None:
    log = Log(FULL)
    for _ in range(3):
        log.trace.add(sent=True, data=b"x")
        log.trace.flush()
    log.trace.close()
    assert log.trace.dropped == 3
    assert log.warnings == [f"{FULL}: cannot be written: No space left on device"]


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="nowhere"):
        Log(tmp_path / "nowhere" / "log")


def test_a_stuck_writer_costs_records_and_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_WRITES_S", 0.05)
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    log = Log(tmp_path / "log")
    for number in range(MOST_WAITING + 10):
        log.trace.add(sent=True, data=b"x" * 100)
        if number % 1000 == 999:
            log.trace.flush()
    assert log.trace.dropped == 10
    log.trace.close()
    assert log.trace.dropped == MOST_WAITING + 10
    assert log.warnings == [f"{tmp_path / 'log'}: takes no more; {MOST_WAITING} messages are not in it"]
    os.close(reader)
