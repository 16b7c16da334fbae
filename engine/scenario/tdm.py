# SPDX-License-Identifier: AGPL-3.0-or-later
"""TDM circuits (`-tdmmap {0-3}{99}{5-8}{1-31}`): each open call holds one, and `[tdmmap]` names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.scenario.problems import Misuse

_MAP = re.compile(r"\{(\d+)-(\d+)\}\{(\d+)\}\{(\d+)-(\d+)\}\{(\d+)-(\d+)\}")


@dataclass(frozen=True, slots=True)
class TdmMap:
    """The three ranges of a map, and the number between the first two."""

    first: range
    fixed: int
    second: range
    third: range

    @classmethod
    def parse(cls, text: str) -> TdmMap:
        """Raises Misuse."""
        found = _MAP.fullmatch(text.strip())
        if not found:
            what = f"'{text}' is no map of circuits" if text else "[tdmmap] needs a map of circuits"
            raise Misuse(what, "write -tdmmap {0-3}{99}{5-8}{1-31}")
        a, b, fixed, c, d, e, f = (int(number) for number in found.groups())
        return cls(range(a, b + 1), fixed, range(c, d + 1), range(e, f + 1))

    @property
    def circuits(self) -> int:
        """How many calls can be open at once."""
        return len(self.first) * len(self.second) * len(self.third)

    def name(self, circuit: int) -> bytes:
        """The circuit with this index as SIPp writes it: `0.99.5/1`."""
        rest, third = divmod(circuit % self.circuits, len(self.third))
        first, second = divmod(rest, len(self.second))
        return b"%d.%d.%d/%d" % (self.first[first], self.fixed, self.second[second], self.third[third])
