# SPDX-License-Identifier: AGPL-3.0-or-later
"""A data file that was read: what a run tells its shards of it."""

from __future__ import annotations

import os

import msgspec

from engine.scenario.data_files.heading import Heading


class LoadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A data file in shared memory.

    `descriptor` is that of the memory, in this process and in the children that inherit it. It holds the lines, joined
    (`data_bytes` of them), and from the next multiple of four on these numbers of four bytes: where each line starts and the
    last ends (`lines` + 1), for each comment how many lines precede it (`comments`), and with an index (`indexed_field` is
    not None) `buckets` and then `size` more (`index`).
    """

    path: str
    descriptor: int
    heading: Heading
    data_bytes: int
    lines: int
    comments: int
    indexed_field: int | None = None
    buckets: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The base name, by which `file=` finds it."""
        return os.path.basename(self.path)

    @property
    def size(self) -> int:
        """How many lines calls can take."""
        return self.heading.printf.count if self.heading.printf else self.lines
