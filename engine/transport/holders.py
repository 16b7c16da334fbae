# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which program has a port, as far as the kernel tells us: others' programs only to the privileged (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import trio

from engine.errors import BindError

MOST_LOOKED: Final = 200_000
"""Open files of other programs that are looked at."""
_PROC: Final = Path("/proc")
_LISTENS: Final = "0A"


async def with_holder(error: BindError, protocol: str) -> BindError:
    """The same error with the program that has the port, where one has it and can be seen. `protocol` is udp or tcp."""
    if not error.taken_port:
        return error
    holder = await trio.to_thread.run_sync(holder_of, protocol, error.taken_port)
    return BindError(f"{error}: {holder}", error.taken_port) if holder else error


def holder_of(protocol: str, port: int) -> str:
    """Name and number of a process that has this port, or "". It reads files: not in a trio loop."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(protocol, port)}
    for path in _open_files() if sockets else ():
        try:
            if os.readlink(path) in sockets:
                process = path.split("/")[2]
                return f"{(_PROC / process / 'comm').read_text().strip()} (process {process})"
        except OSError:  # it has ended, or closed that
            continue
    return ""


def _inodes(protocol: str, port: int) -> Iterator[str]:
    """The sockets that are bound to the port; of TCP those that listen."""
    for table in (protocol, f"{protocol}6"):
        try:
            with open(_PROC / "net" / table) as lines:
                next(lines, "")
                for line in lines:
                    fields = line.split()
                    if int(fields[1].rpartition(":")[2], 16) == port and (protocol == "udp" or fields[3] == _LISTENS):
                        yield fields[9]
        except (OSError, ValueError, IndexError):
            continue


def _open_files() -> Iterator[str]:
    """What the processes have open that we may look into, the newest first."""
    looked = 0
    for process in sorted((int(name) for name in os.listdir(_PROC) if name.isdecimal()), reverse=True):
        try:
            files = os.listdir(f"{_PROC}/{process}/fd")
        except OSError:
            continue
        for file in files:
            looked += 1
            if looked > MOST_LOOKED:
                return
            yield f"{_PROC}/{process}/fd/{file}"
