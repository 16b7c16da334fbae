# SPDX-License-Identifier: AGPL-3.0-or-later
"""The JSON Schema of the summary, made from its struct: `python -m engine.report.schema > docs/summary.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from engine.messages import Summary


def summary_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) that every file of `-summary_json` satisfies."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Summary)}


def schema_text() -> str:
    """The schema as it stands in `docs/summary.schema.json`."""
    return json.dumps(summary_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
