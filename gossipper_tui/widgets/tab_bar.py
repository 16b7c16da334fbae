# SPDX-License-Identifier: AGPL-3.0-or-later
"""A row of tabs in one line; the chosen one is in brackets, so that it is seen without colour too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class TabBar(Widget):
    """Labels beside each other, one of them chosen; `Chosen` tells of a click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab-bar--chosen", "tab-bar--other"}

    DEFAULT_CSS = """
    TabBar {
        height: 1;
        background: $background;
        & > .tab-bar--chosen { color: $accent; text-style: bold; }
        & > .tab-bar--other { color: $dim; }
    }
    """

    labels: reactive[tuple[str, ...]] = reactive((), layout=True)
    chosen: reactive[int] = reactive(0)

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, bar: TabBar, index: int) -> None:
            self.bar, self.index = bar, index
            super().__init__()

        @property
        def control(self) -> TabBar:
            """The bar that was clicked."""
            return self.bar

    def __init__(self, labels: Sequence[str] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(TabBar.labels, tuple(labels))

    def render(self) -> Text:
        """All labels in one line, the chosen one as `[label]`."""
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        for index, label in enumerate(self.labels):
            chosen = index == self.chosen
            style = self.get_component_rich_style("tab-bar--chosen" if chosen else "tab-bar--other", partial=True)
            text.append(f"[{label}]" if chosen else f" {label} ", style)
        return text

    def get_content_width(self, container: object, viewport: object) -> int:
        """The labels with the brackets that each may have."""
        return sum(len(label) + 2 for label in self.labels)

    def on_click(self, event: events.Click) -> None:
        """Choose the label under the mouse."""
        right = 0
        for index, label in enumerate(self.labels):
            right += len(label) + 2
            if event.x < right:
                self.post_message(self.Chosen(self, index))
                return
