# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings to WAV files that never slow a call.

The loop only appends pieces of sound to a list, up to `MOST_WAITING_BYTES`; what comes beyond that is dropped, counted, and
silence in the file, so that what follows is in its place. Once a tick the list is handed to a thread that writes, file after
file: it holds one descriptor however many calls are recorded. A file's head is right after each write, so that the file can be
played when the run was killed. A disk that is full ends the recordings, not the calls.

Each number below is written by one thread only, the loop's or the writer's: `+=` of two threads loses counts.
"""

from __future__ import annotations

import errno
import os
import queue
import re
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from engine.media.audio.recording import Piece
from engine.media.audio.wav import HEAD_BYTES, MOST_BYTES, wav_head

MOST_WAITING_BYTES: Final = 64 << 20
LAST_WRITES_S: Final = 3.0
"""How long the end of a run waits for the last writes."""
MOST_NAMES: Final = 10_000
"""Files of one name that are told apart by a number; and names of which that is remembered."""
MOST_NAME: Final = 120
"""Characters of a part of a file name that was not chosen by the user; systems take names of 255 bytes."""

_ENTRY_BYTES: Final = 200
"""What a piece takes beside its samples."""
_CLOCK_STEP_NS: Final = 10_000_000
"""File systems' clocks are behind by that."""
_FOR_ALL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE})
"""What stops no single file but the disk, or all."""
_AGAIN: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_ANEW: Final = _AGAIN | os.O_CREAT | os.O_EXCL
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9@+=_.-]")


def safe_name(text: str) -> str:
    """A text of a peer's (a Call-ID) as a part of a file name: it leads nowhere, hides nothing and has an end."""
    return _UNSAFE.sub("_", text)[:MOST_NAME].lstrip(".") or "_"


def recording_name(number: int, call_id: str) -> str:
    """The name of a call's recording in the folder of all."""
    return f"{number:06d}-{safe_name(call_id)}.wav"


class RecordedFile:
    """One recording. What is written to it goes by way of `Recordings`."""

    __slots__ = ("channels", "left_out", "over", "path", "rate", "real_path", "size")

    def __init__(self, path: str, rate: int, channels: int) -> None:
        self.path = path
        self.rate = rate
        self.channels = channels
        self.over = False
        """Nothing is written to it any more; of both threads, and never false again."""
        self.left_out = 0
        """The loop's: bytes that were dropped since the last that was not."""
        self.size = 0
        """The writer's: bytes of samples in the file."""
        self.real_path = ""
        """The writer's: the file, when it is there."""


_Entry: TypeAlias = tuple[RecordedFile, Piece]


