# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files (`-inf`): lines of fields that fill `[field0]`, `[field1]` … in the messages of a call.

The first line says in which order calls take lines (`heading`, `order`), and perhaps that lines are made of a pattern
(`printf`); the others hold fields parted by `;`. A line that starts with `#` is a comment, lines may end in LF or CRLF, and
the first empty one ends the data, as in SIPp.

A run reads each file once (`loading`, `scan`), into memory without a name that its shards map: a million lines cost their own
size and four bytes each, once a machine. A shard splits a line when a call takes it (`table`). Not the file itself is mapped,
because whoever shortened it during the run would have killed all shards (SIGBUS).

What a scenario inserts and replaces, and the index by which it looks lines up (`index`), is each shard's own.
"""

from __future__ import annotations

from engine.scenario.data_files.heading import OrderName
from engine.scenario.data_files.loaded import LoadedFile
from engine.scenario.data_files.table import DataFile, Problem

__all__ = ["DataFile", "LoadedFile", "OrderName", "Problem"]
