# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening and writing the files of a run; the only place of this package that touches a disk.

Every function raises ReportError for what the system refuses.
"""

from __future__ import annotations

import io
import os
import stat
from contextlib import suppress
from pathlib import Path

from engine.errors import ReportError


class LogFile:
    """A file that a log is appended to, from one thread at a time. What `append` took is in the file when it returns.

    What it could not write whole is not in the file at all, where nobody else writes to it (`overwrite`): a disk that is full
    for a while leaves no half lines.
    """

    def __init__(self, path: str, *, overwrite: bool = True) -> None:
        """Open the file: anew, or with `overwrite` false at the end of what is there."""
        self._path = path
        try:
            self._file = io.FileIO(path, "w" if overwrite else "a")
            self._is_ours = overwrite and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        except OSError as error:
            raise ReportError(path, error) from None

    def append(self, data: bytes) -> None:
        """Write `data` at the end."""
        begin = self._file.tell() if self._is_ours else 0
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._take_back(begin)
            raise ReportError(self._path, error) from None

    def _take_back(self, begin: int) -> None:
        if self._is_ours:
            with suppress(OSError):
                self._file.seek(begin)
                self._file.truncate()

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        try:
            self._file.close()
        except OSError as error:
            raise ReportError(self._path, error) from None


def write_whole(path: str, data: bytes) -> None:
    """Write a file whole or not at all: a reader sees what was there before, or all of `data`, never a part.

    A pipe, a device or a symbolic link cannot be replaced without harm and is written straight.
    """
    try:
        if _is_ordinary(path):
            _replace(Path(path), data)
        else:
            Path(path).write_bytes(data)
    except OSError as error:
        raise ReportError(path, error) from None


def _is_ordinary(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return True


def _replace(path: Path, data: bytes) -> None:
    # In the same folder, since a rename is whole only within one file system.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
