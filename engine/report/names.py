# SPDX-License-Identifier: AGPL-3.0-or-later
"""The names that SIPp gives its files: `<scenario>_<pid>_….`, in the working directory."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath


class TraceFile(StrEnum):
    """What follows `<scenario>_<pid>` in the name of each file."""

    STATISTICS = "_.csv"
    MESSAGES = "_messages.log"
    CALL_DEBUG = "_calldebug.log"


def default_name(file: TraceFile, scenario: str, pid: int) -> str:
    """The name of `file` for a run of `scenario`: the name of a built-in one, or a path, of which `.xml` is left off."""
    return f"{PurePath(scenario).name.removesuffix('.xml')}_{pid}{file}"
