# SPDX-License-Identifier: AGPL-3.0-or-later
"""A field to choose one of a few words in: all are seen, on as many lines as that takes, the chosen one is in brackets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class ChoiceField(Widget, can_focus=True):
    """Left, right, space and enter choose; `Changed` tells of it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice-field--chosen", "choice-field--other"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Choose", show=False),
        Binding("right,space,enter", "step(1)", "Choose", show=False),
    ]

    DEFAULT_CSS = """
    ChoiceField {
        height: auto;
        padding: 0 1;
        background: $panel;
        & > .choice-field--chosen { color: $foreground; text-style: bold; }
        & > .choice-field--other { color: $dim; }
        &:focus { background: $cursor; }
        &:focus > .choice-field--chosen { color: $cursor-text; }
        &:focus > .choice-field--other { color: $cursor-text; }
    }
    """

    value: reactive[str] = reactive("")

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, field: ChoiceField, value: str) -> None:
            self.field, self.value = field, value
            super().__init__()

    def __init__(self, choices: tuple[str, ...], value: str) -> None:
        super().__init__()
        self.choices = choices
        self.set_reactive(ChoiceField.value, value)

    @property
    def cells(self) -> int:
        """The width that all words take on one line."""
        return sum(len(choice) + 2 for choice in self.choices)

    def render(self) -> Text:
        """`[u1] un  t1`."""
        text = Text(no_wrap=True, end="")
        column = 0
        for choice, x, _ in self._places(self.content_size.width):
            text.append("\n" if text and x == 0 else " " * (x - column))
            chosen = choice == self.value
            style = self.get_component_rich_style("choice-field--chosen" if chosen else "choice-field--other", partial=True)
            text.append(f"[{choice}]" if chosen else f" {choice} ", style)
            column = x + len(choice) + 2
        return text

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that all words take."""
        return 1 + max(line for _, _, line in self._places(width))

    def _places(self, width: int) -> Iterator[tuple[str, int, int]]:
        """Each word with its column and its line, counted from 0."""
        x = line = 0
        for choice in self.choices:
            if x and x + len(choice) + 2 > width:
                x, line = 0, line + 1
            yield choice, x, line
            x += len(choice) + 2

    def choose(self, value: str) -> None:
        """Choose as the person does."""
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))

    def action_step(self, places: int) -> None:
        """The next or the previous word, around the ends."""
        index = self.choices.index(self.value) if self.value in self.choices else 0
        self.choose(self.choices[(index + places) % len(self.choices)])

    def on_click(self, event: events.Click) -> None:
        """The word under the mouse."""
        clicked = event.get_content_offset(self)
        if clicked is None:
            return
        for choice, x, line in self._places(self.content_size.width):
            if clicked.y == line and x <= clicked.x < x + len(choice) + 2:
                self.choose(choice)
                return
