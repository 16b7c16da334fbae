# SPDX-License-Identifier: AGPL-3.0-or-later
"""The flags of `gossipper tui` beside those of a run."""

from __future__ import annotations

INTERFACE_FLAGS = {
    "--headless": ("--headless", 0),
    "--replay": ("--replay", 1),
    "--theme": ("--theme", 1),
}
"""Flags beside SIPp's, as in `gossipper_tui.cli.sipp_flags.ACTION_FLAGS`."""

FLAG_HELP = {
    "--headless": "No screen: a status line a second, the same keys, the final screen at the end.",
    "--replay FILE": "Show a recorded run (-events) instead of starting one.",
    "--theme NAME": "Colours of the screen.",
}