class Recordings:
    """The recordings of a shard. All methods are for the loop's thread; only `close` waits, and not for long."""

    def __init__(self, warn: Callable[[str], None], *, most_waiting_bytes: int = MOST_WAITING_BYTES) -> None:
        """`warn` is called from the loop's thread, once for each thing that is wrong."""
        self.started = 0
        """Files that were begun."""
        self._refused = 0
        self._warn = warn
        self._most_waiting = most_waiting_bytes
        self._entries: list[_Entry] = []
        self._taken_bytes = 0
        self._batches: queue.SimpleQueue[list[_Entry] | None] = queue.SimpleQueue()
        self._problems: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._writer = _Writer(self._batches, self._problems)
        self._thread: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """Pieces that are silence in their files, or in no file."""
        return self._refused + self._writer.lost

    def start(self, path: str, rate: int, channels: int) -> RecordedFile:
        """Begin a file, which is there soon after. When a file of this run has the name, it gets a number before its suffix."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._writer.run, name="recordings", daemon=True)
            self._thread.start()
        self.started += 1
        file = RecordedFile(path, rate, channels)
        self.add(file, [b""])
        return file

    def add(self, file: RecordedFile, pieces: list[Piece]) -> None:
        """Take pieces for a file, or drop them when too much waits."""
        for piece in pieces:
            size = piece if isinstance(piece, int) else len(piece)
            if file.over or self._writer.stopped:
                self._refused += 1
            elif self._taken_bytes - self._writer.written_bytes > self._most_waiting:
                self._refused += 1
                file.left_out += size
            else:
                if file.left_out:
                    self._take(file, file.left_out)
                    file.left_out = 0
                self._take(file, piece)

    def _take(self, file: RecordedFile, piece: Piece) -> None:
        self._taken_bytes += weight_of(piece)
        self._entries.append((file, piece))

    def flush(self) -> None:
        """Hand what was taken to the writer, and tell what is wrong; once a tick."""
        if self._entries:
            self._batches.put(self._entries)
            self._entries = []
        while not self._problems.empty():
            self._warn(self._problems.get())

    def close(self) -> None:
        """Write what is left, if that can be done soon."""
        if self._thread is None:
            return
        self.flush()
        self._batches.put(None)
        self._thread.join(LAST_WRITES_S)
        if self._thread.is_alive():
            self._writer.stopped = True
            self._warn("recordings: the disk takes no more; the last of them are not whole")
        self.flush()
        self._thread = None


def weight_of(piece: Piece) -> int:
    """What a piece takes in memory."""
    return _ENTRY_BYTES + (0 if isinstance(piece, int) else len(piece))


class _Writer:
    """What the thread does."""

    def __init__(self, batches: queue.SimpleQueue[list[_Entry] | None], problems: queue.SimpleQueue[str]) -> None:
        self.written_bytes = 0
        self.lost = 0
        """Pieces that could not be written."""
        self.stopped = False
        self._batches = batches
        self._problems = problems
        self._told: set[str] = set()
        self._began_ns = time.time_ns()
        self._numbers: dict[str, int] = {}

    def run(self) -> None:
        """Write batches until there are no more."""
        while (batch := self._batches.get()) is not None:
            files: dict[RecordedFile, list[Piece]] = {}
            for file, piece in batch:
                files.setdefault(file, []).append(piece)
            for file, pieces in files.items():
                if file.over or self.stopped:
                    self.lost += len(pieces)
                else:
                    self._append(file, pieces)
                self.written_bytes += sum(map(weight_of, pieces))

    def _append(self, file: RecordedFile, pieces: list[Piece]) -> None:
        try:
            descriptor = os.open(file.real_path, _AGAIN) if file.real_path else self._create(file)
            try:
                write_pieces(descriptor, file, pieces)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._failed(file, error)
            self.lost += len(pieces)

    def _failed(self, file: RecordedFile, error: OSError) -> None:
        file.over = True
        reason = error.strerror or str(error)
        if error.errno in _FOR_ALL:
            self.stopped = True
            self._tell(f"{file.path}: {reason}; nothing is recorded any more, calls go on")
        else:
            folder = os.path.dirname(file.path) or "."
            self._tell(f"cannot record to {folder}: {reason}; calls go on", about=f"{folder} {error.errno}")

    def _tell(self, text: str, about: str = "") -> None:
        if len(self._told) < MOST_NAMES and (about or text) not in self._told:
            self._told.add(about or text)
            self._problems.put(text)

    def _create(self, file: RecordedFile) -> int:
        """A new file of the wanted name, or of one that is free: what this run has recorded is not overwritten."""
        path = file.path
        for _ in range(MOST_NAMES):
            try:
                descriptor = _open_new(path)
            except FileExistsError:
                descriptor = self._open_old(path)
            if descriptor >= 0:
                file.real_path = path
                return descriptor
            path = self._next_name(file.path)
        raise OSError(errno.EEXIST, f"there are {MOST_NAMES} recordings of this name")

    def _open_old(self, path: str) -> int:
        """A file that was there before the run, emptied; -1 when it is of this run. Raises OSError."""
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, f"{path} is a link, a device or a folder")
        if found.st_mtime_ns >= self._began_ns - _CLOCK_STEP_NS:
            return -1
        return os.open(path, _AGAIN | os.O_TRUNC)

    def _next_name(self, path: str) -> str:
        if len(self._numbers) >= MOST_NAMES:
            self._numbers.clear()
        number = self._numbers[path] = self._numbers.get(path, 1) + 1
        if number == 2:
            self._tell(f"{path}: another call of this run is recorded there already; the next have a number before the suffix")
        stem, suffix = os.path.splitext(path)
        return f"{stem}.{number}{suffix}"


def _open_new(path: str) -> int:
    """Create a file that is not there yet, and its folder. Raises FileExistsError and other OSErrors."""
    try:
        return os.open(path, _ANEW, 0o666)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, _ANEW, 0o666)


def write_pieces(descriptor: int, file: RecordedFile, pieces: list[Piece]) -> None:
    """Append pieces, and have the head say so; silence is a hole where the file system knows holes. Raises OSError."""
    size = file.size
    for run in _joined(pieces):
        if isinstance(run, int):
            size += run
            os.ftruncate(descriptor, HEAD_BYTES + min(size, MOST_BYTES))
            continue
        view = memoryview(run)[: max(0, MOST_BYTES - size)]
        while view:
            written = os.pwrite(descriptor, view, HEAD_BYTES + size)
            size += written
            view = view[written:]
    file.size = min(size, MOST_BYTES)
    os.pwrite(descriptor, wav_head(file.rate, file.channels, file.size), 0)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The same with neighbours put together, so that a file is written with few calls."""
    joined: list[Piece] = []
    sounds: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, int):
            if sounds:
                joined.append(b"".join(sounds))
                sounds = []
            joined.append(piece)
        else:
            sounds.append(piece)
    if sounds:
        joined.append(b"".join(sounds))
    return joined
