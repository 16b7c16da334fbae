# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of a run that monitoring systems are told: each with its name, its kind, its unit and a line of help.

They are read from what the run tells of itself (`RunStarted`, `Snapshot`) and know no monitoring system.
"""

from __future__ import annotations

from engine.export.figures.calls import CALLS
from engine.export.figures.figure import Figure, Kind, Told
from engine.export.figures.media import MEDIA
from engine.export.figures.run import RUN

FIGURES: tuple[Figure, ...] = (*RUN, *CALLS, *MEDIA)
"""All of them, in the order in which they are told."""

__all__ = ["FIGURES", "Figure", "Kind", "Told"]
