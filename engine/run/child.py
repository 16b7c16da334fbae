# SPDX-License-Identifier: AGPL-3.0-or-later
"""Child processes of a run: this very Python with a module of the engine, and what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import trio

import engine

LAST_WORDS_BYTES = 4096


async def open_child(
    module: str, pipes: Iterable[int], others: Iterable[int] = (), *, stderr: int | None = subprocess.PIPE
) -> trio.Process:
    """Start a module in a process group of its own: Ctrl-C is for the run, which tells its children.

    It is given the descriptors of its `pipes` on its command line, and has those of the `others` too. Raises OSError.
    """
    pipes = tuple(pipes)
    # -P: a file in the user's working directory must not be taken for one of our modules.
    return await trio.lowlevel.open_process(
        [sys.executable, "-P", "-m", module, *map(str, pipes)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=[*pipes, *others],
        env={**os.environ, "PYTHONPATH": _module_path()},
        process_group=0,
    )


async def last_words(process: trio.Process) -> str:
    """Read what the child writes until it ends; how it ended, and the last line of that."""
    said = b""
    while process.stderr is not None and (data := await process.stderr.receive_some(LAST_WORDS_BYTES)):
        said = (said + data)[-LAST_WORDS_BYTES:]
    return _why(await process.wait(), said)


async def end_child(process: trio.Process, leave_s: float) -> None:
    """Wait so long for the end of a child whose pipe is closed, then kill it. Call it where nothing is cancelled."""
    if process.stderr is not None:
        await trio.aclose_forcefully(process.stderr)
    with trio.move_on_after(leave_s):
        await process.wait()
    if process.returncode is None:
        process.kill()
        with trio.move_on_after(leave_s):  # a process that waits for a disk is not gone at once
            await process.wait()


_SIGNALS = {each.value: each.name for each in signal.Signals}
"""Not every number has a name: of the real-time ones only two do."""


def _why(status: int, said: bytes) -> str:
    """How a child ended, by its exit status and the last line that it wrote."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    if status < 0:
        return f"killed by {_SIGNALS.get(-status) or f'signal {-status}'}"
    return lines[-1] if lines else f"exit code {status}"


def _module_path() -> str:
    """Where a child finds this very engine, before what the user's PYTHONPATH adds."""
    here = str(Path(engine.__file__).parent.parent)
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
