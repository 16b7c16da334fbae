# SPDX-License-Identifier: AGPL-3.0-or-later
"""The highest rate without a failed call: raised step by step until most runs at a step are not clean."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.bench.candidates import Candidate
from tests.bench.runs import OVER_UDP, Flags, run_pair

CLIMB = (5000.0, 8000.0, 10_000.0, 12_000.0, 15_000.0, 20_000.0, 25_000.0, 30_000.0)
CLIMB_SECONDS = 3


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def is_clean(uac: Candidate, uas: Candidate, rate: float, repetitions: int, flags: Flags = OVER_UDP) -> bool:
    """Whether most runs at this rate are clean; it stops as soon as that is known."""
    clean = failed = 0
    while 2 * max(clean, failed) <= repetitions:
        pair = run_pair(uac, uas, rate, round(rate * CLIMB_SECONDS), whole=False, flags=flags)
        clean, failed = clean + pair.clean, failed + (not pair.clean)
        say(f"{uac.name} to {uas.name} at {rate:g}/s: {'clean' if pair.clean else f'not clean: {pair.uac.totals}'}")
    return clean > failed


def highest_clean_rate(
    uac: Candidate, uas: Candidate, climb: Sequence[float], repetitions: int, flags: Flags = OVER_UDP
) -> str:
    """The last rate of the climb before the first that is not clean."""
    reached = 0.0
    for rate in climb:
        if not is_clean(uac, uas, rate, repetitions, flags):
            break
        reached = rate
    return f"{reached:g}" if reached else f"below {climb[0]:g}"
