# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of compatibility is whole: every name has a row, every row a test that exists, and the page says the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.compatibility.collected import collect
from tests.compatibility.markdown import compatibility_page
from tests.compatibility.registries import attributes_of_actions, registered
from tests.compatibility.rows import SECTIONS
from tests.compatibility.table import Row
from tests.programs import ROOT

ROWS = [row for section in SECTIONS for row in section.rows]
PAGE = ROOT / "docs" / "compatibility.md"


@pytest.fixture(scope="module")
def there() -> frozenset[str]:
    return collect(test for row in ROWS for test in row.tests)


def test_every_name_of_the_language_has_a_row() -> None:
    covered = {name for row in ROWS for name in row.names}
    assert sorted(registered() - covered) == [], "add a Row in tests/compatibility/rows that covers them"
    assert sorted(covered - registered() - attributes_of_actions()) == [], "these rows cover what is not there (any more)"


def test_a_name_has_one_row() -> None:
    counts = Counter(name for row in ROWS for name in row.names)
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_every_row_names_tests_and_they_exist(row: Row, there: frozenset[str]) -> None:
    assert row.tests, "no test fails when this row breaks"
    assert [test for test in row.tests if test not in there] == [], "there is no such test"


def test_a_row_stands_once() -> None:
    counts = Counter((section.title, row.what) for section in SECTIONS for row in section.rows)
    assert [what for what, count in counts.items() if count > 1] == []


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text() == compatibility_page(SECTIONS), "run: python -m tests.compatibility > docs/compatibility.md"
