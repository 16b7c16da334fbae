# SPDX-License-Identifier: AGPL-3.0-or-later
"""The groups of options, with how many in each are wrong, or else how many differ from their defaults."""

from __future__ import annotations

from collections.abc import Iterable

from engine.options import Group, RunConfig, option
from gossipper_tui.views.form import changed_in
from gossipper_tui.views.spans import Span, Tone, line
from gossipper_tui.widgets.lines import LineCursor

GROUPS = tuple(Group)


class OptionGroups(LineCursor):
    """A line a group; `Moved.index` is its place in `GROUPS`."""

    def update(self, config: RunConfig, wrong: Iterable[str]) -> None:
        """Show this configuration; `wrong` names the options that have a problem."""
        wrong_groups = [option(name).setting.group for name in wrong]
        lines = []
        for group in GROUPS:
            changed, problems = changed_in(config, group), wrong_groups.count(group)
            lines.append(line(f" {group.value:<15}", _mark(changed, problems)))
        self.show(lines)

    @property
    def group(self) -> Group:
        """The group under the cursor."""
        return GROUPS[self.cursor]


def _mark(changed: int, problems: int) -> Span:
    """A narrow screen has room for one: what is wrong comes first."""
    if problems:
        return Span(f" ✗ {problems}", Tone.BAD)
    return Span(f"● {changed}" if changed else "", Tone.WARN)
