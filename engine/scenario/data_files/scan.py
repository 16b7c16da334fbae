# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cutting the bytes of a data file into lines, a large piece at a time and without a step of Python for each line."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, islice

from engine.errors import ScenarioError
from engine.scenario.data_files.heading import Heading, parse_heading

MOST_LINE_BYTES = 1 << 16
"""More than a message can take."""


def line_number(line: int, skipped: Sequence[int]) -> int:
    """The number in the file, from 1, of data line `line`; `skipped` has for each comment how many data lines precede it."""
    return line + 2 + bisect_right(skipped, line)


class Scan:
    """Takes a file piece by piece and hands its lines on, joined, without comments and line ends.

    `starts` says where each line starts in what was handed on, and at last where they end; `skipped`, for each comment, how
    many lines of data precede it. `ended_at` is the number of the empty line that ended the data, or 0; `left` is whether
    more than comments was seen behind it.
    """

    def __init__(self, path: str, write: Callable[[bytes], None]) -> None:
        self.heading: Heading | None = None
        self.starts = array("I", [0])
        self.skipped = array("I")
        self.ended_at = 0
        self.left = False
        self._path = path
        self._write = write
        self._rest = b""

    @property
    def lines(self) -> int:
        """How many lines of data there are so far."""
        return len(self.starts) - 1

    def feed(self, piece: bytes) -> bool:
        """Take the next bytes; False when no more are wanted. Raises ScenarioError."""
        if self.heading is None and not self._rest:
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        block = self._rest + piece
        end = block.rfind(b"\n") + 1
        self._rest = block[end:]
        if end:
            self._take(block[:end])
        if len(self._rest) > MOST_LINE_BYTES:
            self._refuse_long(self.lines)
        return not self.ended_at

    def finish(self) -> None:
        """The file has ended. Raises ScenarioError."""
        if self._rest and not self.ended_at:
            self._take(self._rest + b"\n")
        if self.heading is None:
            self.heading = parse_heading(self._path, b"")
        if not self.lines:
            below = f"the data ends with the empty line {self.ended_at}" if self.ended_at else "add one below the first"
            raise ScenarioError(self._path, 0, 0, "the data file has no line of data", below)

    def _take(self, block: bytes) -> None:
        """Whole lines."""
        lines = block.replace(b"\r\n", b"\n").split(b"\n")
        lines.pop()
        if self.heading is None:
            self.heading = parse_heading(self._path, lines.pop(0))
        if b"" in lines:
            lines = self._before_empty(lines)
        if block.startswith(b"#") or b"\n#" in block:
            lines = self._without_comments(lines)
        lengths = list(map(len, lines))
        if lengths and max(lengths) > MOST_LINE_BYTES:
            self._refuse_long(self.lines + next(i for i, length in enumerate(lengths) if length > MOST_LINE_BYTES))
        self.starts.extend(islice(accumulate(lengths, initial=self.starts[-1]), 1, None))
        self._write(b"".join(lines))

    def _before_empty(self, lines: list[bytes]) -> list[bytes]:
        at = lines.index(b"")
        self.ended_at = 2 + self.lines + len(self.skipped) + at
        self.left = any(line and not line.startswith(b"#") for line in [*lines[at:], self._rest])
        return lines[:at]

    def _without_comments(self, lines: list[bytes]) -> list[bytes]:
        kept: list[bytes] = []
        for line in lines:
            if line.startswith(b"#"):
                self.skipped.append(self.lines + len(kept))
            else:
                kept.append(line)
        return kept

    def _refuse_long(self, line: int) -> None:
        number = line_number(line, self.skipped)
        raise ScenarioError(self._path, number, 1, f"a line of more than {MOST_LINE_BYTES} bytes", "what is this file?")
