# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands behind a keyword in its brackets: `[file name="…"]`."""

from __future__ import annotations

from engine.scenario.problems import Misuse
from engine.scenario.template import Word


def constant(word: Word, argument: str) -> str:
    """The text of an argument that has to be there and to be plain. Raises Misuse."""
    parsed = word.arguments.get(argument)
    value = parsed.constant if parsed else b""
    if value is None:
        raise Misuse(f"[{word.source}]: {argument}= with a keyword in it is not built yet", "write it out")
    if not value:
        raise Misuse(f"[{word.source}] needs {argument}=", f'write [{word.name} {argument}="…"]')
    return value.decode("latin-1")
