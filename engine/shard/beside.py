# SPDX-License-Identifier: AGPL-3.0-or-later
"""Work beside the loop that nobody on it waits for, one piece after the other: a file that a call has named."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Beside:
    """One thread, as long as there is work. A daemon: a disk that never answers keeps no program from ending."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: deque[Callable[[], object]] = deque()
        self._works = False

    def run(self, work: Callable[[], object]) -> None:
        """Do this, which raises nothing, after what was asked for before."""
        with self._lock:
            self._work.append(work)
            if self._works:
                return
            self._works = True
        threading.Thread(target=self._do, name="beside the loop", daemon=True).start()

    def _do(self) -> None:
        while True:
            with self._lock:
                if not self._work:
                    self._works = False
                    return
                work = self._work.popleft()
            work()
