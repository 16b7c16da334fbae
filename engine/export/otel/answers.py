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


_WORDS = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    "WRONG_VERSION_NUMBER": "it has no TLS (-log_otel_insecure goes without)",
    "Failed parsing HTTP/2": "what answers is no gRPC (OTLP/HTTP is -log_otel_proto http)",
    "BadStatusLine": "what answers is no HTTP (OTLP/gRPC is -log_otel_proto grpc)",
    "Domain name not found": "Name or service not known",
    "Socket closed": "it closes the connection",
}
"""What is in the words of libraries, and what is told."""


def in_words(text: str) -> str:
    """What a library has to say of a collector that it did not reach, for a person."""
    return next((words for mark, words in _WORDS.items() if mark in text), "") or in_short(text)


UNSENT = Answer(Fate.REFUSED, "OpenTelemetry's SDK cannot encode it")
"""When a batch never went on its way."""


def taken(rejected: int, message: str) -> Answer:
    """The collector took it, but for so many; a message without any of these is a warning of its own."""
    return Answer(Fate.TAKEN, in_short(message), max(0, rejected))


def in_short(text: str) -> str:
    """A text of somebody else's as a part of a line."""
    told = " ".join(text.split())
    return told if len(told) <= MOST_TOLD else told[: MOST_TOLD - 1] + "…"
