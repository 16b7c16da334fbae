# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is told of single calls, for those who asked: the calls that are followed, and records of all for the exporter.

Nothing here runs for a call while nobody has asked. `tap` is where both begin; `histories` keeps what followed calls, and those
that may yet fail, have done; `records` goes to the exporter.
"""

from __future__ import annotations
