# SPDX-License-Identifier: AGPL-3.0-or-later
"""`RunConfig`: every option of a run, once.

A field is an option: its name, its type and its default, the rest in the `Setting` beside it. The command line, the form, the
profile schema and the reference are made from this table (`engine.options.OPTIONS`). To add an option, add a field in the
module of its group. Durations are whole milliseconds and their names end in `_ms`.

Each group derives from the one before it, for a struct has one base: `RunConfig` has them all, in the order in which they
are shown.
"""

from __future__ import annotations

from engine.options.config.interface import InterfaceOptions

__all__ = ["RunConfig"]


class RunConfig(InterfaceOptions, frozen=True, kw_only=True):
    """What a run is asked to do; immutable, made by `engine.options.parse` or by hand. `None` means «not given»."""
