# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the scenarios of a shard play: each file is read once, and all calls share its track.

What a scenario names is read when its program is made, in a thread. Where the name differs from call to call nobody knows it
before: then it is read beside the loop when the first call names it, and that call waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.errors import MediaError
from engine.media.playable import Playable
from engine.scenario.problems import one_line

MOST_KEPT: Final = 1000
MOST_KEPT_BYTES: Final = 256 << 20
"""Of the tracks that calls have named, and what they hold; those that the scenario names itself are kept anyway."""
MOST_WAITING: Final = 1000
"""Files that calls have named and that are not read yet."""


@dataclass(slots=True)
class Made:
    """What is played, and what a person should know of it, a line each."""

    what: Playable
    notes: tuple[str, ...] = ()

    def take_notes(self) -> tuple[str, ...]:
        """The notes, for the one that tells them."""
        notes, self.notes = self.notes, ()
        return notes


Maker = Callable[[str, str], Made]
"""Makes a track of a text and the scenario that names it. Raises MediaError. Those that are equal make the same."""


class Loading:
    """A track that is being made: `result` when it is there, `problem` when it cannot be."""

    __slots__ = ("_make", "_scenario", "_text", "problem", "result")

    def __init__(self, make: Maker, text: str, scenario: str) -> None:
        self._make, self._text, self._scenario = make, text, scenario
        self.result: Made | None = None
        self.problem = ""

    def run(self) -> None:
        """Make it. Never raises."""
        try:
            self.result = self._make(self._text, self._scenario)
        except MediaError as error:
            self.problem = one_line(str(error))
        except Exception as error:
            self.problem = one_line(f"{type(error).__name__}: {error}")

    @property
    def size(self) -> int:
        """Bytes that are held for it."""
        return len(self.result.what.track.payloads) if self.result is not None else 0

    @property
    def is_over(self) -> bool:
        """It is there, or never will be."""
        return self.result is not None or bool(self.problem)


class Tracks:
    """The tracks of a shard. `beside` runs something beside the loop, one after the other; without one it is run at once."""

    def __init__(self) -> None:
        self.beside: Callable[[Callable[[], None]], None] = _at_once
        self._made: dict[tuple[Maker, str, str], Made] = {}
        self._loading: dict[tuple[Maker, str, str], Loading] = {}

    def make(self, make: Maker, text: str, scenario: str) -> Made:
        """The track of this text, now. Raises MediaError."""
        key = make, text, scenario
        if key not in self._made:
            self._made[key] = make(text, scenario)
        return self._made[key]

    def load(self, make: Maker, text: str, scenario: str) -> Loading:
        """The same beside the loop."""
        key = make, text, scenario
        found = self._loading.get(key)
        if found is None:
            found = Loading(make, text, scenario)
            if self._make_room():
                self._loading[key] = found
                self.beside(found.run)
            else:
                found.problem = f"{MOST_WAITING} other files that calls have named are to be read first"
        return found

    def _make_room(self) -> bool:
        """Forget what was named first where there is too much; False when too many are still to be read."""
        done = {key: loading.size for key, loading in self._loading.items() if loading.is_over}
        if len(self._loading) - len(done) >= MOST_WAITING:
            return False
        held = sum(done.values())
        for key, size in done.items():
            if len(self._loading) < MOST_KEPT and held < MOST_KEPT_BYTES:
                break
            del self._loading[key]
            held -= size
        return True


def _at_once(run: Callable[[], None]) -> None:
    run()
