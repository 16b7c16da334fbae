# SPDX-License-Identifier: AGPL-3.0-or-later
"""`Lines`: a scrolling widget that draws lines of spans, and `LineCursor`, the same with a cursor.

This is all that the screens are drawn with. Lines are turned into strips when they come into view and kept until they
change, so showing new numbers costs no layout: the same cells are painted again, nothing flickers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gossipper_tui.views.spans import Line, Tone, width_of


class Lines(ScrollView, can_focus=False):
    """Draws lines; longer ones scroll sideways. Colours are the component classes `lines--<tone>`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"lines--{tone}" for tone in Tone), "lines--cursor", "lines--range"}

    DEFAULT_CSS = """
    Lines {
        background: $background;
        color: $foreground;
        scrollbar-size: 0 1;
        overflow: auto auto;
        & > .lines--normal { color: $foreground; }
        & > .lines--dim { color: $dim; }
        & > .lines--strong { color: $foreground; text-style: bold; }
        & > .lines--title { color: $accent; text-style: bold; }
        & > .lines--sent { color: $sent; }
        & > .lines--received { color: $received; }
        & > .lines--good { color: $success; }
        & > .lines--warn { color: $warning; }
        & > .lines--bad { color: $error; text-style: bold; }
        & > .lines--first { color: $first; }
        & > .lines--second { color: $second; }
        & > .lines--third { color: $third; }
        & > .lines--area { color: $area; }
        & > .lines--name { color: $received; }
        & > .lines--value { color: $success; }
        & > .lines--keyword { color: $warning; text-style: bold; }
        & > .lines--cursor { background: $block-cursor-blurred-background; text-style: bold; }
        & > .lines--range { background: $panel; }
        &:focus > .lines--cursor { background: $cursor; color: $cursor-text; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: tuple[Line, ...] = ()
        self._styles_of_tones: dict[str, Style] = {}

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these lines from now on; only those that differ from what is there are painted again."""
        before, self.lines = self.lines, tuple(lines)
        if self.lines == before:
            return
        size = Size(max(map(width_of, lines), default=0), len(lines))
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
            return
        for index, (old, new) in enumerate(zip(before, self.lines, strict=True)):
            if old != new:
                self.refresh_lines(index)

    def notify_style_update(self) -> None:
        """The theme has changed: colours are looked up anew."""
        super().notify_style_update()
        self._styles_of_tones.clear()

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        left, top = self.scroll_offset
        index, width = top + y, self.size.width
        base = self.rich_style
        if index >= len(self.lines):
            return Strip.blank(width, base)
        over = self.style_over(index)
        segments = [Segment(span.text, base + self._style(span.tone) + over) for span in self.lines[index]]
        return Strip(segments).crop_extend(left, left + width, base + over).apply_offsets(left, index)

    def style_over(self, index: int) -> Style:
        """What is laid over the line of that index: nothing, or a cursor."""
        return Style.null()

    def _style(self, name: str) -> Style:
        style = self._styles_of_tones.get(name)
        if style is None:
            style = self.get_component_rich_style(f"lines--{name}", partial=True)
            self._styles_of_tones[name] = style
        return style


class LineCursor(Lines, can_focus=True):
    """Lines with a cursor that keys and the mouse move; says so with `Moved`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False),
        Binding("down,j", "step(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end", "edge(1)", "Last", show=False),
    ]

    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The person has moved the cursor to the line of that index."""

        def __init__(self, sender: LineCursor, index: int) -> None:
            self.sender, self.index = sender, index
            super().__init__()

        @property
        def control(self) -> LineCursor:
            """The widget whose cursor moved."""
            return self.sender

    def style_over(self, index: int) -> Style:
        """The cursor's line stands out."""
        return self._style("cursor") if index == self.cursor else Style.null()

    def point_at(self, index: int) -> None:
        """Put the cursor on a line without saying so."""
        self.cursor = max(0, min(index, len(self.lines) - 1))
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, x_axis=False)

    def move_to(self, index: int) -> None:
        """Put the cursor on a line as the person asks."""
        before = self.cursor
        self.point_at(index)
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor))

    def action_step(self, lines: int) -> None:
        """One line up or down."""
        self.move_to(self.cursor + lines)

    def action_page(self, pages: int) -> None:
        """One page up or down."""
        self.move_to(self.cursor + pages * max(1, self.size.height - 1))

    def action_edge(self, last: int) -> None:
        """To the first or the last line."""
        self.move_to(len(self.lines) - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        """The mouse puts the cursor where it clicks."""
        offset = event.get_content_offset(self)
        if offset is not None:
            self.move_to(offset.y + self.scroll_offset.y)
