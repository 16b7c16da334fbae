# SPDX-License-Identifier: AGPL-3.0-or-later
"""The version of Gossipper: here once, read from here by the build, the command line and the reports; and its form."""

from __future__ import annotations

from importlib.util import find_spec

__version__ = "0.1.0"


def built_as() -> str:
    """Whether the hot path runs as machine code or as Python: what `.build/compile.py` leaves beside this file tells."""
    return "plain Python" if find_spec("engine.native__mypyc") is None else "compiled"
