# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page has every metric, as it is served."""

from __future__ import annotations

from engine.export.metrics.reference import reference
from tests.interop.pages import page


def test_the_page_has_the_table_of_all_metrics() -> None:
    assert reference() in page("observability.md"), "python -m engine.export.metrics.reference prints it"
