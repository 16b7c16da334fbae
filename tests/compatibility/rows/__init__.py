# SPDX-License-Identifier: AGPL-3.0-or-later
"""THE table of compatibility, by subject.

To add a row: a `Row` in the module that has its subject. A new module is entered here.
"""

from __future__ import annotations

from tests.compatibility.rows import (
    actions,
    authentication,
    commands,
    data_files,
    document,
    flow,
    keywords,
    matching,
    media,
    options,
    pauses,
    scenarios,
    transports,
)

SECTIONS = (
    document.SECTION,
    commands.SECTION,
    flow.SECTION,
    pauses.SECTION,
    matching.SECTION,
    *keywords.SECTIONS,
    authentication.SECTION,
    *actions.SECTIONS,
    *media.SECTIONS,
    data_files.SECTION,
    scenarios.SECTION,
    transports.SECTION,
    options.SECTION,
)
