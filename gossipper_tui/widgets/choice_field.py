# SPDX-License-Identifier: AGPL-3.0-or-later
"""A field to choose one of a few words in: all are seen, the chosen one is in brackets."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
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
        height: 1;
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

    def render(self) -> Text:
        """`[u1] un  t1`."""
        text = Text(no_wrap=True, end="")
        for choice in self.choices:
            chosen = choice == self.value
            style = self.get_component_rich_style("choice-field--chosen" if chosen else "choice-field--other", partial=True)
            text.append(f"[{choice}]" if chosen else f" {choice} ", style)
        return text

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
        right = self.styles.padding.left
        for choice in self.choices:
            right += len(choice) + 2
            if event.x < right:
                self.choose(choice)
                return
