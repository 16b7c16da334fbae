# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands of the shell, run by a real process beside the shard: never waited for, bounded, reaped, ended with the run."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from engine.messages import Counters
from engine.shard.command_runner import GRACE_S, MOST_BYTES, MOST_RUNNING, MOST_WAITING
from engine.shard.commands import LEAVE_S, Commands
from engine.shard.notes import Notes
from engine.shard.protocol import Warned
from engine.transport.stream.tls_context import PASSWORD_VARIABLE

LIMIT_S = 20


class Shard:
    """What a shard is to its commands."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.notes.counters = Counters()
        self.commands = Commands(self.notes)
        self.said: list[tuple[str, int]] = []

    @property
    def warnings(self) -> list[tuple[str, int]]:
        """What was warned of so far, and how often."""
        self.said += [(note.text, note.count) for note in self.notes.take() if isinstance(note, Warned)]
        return self.said


@asynccontextmanager
async def shard() -> AsyncIterator[Shard]:
    """Commands that are open; whatever the test leaves running is killed."""
    one = Shard()
    await one.commands.open()
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.commands.carry)
            nursery.start_soon(one.commands.listen)
            try:
                yield one
            finally:
                nursery.cancel_scope.cancel()
                one.commands.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; the test's limit bounds it."""
    for _ in range(LIMIT_S * 100):
        if condition():
            return
        await trio.sleep(0.01)


def is_there(pid: str) -> bool:
    """Whether a process runs."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_command_runs_with_nothing_to_read_in_a_session_of_its_own(tmp_path: Path) -> None:
    async with shard() as one:
        one.commands.start(f"cat >{tmp_path}/read; cut -d' ' -f 1,6 /proc/$$/stat >{tmp_path}/session".encode(), "look")
        await one.commands.finish()
    assert (tmp_path / "read").read_bytes() == b""
    pid, session = (tmp_path / "session").read_text().split()
    assert pid == session
    assert one.warnings == []


async def test_what_fails_is_told_by_its_name_and_status_and_counted() -> None:
    async with shard() as one:
        for number in range(3):
            one.commands.start(b"exit %d" % (3 if number else 0), "exit [status]")
            one.commands.start(b"no_such_command %d" % number, "no_such_command [call_number]")
        one.commands.start(b"kill -9 $$", "suicide")
        one.commands.start(b"/", "a folder")
        await one.commands.finish()
    assert sorted(one.warnings) == [
        ("command 'a folder': exit status 126 (not executable)", 1),
        ("command 'exit [status]': exit status 3", 2),
        ("command 'no_such_command [call_number]': exit status 127 (not found)", 3),
        ("command 'suicide': killed by SIGKILL", 1),
    ]
    assert one.notes.counters.warnings == 7


async def test_starting_waits_for_nothing_and_children_are_reaped(tmp_path: Path) -> None:
    async with shard() as one:
        for number in range(100):
            one.commands.start(f"echo {number} >>{tmp_path}/ran".encode(), "echo")
        assert not (tmp_path / "ran").exists(), "nothing runs before trio has its turn"
        await one.commands.finish()
    assert sorted(int(line) for line in (tmp_path / "ran").read_text().split()) == list(range(100))


async def test_only_so_many_run_and_only_so_many_wait() -> None:
    async with shard() as one:
        for _ in range(MOST_RUNNING):
            one.commands.start(b"sleep 30", "sleep")
        await trio.sleep(0.1)
        for _ in range(10):
            for _ in range((MOST_WAITING + 100) // 10):
                one.commands.start(b"true", "true")
            await trio.sleep(0.05)
        refused = f"command 'true': not run: {MOST_RUNNING} run and {MOST_WAITING} wait"
        await until(lambda: sum(count for text, count in one.warnings if text == refused) == 100)


async def test_too_many_at_once_are_refused_and_not_kept() -> None:
    async with shard() as one:
        for _ in range(MOST_WAITING + 5):
            one.commands.start(b"true", "true")
        assert ("command 'true': not run: too many at once", 5) in one.warnings


async def test_a_command_that_cannot_be_one_is_refused() -> None:
    async with shard() as one:
        one.commands.start(b"x" * (MOST_BYTES + 1), "long")
        one.commands.start(b"echo \0", "zero")
        one.commands.start(b"  ", "nothing")
        one.commands.start(b"x" * MOST_BYTES, "longest")
        await one.commands.finish()
    assert [text for text, _ in one.warnings] == [
        "command 'long': not run: it is too long or holds a zero byte",
        "command 'zero': not run: it is too long or holds a zero byte",
        "command 'longest': cannot be started: Argument list too long",
    ]


async def test_the_end_of_the_run_gives_commands_some_time_and_then_ends_them(tmp_path: Path) -> None:
    async with shard() as one:
        one.commands.start(f"sleep 0.3; echo done >{tmp_path}/quick".encode(), "quick")
        one.commands.start(f"echo $$ >{tmp_path}/slow; sleep 60 & sleep 60; true".encode(), "slow")
        one.commands.start(f"trap '' TERM; echo $$ >{tmp_path}/deaf; while :; do sleep 0.1; done".encode(), "deaf")
        await until(lambda: (tmp_path / "slow").exists() and (tmp_path / "deaf").exists())
        began_s = trio.current_time()
        await one.commands.finish()
        assert GRACE_S <= trio.current_time() - began_s < LEAVE_S
    assert (tmp_path / "quick").read_text() == "done\n"
    assert sorted(text for text, _ in one.warnings) == [
        "command 'deaf': killed by SIGKILL",
        "command 'slow': killed by SIGTERM",
    ]
    for name in ("slow", "deaf"):
        assert not is_there((tmp_path / name).read_text().strip())


async def test_a_shard_that_is_gone_takes_its_commands_along(tmp_path: Path) -> None:
    async with shard() as one:
        one.commands.start(f"echo $$ >{tmp_path}/pid; exec sleep 60".encode(), "sleep")
        await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        pid = (tmp_path / "pid").read_text().strip()
        assert is_there(pid)
        one.commands.close()
        await until(lambda: not is_there(pid))


async def test_commands_are_refused_once_what_runs_them_is_gone() -> None:
    async with shard() as one:
        assert one.commands._process is not None
        os.kill(one.commands._process.pid, signal.SIGKILL)
        await one.commands._process.wait()
        await trio.testing.wait_all_tasks_blocked()
        one.commands.start(b"true", "true")
        await one.commands.finish()
    assert one.warnings == [("command 'true': not run: the process that runs commands is gone", 1)]


async def test_commands_do_not_see_the_password_of_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "secret")
    monkeypatch.setenv("OTHER", "seen")
    async with shard() as one:
        one.commands.start(f"env > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/env".encode(), "env")
        await until((tmp_path / "env").exists)
    said = (tmp_path / "env").read_text()
    assert "OTHER=seen" in said
    assert "secret" not in said
