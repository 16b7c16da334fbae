# SPDX-License-Identifier: AGPL-3.0-or-later
"""Themes: a YAML file each, in `themes/` of a checkout or beside this module in an installed package.

A file has the fields of `textual.theme.Theme`; `variables` holds the colours that are Gossipper's own (`OWN_COLOURS`),
and `dense: true` asks for screens without frames. To add a theme, add a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from textual.theme import Theme

DEFAULT_THEME = "dark"

OWN_COLOURS = {
    "dim": "ansi_bright_black",
    "sent": "ansi_cyan",
    "received": "ansi_green",
    "first": "ansi_green",
    "second": "ansi_yellow",
    "third": "ansi_red",
    "area": "ansi_green",
    "cursor": "ansi_blue",
    "cursor-text": "ansi_bright_white",
    "bar": "ansi_black",
    "frame": "ansi_bright_black",
}
"""The colours that a theme has beside Textual's, and what they are in a theme that does not say."""


@dataclass(frozen=True, slots=True)
class NamedTheme:
    """A theme and whether its screens are dense."""

    theme: Theme
    dense: bool


def themes_folder() -> Path:
    """Where the themes are: in the package when it is installed, else at the top of the checkout."""
    installed = Path(__file__).parent / "themes"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "themes"


def load_themes() -> dict[str, NamedTheme]:
    """All themes by their names, the default first."""
    themes = [read_theme(path) for path in sorted(themes_folder().glob("*.yaml"))]
    themes.sort(key=lambda named: named.theme.name != DEFAULT_THEME)
    return {named.theme.name: named for named in themes}


def read_theme(path: Path) -> NamedTheme:
    """The theme in a file; its name is that of the file."""
    fields: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    dense = bool(fields.pop("dense", False))
    return NamedTheme(Theme(name=path.stem, **fields), dense)
