# SPDX-License-Identifier: AGPL-3.0-or-later
"""The version of Gossipper: here once, read from here by the build, the command line and the reports."""

from __future__ import annotations

__version__ = "0.1.0"
