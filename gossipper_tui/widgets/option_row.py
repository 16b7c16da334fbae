# SPDX-License-Identifier: AGPL-3.0-or-later
"""One option in the form: its label and mark, its field, its unit and flag, what it does, what is wrong with it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from engine.messages import Role
from engine.options import Option, OptionError
from gossipper_tui.views.form import choices_of, field_text, help_text, is_for, read_field, unit
from gossipper_tui.widgets.choice_field import ChoiceField
from gossipper_tui.widgets.text_field import TextField

MOST_BESIDE = 30
"""Cells of a field that stands beside its label, where there is room for no more."""


class OptionRow(Vertical):
    """Says `Edited` when the person has changed the value, with the value or with what is wrong with the text."""

    DEFAULT_CSS = """
    OptionRow {
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1 0 0;
        & > Horizontal { height: auto; }
        .option-label { width: 33; text-overflow: ellipsis; text-wrap: nowrap; }
        .option-field { width: 1fr; min-width: 10; }
        .option-field.-alone { margin: 0 0 0 2; }
        .option-unit { width: 11; padding: 0 1; color: $dim; text-wrap: nowrap; }
        .option-flag { width: auto; color: $sent; padding: 0 0 0 1; text-wrap: nowrap; }
        .option-help { width: 1fr; height: auto; padding: 0 0 0 3; color: $dim; }
        .option-problem { height: auto; padding: 0 0 0 3; color: $error; text-style: bold; display: none; }
        &.-changed .option-label { color: $warning; text-style: bold; }
        &.-irrelevant { .option-label, .option-flag, .option-help { color: $dim 60%; } }
        &.-problem .option-problem { display: block; }
        &:focus-within .option-help { color: $foreground; }
        &:focus-within .option-label { text-style: bold; }
    }
    """

    class Edited(Message):
        """The person has changed an option; `error` is there when the text means no value."""

        ALLOW_SELECTOR_MATCH: ClassVar[set[str]] = set()

        def __init__(self, option: Option, value: object, error: OptionError | None) -> None:
            self.option, self.value, self.error = option, value, error
            super().__init__()

    def __init__(self, option: Option, value: object, role: Role) -> None:
        super().__init__(id=f"option-{option.name}")
        self.option = option
        self.value = value
        self.role = role

    def compose(self) -> ComposeResult:
        """Two lines, and a third for a problem. Many words to choose from have a line of their own."""
        setting = self.option.setting
        choices = choices_of(self.option)
        field = ChoiceField(choices, field_text(self.option, self.value)) if choices else TextField(self.option, self.value)
        field.add_class("option-field")
        stands_alone = isinstance(field, ChoiceField) and field.cells > MOST_BESIDE
        field.set_class(stands_alone, "-alone")
        with Horizontal():
            yield Static(classes="option-label", markup=False)
            if not stands_alone:
                yield field
                yield Static(unit(self.option), classes="option-unit", markup=False)
        if stands_alone:
            yield field
        with Horizontal():
            yield Static(help_text(self.option, self.value), classes="option-help", markup=False)
            yield Static(" ".join(setting.flags) or self.option.flag, classes="option-flag", markup=False)
        yield Static(classes="option-problem", markup=False)

    def on_mount(self) -> None:
        """Show the state that it was made with."""
        self._show_state()
        self.relate_to(self.role)

    def set_value(self, value: object) -> None:
        """Show a value that comes from elsewhere."""
        if value == self.value and not self.has_class("-problem"):
            return
        self.value = value
        text = field_text(self.option, value)
        with self.prevent(Input.Changed, ChoiceField.Changed):
            for field in self.query(".option-field"):
                assert isinstance(field, (TextField, ChoiceField))
                field.value = text
        self.show_problem("")

    def show_problem(self, problem: str) -> None:
        """Show what is wrong, or nothing."""
        self.set_class(bool(problem), "-problem")
        if self.is_mounted:
            self.query_one(".option-problem", Static).update(f"✗ {problem}" if problem else "")
            self._show_state()

    def relate_to(self, role: Role) -> None:
        """Pale when the option means nothing to that side of a call; it can still be set."""
        self.role = role
        self.set_class(not is_for(self.option, role), "-irrelevant")

    def focus_field(self) -> None:
        """Put the cursor into the field."""
        self.query_one(".option-field").focus()

    @on(Input.Changed)
    @on(ChoiceField.Changed)
    def _edited(self, event: Input.Changed | ChoiceField.Changed) -> None:
        event.stop()
        try:
            self.value = read_field(self.option, event.value)
        except OptionError as error:
            self.show_problem(error.message)
            self.post_message(self.Edited(self.option, self.value, error))
            return
        self.show_problem("")
        self.post_message(self.Edited(self.option, self.value, None))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def _show_state(self) -> None:
        changed = self.value != self.option.default
        self.set_class(changed, "-changed")
        sign = "✗" if self.has_class("-problem") else "●" if changed else " "
        here = "▸" if self.has_focus_within else " "
        self.query_one(".option-label", Static).update(f"{here}{sign} {self.option.label}")
        if self.option.setting.meanings:
            self.query_one(".option-help", Static).update(help_text(self.option, self.value))

    def on_descendant_focus(self) -> None:
        """The row in which one is has a mark, for those who do not see its colour."""
        self._show_state()

    def on_descendant_blur(self) -> None:
        """One has left the row."""
        self._show_state()
