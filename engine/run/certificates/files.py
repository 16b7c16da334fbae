# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing certificates and keys: all of them or none, and nobody but their owner reads a key.

Every function raises CertificateError for what the system refuses.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CertificateError


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written: its name in the folder, what is in it, who may read it."""

    name: str
    data: bytes
    mode: int


def make_folder(folder: Path) -> None:
    """Make the folder and those above it where they are missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from None


def refuse_existing(folder: Path, files: Sequence[NewFile]) -> None:
    """Raise CertificateError when one of these is there already."""
    for file in files:
        if os.path.lexists(folder / file.name):
            raise CertificateError(str(folder / file.name), "is there already", "--force replaces what was issued, not the CA")


def write_all(folder: Path, files: Sequence[NewFile]) -> None:
    """Write the files. When one cannot be written, none of them is there that was not there before."""
    unfinished: list[Path] = []
    placed: list[Path] = []
    path = folder
    try:
        for file in files:
            path = folder / file.name
            unfinished.append(_write_beside(path, file))
        for file, written in zip(files, unfinished, strict=True):
            path = folder / file.name
            is_new = not os.path.lexists(path)
            written.replace(path)
            if is_new:
                placed.append(path)
    except OSError as error:
        _remove(placed)
        raise _refused(path, error) from None
    finally:
        _remove(unfinished)


def _write_beside(path: Path, file: NewFile) -> Path:
    """Write the file under another name in its folder, down to the disk, which may say only then that it is full."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as unfinished:
            os.fchmod(unfinished.fileno(), file.mode)
            unfinished.write(file.data)
            unfinished.flush()
            os.fsync(unfinished.fileno())
    except OSError:
        _remove([Path(name)])
        raise
    return Path(name)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _refused(path: Path, error: OSError) -> CertificateError:
    return CertificateError(str(path), f"cannot be written: {error.strerror or error}")
