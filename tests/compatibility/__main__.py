# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prints docs/compatibility.md."""

from __future__ import annotations

import sys

from tests.compatibility.markdown import compatibility_page
from tests.compatibility.rows import SECTIONS

if __name__ == "__main__":
    sys.stdout.write(compatibility_page(SECTIONS))
