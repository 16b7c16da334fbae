# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of all metrics, as it stands in docs/observability.md: `python -m engine.export.metrics.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from engine.export.figures import FIGURES, Figure, Kind
from engine.export.metrics.exposition import PREFIX, sample_names


def reference() -> str:
    """The table, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| metric | type | unit | labels | is |"
    yield "|---|---|---|---|---|"
    for figure in FIGURES:
        labels = ", ".join(f"`{label}`" for label in figure.labels)
        yield f"| `{_name(figure)}` | {figure.kind} | {figure.unit} | {labels} | {figure.help} |"


def _name(figure: Figure) -> str:
    """Its name; that of a histogram is without the endings of its samples."""
    return PREFIX + figure.name if figure.kind is Kind.HISTOGRAM else sample_names(figure)[0]


if __name__ == "__main__":
    sys.stdout.write(reference())
