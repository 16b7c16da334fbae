# SPDX-License-Identifier: AGPL-3.0-or-later
"""The library: a tree of scenarios, built-in ones and those of the working directory, with what is wrong with each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from engine.messages import Problem, ScenarioList
from gossipper_tui.views.library import mark, shelves


class Library(Tree[str]):
    """Shelves of scenarios; a leaf's data is its source. Says `Highlighted` and `Chosen`."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Set up", tooltip="Set up a run of this scenario"),
        Binding("space", "toggle_node", "Fold", show=False),
    ]

    DEFAULT_CSS = """
    Library {
        background: $background;
        color: $foreground;
        scrollbar-size: 0 1;
        padding: 0;
        &:focus { background-tint: $foreground 0%; }
        & > .tree--guides, & > .tree--guides-hover, & > .tree--guides-selected { color: $background; text-style: none; }
        & > .tree--cursor { background: $block-cursor-blurred-background; text-style: bold; }
        &:focus > .tree--cursor { background: $cursor; color: $cursor-text; text-style: bold; }
        & > .tree--highlight-line { background: $block-hover-background; }
    }
    """

    class Highlighted(Message):
        """The cursor is on a scenario."""

        def __init__(self, source: str) -> None:
            self.source = source
            super().__init__()

    class Chosen(Message):
        """A scenario was chosen with enter or the mouse."""

        def __init__(self, source: str) -> None:
            self.source = source
            super().__init__()

    def __init__(self) -> None:
        super().__init__("Library", id="library")
        self.show_root = False
        self.guide_depth = 2
        self.show_guides = False
        self.auto_expand = True
        self.problems: dict[str, Sequence[Problem]] = {}
        self.in_use = ""

    def fill(self, found: ScenarioList, wanted: str = "") -> None:
        """Show these scenarios, or those of them that match; the cursor stays on its scenario if it is still there."""
        kept, first = self.source, ""
        self.clear()
        made = shelves(found, wanted)
        for shelf in made:
            heading = self.root.add(shelf.heading, expand=True)
            for name, source in shelf.scenarios:
                heading.add_leaf(name, source)
                first = first or source
        sources = {source for shelf in made for _, source in shelf.scenarios}
        self.call_after_refresh(self._point_at, kept if kept in sources else first)

    def _point_at(self, source: str) -> None:
        """Put the cursor on a scenario, and say so even when the line is the same as before."""
        for heading in self.root.children:
            for leaf in heading.children:
                if leaf.data == source:
                    self.move_cursor(leaf)
                    self.post_message(self.Highlighted(source))
                    return

    @property
    def source(self) -> str:
        """The scenario under the cursor; empty on a heading."""
        node = self.cursor_node
        return node.data or "" if node else ""

    def set_problems(self, source: str, problems: Sequence[Problem]) -> None:
        """What a check found."""
        self.problems[source] = problems
        self._redraw_labels()

    def set_in_use(self, source: str) -> None:
        """Which scenario the next run has."""
        self.in_use = source
        self._redraw_labels()

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """A heading with its fold, or a scenario with its mark and the number of its problems."""
        if not node.data:
            fold = self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE
            return Text.assemble(fold, node.label, style=style + Style(bold=True))
        sign, number = mark(self.problems.get(node.data))
        if not sign.strip():
            sign = "●" if node.data == self.in_use else " "
        return Text.assemble(f"{sign} ", node.label, f"  {number}" if number else "", style=style)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[str]) -> None:
        """Textual's message, as ours."""
        event.stop()
        if event.node.data:
            self.post_message(self.Highlighted(event.node.data))

    def on_tree_node_selected(self, event: Tree.NodeSelected[str]) -> None:
        """Textual's message, as ours."""
        event.stop()
        if event.node.data:
            self.post_message(self.Chosen(event.node.data))

    def _redraw_labels(self) -> None:
        self._invalidate()
        self.refresh()
