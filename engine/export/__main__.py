# SPDX-License-Identifier: AGPL-3.0-or-later
"""The exporter of a run, a process of its own: `python -m engine.export DESCRIPTOR RECORDS…`.

The first descriptor is one end of a socket pair to the run, the others one of each to its shards. It comes after calls where
there are too few processors for both, and ends with its run, or when that is gone.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress

import trio

from engine.errors import in_one_line
from engine.export.exporter import Exporter
from engine.export.protocol import AnyFromExporter, AnyToExporter, ExportPlan
from engine.pipe import PipeReceiver, PipeSender

NICE = 10


async def serve(descriptor: int, records: list[int]) -> None:
    """Read the plan and do as it says."""
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(socket.socket(fileno=descriptor)))
    inbox: PipeReceiver[AnyToExporter] = PipeReceiver(stream, AnyToExporter)
    outbox: PipeSender[AnyFromExporter] = PipeSender(stream)
    peers = [socket.socket(fileno=each) for each in records]
    plan = await inbox.receive()
    if isinstance(plan, ExportPlan):
        await Exporter(inbox, outbox, peers).run(plan)


def main() -> int:
    """Work to the end; the exit code, and why on standard error when it is none that was wanted."""
    with suppress(OSError):
        os.nice(NICE)
    # In a process group of its own it is in the background, where writing to a terminal may stop a process (stty tostop).
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    descriptor, *records = map(int, sys.argv[1:])
    try:
        trio.run(serve, descriptor, records)
    except (trio.EndOfChannel, trio.BrokenResourceError):
        return 0
    except BaseException as error:
        os.write(2, in_one_line(error).encode() + b"\n")
        return 1
    return 0


if __name__ == "__main__":
    # Threads that still wait for a disk, or for a pipe that nobody reads, must not keep the process.
    os._exit(main())
