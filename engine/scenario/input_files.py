# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading files that a user names, so that no name can hang whoever reads or fill the memory.

Only regular files are read, up to a size that their reader finds sane, and a device is not even opened: opening alone may
wait or set something off. Where a shell's `<(…)` is to be expected, `read_pipe` also reads pipes, for a limited time. A disk
may be slow none the less: call these where nobody waits for you.
"""

from __future__ import annotations

import os
import select
import stat
import time

_AT_ONCE_BYTES = 1 << 16
PIPE_LIMIT_S = 5.0
"""How long a pipe may say nothing before its reader gives up."""
PIPE_WHOLE_LIMIT_S = 30.0
"""How long reading all of a pipe may take."""


class Unreadable(Exception):
    """A file that cannot be read, or that we will not read; the text says why."""


class Missing(Unreadable):
    """There is no file by that name."""


class IsDirectory(Unreadable):
    """The name is that of a directory."""


def size_text(size: int) -> str:
    """A number of bytes for people."""
    return next((f"{size >> shift} {unit}" for shift, unit in ((30, "GiB"), (20, "MiB")) if size >> shift), f"{size} bytes")


def check_regular(path: str, most_bytes: int) -> None:
    """Look whether a file could be read, without opening it. Raises Unreadable."""
    _check(_stat(path), most_bytes)


def is_pipe(path: str) -> bool:
    """Whether there is a pipe by this name."""
    try:
        return stat.S_ISFIFO(_stat(path).st_mode)
    except Unreadable:
        return False


def open_regular(path: str, most_bytes: int) -> int:
    """A descriptor from which a regular file can be read, to be closed by the caller. Raises Unreadable."""
    check_regular(path, most_bytes)
    descriptor = _open(path)
    try:
        _check(os.fstat(descriptor), most_bytes)
    except Unreadable:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(path: str, most_bytes: int) -> bytes:
    """All of a regular file. Raises Unreadable."""
    descriptor = open_regular(path, most_bytes)
    try:
        return _read(descriptor, most_bytes)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    finally:
        os.close(descriptor)


def read_head(path: str, most_bytes: int, head_bytes: int) -> bytes:
    """The first bytes of a regular file that may have up to `most_bytes`. Raises Unreadable."""
    descriptor = open_regular(path, most_bytes)
    try:
        return os.pread(descriptor, head_bytes, 0)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    finally:
        os.close(descriptor)


def read_pipe(path: str, most_bytes: int, limit_s: float = PIPE_LIMIT_S) -> bytes:
    """All that comes out of a pipe until its writers close it, or a regular file. Raises Unreadable."""
    if not is_pipe(path):
        return read_regular(path, most_bytes)
    descriptor = _open(path)
    try:
        return _drain(descriptor, most_bytes, limit_s)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    finally:
        os.close(descriptor)


def _stat(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except FileNotFoundError as error:
        raise Missing(error.strerror) from None
    except (OSError, ValueError) as error:
        raise Unreadable(getattr(error, "strerror", None) or str(error)) from None


def _open(path: str) -> int:
    """O_NONBLOCK: what was a file a moment ago may be a pipe by now, and opening one waits for a writer."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None


def _check(found: os.stat_result, most_bytes: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsDirectory("it is a directory")
    if stat.S_ISFIFO(found.st_mode):
        raise Unreadable("it is a pipe, which can be read only once")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("it is no regular file")
    if found.st_size > most_bytes:
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> Unreadable:
    return Unreadable(f"it is larger than {size_text(most_bytes)}")


def _read(descriptor: int, most_bytes: int) -> bytes:
    """What is there, whatever the size was said to be."""
    data = bytearray()
    while chunk := os.read(descriptor, _AT_ONCE_BYTES):
        data += chunk
        if len(data) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(data)


def _drain(descriptor: int, most_bytes: int, limit_s: float) -> bytes:
    data = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    end = time.monotonic() + PIPE_WHOLE_LIMIT_S
    while poll.poll(limit_s * 1000):
        chunk = os.read(descriptor, _AT_ONCE_BYTES)
        data += chunk
        if not chunk:
            return bytes(data)
        if len(data) > most_bytes:
            raise _too_large(most_bytes)
        if time.monotonic() > end:
            raise Unreadable(f"its end did not come within {PIPE_WHOLE_LIMIT_S:g} s")
    raise Unreadable(f"nothing more came out of the pipe for {limit_s:g} s")
