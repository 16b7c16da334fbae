# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command palette: screens by name, themes, and whatever the screen in front can do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from gossipper_tui.screens import SCREENS

_Entry = tuple[str, str, str]
"""What it is called, what it does, and the action in Textual's notation."""


class GossipperCommands(Provider):
    """Finds screens and actions by the words that describe them."""

    async def discover(self) -> Hits:
        """Everything there is, before anything is typed."""
        for title, purpose, action in self._entries():
            yield DiscoveryHit(title, partial(self._run, action), help=purpose)

    async def search(self, query: str) -> Hits:
        """What matches the words typed so far."""
        matcher = self.matcher(query)
        for title, purpose, action in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(self._run, action), help=purpose)

    def _entries(self) -> Iterator[_Entry]:
        for entry in SCREENS:
            yield entry.title, entry.purpose, f"app.switch_mode('{entry.name}')"
        told = {entry.title for entry in SCREENS}
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            title = tooltip or binding.tooltip or binding.description
            if enabled and binding.show and title and title not in told:
                told.add(title)
                place = "app" if node is self.app else "screen" if node is self.screen else "focused"
                yield title, f"key {self.app.get_key_display(binding)}", f"{place}.{binding.action.removeprefix('app.')}"
        for name in self.app.available_themes:
            yield f"Theme: {name}", "Change the colours", f"app.set_theme('{name}')"

    async def _run(self, action: str) -> None:
        await self.app.run_action(action, self.screen)
