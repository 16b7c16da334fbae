# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a data file on disk to memory that shards share. All of this reads files: call it where nobody waits for you."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from fcntl import F_ADD_SEALS, F_SEAL_GROW, F_SEAL_SHRINK, fcntl
from itertools import islice, pairwise
from mmap import ACCESS_READ, mmap

from engine.errors import ScenarioError
from engine.scenario.data_files.heading import Heading, PrintfNumbers
from engine.scenario.data_files.index import buckets_for, build_index, key_in
from engine.scenario.data_files.loaded import LoadedFile
from engine.scenario.data_files.printf import BadPattern, compile_pattern, fill
from engine.scenario.data_files.scan import Scan, line_number
from engine.scenario.input_files import Unreadable, open_regular, read_head

MOST_DATA_BYTES = 1 << 31
"""Places in a file are counted in four bytes."""
MOST_INDEXED_LINES = 20_000_000
"""A PRINTF file has as many lines as it says, and in an index each costs memory."""
MOST_TRIED_PATTERNS = 1000
_HEAD_BYTES = 1 << 17
_PIECE_BYTES = 1 << 20
_AT_ONCE_LINES = 10_000


def check_data_file(path: str) -> Heading:
    """What the first line says; a look at the next ones shows whether they are data. Raises ScenarioError."""
    try:
        head = read_head(path, MOST_DATA_BYTES, _HEAD_BYTES)
    except Unreadable as error:
        raise _unreadable(path, error) from None
    data = bytearray()
    scan = Scan(path, data.extend)
    scan.feed(head)
    if len(head) < _HEAD_BYTES or scan.heading is None:
        scan.finish()
    return _checked(path, scan, data)


def load_data_file(path: str, indexed_field: int | None = None) -> LoadedFile:
    """Read a data file into memory of its own, with an index when a field is named. Whoever gets it closes its descriptor.

    Raises ScenarioError.
    """
    try:
        source = open_regular(path, MOST_DATA_BYTES)
    except Unreadable as error:
        raise _unreadable(path, error) from None
    try:
        memory = os.memfd_create(os.path.basename(path)[:200], os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            return _fill(memory, source, path, indexed_field)
        except BaseException:
            os.close(memory)
            raise
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    finally:
        os.close(source)


def _fill(memory: int, source: int, path: str, indexed_field: int | None) -> LoadedFile:
    scan = Scan(path, lambda data: _write(memory, data))
    while (piece := os.read(source, _PIECE_BYTES)) and scan.feed(piece):
        pass
    scan.finish()
    data_bytes = scan.starts[-1]
    _write(memory, bytes(-data_bytes % 4))
    _write(memory, scan.starts)
    _write(memory, scan.skipped)
    with mmap(memory, 0, access=ACCESS_READ) as data:
        heading = _checked(path, scan, data)
        size = heading.printf.count if heading.printf else scan.lines
        if indexed_field is not None:
            _add_index(memory, path, _keys(data, scan, heading.printf, indexed_field), size)
    fcntl(memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK)
    return LoadedFile(
        path=path,
        descriptor=memory,
        heading=heading,
        data_bytes=data_bytes,
        lines=scan.lines,
        comments=len(scan.skipped),
        indexed_field=indexed_field,
        buckets=0 if indexed_field is None else buckets_for(size),
        warnings=(*heading.warnings, *_unread(path, scan, os.read(source, 1))),
    )


def _add_index(memory: int, path: str, keys: Iterator[bytes], lines: int) -> None:
    if lines > MOST_INDEXED_LINES:
        raise ScenarioError(path, 0, 0, f"it has {lines} lines, and an index is made of at most {MOST_INDEXED_LINES}")
    try:
        for numbers in build_index(keys, lines):
            _write(memory, numbers)
    except BadPattern as error:
        raise ScenarioError(path, 0, 0, str(error)) from None


def _write(memory: int, data: bytes | array[int]) -> None:
    left = memoryview(data).cast("B")
    while left:
        left = left[os.write(memory, left) :]


def _unread(path: str, scan: Scan, more: bytes) -> Iterator[str]:
    if scan.ended_at and (scan.left or more):
        yield f"{path}:{scan.ended_at}: an empty line ends the data, as in SIPp; the lines behind it are not read"


def _checked(path: str, scan: Scan, data: bytearray | mmap) -> Heading:
    """The heading; the first patterns of a PRINTF file are tried. Raises ScenarioError."""
    assert scan.heading is not None
    for line in range(min(scan.lines, MOST_TRIED_PATTERNS) if scan.heading.printf else 0):
        try:
            compile_pattern(bytes(data[scan.starts[line] : scan.starts[line + 1]]))
        except BadPattern as error:
            raise ScenarioError(path, line_number(line, scan.skipped), 0, str(error)) from None
    return scan.heading


def _keys(data: mmap, scan: Scan, numbers: PrintfNumbers | None, field: int) -> Iterator[bytes]:
    """The key of each line, in their order."""
    lines = _lines(data, scan.starts)
    if numbers is None:
        for line in lines:
            yield key_in(line, field)
        return
    patterns = [compile_pattern(line) for line in islice(lines, numbers.count)]
    for number in range(numbers.count):
        yield key_in(fill(patterns[number % scan.lines], number * numbers.multiple + numbers.offset), field)


def _lines(data: mmap, starts: array[int]) -> Iterator[bytes]:
    """The lines, of which many at a time are copied out of the memory: to cut them from it one by one takes twice as long."""
    for first in range(0, len(starts) - 1, _AT_ONCE_LINES):
        places = starts[first : first + _AT_ONCE_LINES + 1]
        block = data[places[0] : places[-1]]
        for start, end in pairwise(places):
            yield block[start - places[0] : end - places[0]]


def _unreadable(path: str, why: object) -> ScenarioError:
    return ScenarioError(path, 0, 0, f"cannot read the data file: {why}")
