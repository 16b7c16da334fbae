# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening and writing the files of a run; the only place of this package that touches a disk.

Every function raises ReportError for what the system refuses.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from engine.errors import ReportError


class LogFile:
    """A file that a log is appended to, from one thread at a time. What `append` took is in the file when it returns."""

    def __init__(self, path: str, *, overwrite: bool = True) -> None:
        """Open the file: anew, or with `overwrite` false at the end of what is there."""
        self._path = path
        try:
            self._file = io.BufferedWriter(io.FileIO(path, "w" if overwrite else "a"))
        except OSError as error:
            raise ReportError(path, error) from None

    def append(self, data: bytes) -> None:
        """Write `data` at the end."""
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise ReportError(self._path, error) from None

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
