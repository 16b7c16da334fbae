# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many files and sockets this process may have open: raise that where we may, and say what to do where not."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from typing import Final

SPARE: Final = 32
"""Descriptors beside the sockets of calls: those of the engine and of the interpreter, and some to be on the safe side."""


def open_files() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def raise_limit(wanted: int) -> int:
    """Have as many descriptors as possible allowed, and at least `wanted` where we may raise the hard limit; how many are.

    Programs that use `select` are why systems allow few by default; here only the poller's own descriptor is ever given to it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            return hard
    return soft


def too_few(sockets: int, allowed: int) -> str:
    """What to do when a process that is allowed so many descriptors may want so many sockets; "" when they suffice."""
    needed = sockets + open_files() + SPARE
    if allowed == resource.RLIM_INFINITY or needed <= allowed:
        return ""
    return (
        f"up to {sockets} sockets may be open at once, but a process may have {allowed} files open here, and calls without "
        f"a socket fail: {_more_than(needed)}; or share them with -max_socket, or use more -workers"
    )


def prepare_descriptors(sockets: int, *, skip: bool) -> str:
    """Have so many sockets allowed, unless `skip`; what to do when that cannot be, or ""."""
    wanted = sockets + open_files() + SPARE
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if skip else raise_limit(wanted)
    return too_few(sockets, allowed)


def no_room_for(addresses: int, *, skip: bool) -> str:
    """Have so many sockets allowed, unless `skip`; why there cannot be one for each address, or ""."""
    needed = addresses + open_files() + SPARE
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if skip else raise_limit(needed)
    if allowed == resource.RLIM_INFINITY or needed <= allowed:
        return ""
    return (
        f"{addresses} addresses need a socket each, but a process may have {allowed} files open here; "
        f"{_more_than(needed)}, or give fewer addresses"
    )


def shortage(error: OSError) -> str:
    """What was short when no descriptor was to be had, how much of it there is, and what to do; "" for other errors."""
    if error.errno == errno.EMFILE:
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return f"a process may have {soft} files open here; {_more_than(soft + 1)}"
    if error.errno == errno.ENFILE:
        return "this machine has too many files open; raise the limit with 'sysctl fs.file-max'"
    return ""


def _more_than(needed: int) -> str:
    """The command that has more files allowed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return f"start it after 'ulimit -n {needed if hard == resource.RLIM_INFINITY else hard}'"
    command = f"sudo prlimit --pid $$ --nofile={max(needed, 2 * hard)}"
    return f"first run '{command}' in the same shell, for 'ulimit -n' ends at {hard}"
