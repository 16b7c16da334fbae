# SPDX-License-Identifier: AGPL-3.0-or-later
"""Breaks a word of the language in each Python that starts with this folder in PYTHONPATH and the word in its environment."""

from __future__ import annotations

import os
import sys

if name := os.environ.get("GOSSIPPER_BREAK"):
    sys.path.append(os.environ["GOSSIPPER_BREAK_ROOT"])
    from tests.compatibility.sabotage import sabotage

    sabotage(name)
