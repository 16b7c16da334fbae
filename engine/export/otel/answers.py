# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a collector said to a batch, in one form for OTLP over gRPC and HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MOST_TOLD = 200
"""Characters of what a collector says; it is for one line."""


class Fate(Enum):
    """What became of a batch. `AWAY`: it may be sent again; `REFUSED`: it must not be (OTLP 1.x, Failures)."""

    TAKEN = "taken"
    AWAY = "away"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `why` is for a person; of a batch that was taken it says why `rejected` of its items were not.

    `wait_s` is how long the collector wants to be left alone, where it said so.
    """

    fate: Fate
    why: str = ""
    rejected: int = 0
    wait_s: float | None = None


UNSENT = Answer(Fate.REFUSED, "OpenTelemetry's SDK cannot encode it")
"""When a batch never went on its way."""


def taken(rejected: int, message: str) -> Answer:
    """The collector took it, but for so many; a message without any of these is a warning of its own."""
    return Answer(Fate.TAKEN, in_short(message), max(0, rejected))


def in_short(text: str) -> str:
    """A text of somebody else's as a part of a line."""
    told = " ".join(text.split())
    return told if len(told) <= MOST_TOLD else told[: MOST_TOLD - 1] + "…"
