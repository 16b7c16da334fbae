# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the checks look at: the steps of a scenario, or of its <init>, as they were read and as they are run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.scenario.diagnostics.paths import Paths
from engine.scenario.model import Step
from engine.scenario.reading import Draft, Reading, Section


@dataclass(frozen=True)
class Subject:
    """`steps` are what the drafts of `section` became, one by one. `unexpected` is the index behind `_unexp.main`."""

    section: Section
    steps: Sequence[Step]
    reading: Reading = field(repr=False)
    unexpected: int | None

    @property
    def drafts(self) -> Sequence[Draft]:
        """The steps as they stand in the file."""
        return self.section.drafts

    @cached_property
    def paths(self) -> Paths:
        """The ways that a call can take."""
        return Paths(self.steps, self.unexpected)

    @cached_property
    def reached(self) -> bytearray:
        """For each node of `paths` whether a call can come there."""
        return self.paths.reachable([0])
