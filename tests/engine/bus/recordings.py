# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings made by hand, for tests that read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.messages import Event


def write_recording(path: Path, events: Sequence[Event], step_ns: int = 0) -> None:
    """A recording of these events, so far apart."""
    lines = (msgspec.json.encode({"at_ns": index * step_ns, "event": event}) for index, event in enumerate(events))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
