# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether work grows with its input as it may: what hostile input of the network must not be able to change."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES_LONGER = 8
MOST_TIMES_AS_LONG = 24
"""Of eight times the input: in proportion it takes some 8 times as long, with the square 64 times."""
TRIES = 5


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether `work(8 * size)` takes clearly less than the square of 8 times as long as `work(size)`.

    Compares the best of several tries, of the process's own time: other processes do not count.
    """
    return any(
        _least_ns(work, size * TIMES_LONGER, 2) <= MOST_TIMES_AS_LONG * max(_least_ns(work, size, 5), 1000)
        for _ in range(TRIES)
    )


def _least_ns(work: Callable[[int], object], size: int, tries: int) -> int:
    least_ns = 0
    for _ in range(tries):
        start_ns = time.process_time_ns()
        work(size)
        spent_ns = time.process_time_ns() - start_ns
        least_ns = min(least_ns or spent_ns, spent_ns)
    return least_ns
