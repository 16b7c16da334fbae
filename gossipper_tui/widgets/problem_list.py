# SPDX-License-Identifier: AGPL-3.0-or-later
"""All problems of a scenario, a cursor on one of them."""

from __future__ import annotations

from engine.messages import Problem
from gossipper_tui.views.scenario import problem_lines
from gossipper_tui.widgets.lines import LineCursor


class ProblemList(LineCursor):
    """A line a problem; `Moved.index` is the problem's index. It hides when there is none."""

    DEFAULT_CSS = """
    ProblemList {
        height: auto;
        max-height: 5;
        border-top: solid $frame;
        border-title-color: $error;
        border-title-style: bold;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="problems")
        self.problems: tuple[Problem, ...] = ()
        self.display = False

    def describe(self, problems: tuple[Problem, ...]) -> None:
        """Show these problems."""
        self.problems = problems
        self.display = bool(problems)
        self.styles.height = len(problems) + 1
        self.show(problem_lines(problems))
        self.point_at(0)
