# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page about `check` names each code, and no other; a warning has the code that it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.messages import ProblemCode
from tests.engine.scenario.diagnostics.helpers import OPTIONS, diagnosed

PAGE = Path(__file__).parents[4] / "docs" / "check.md"


def test_the_page_names_each_code() -> None:
    assert re.findall(r"(?m)^\| `([a-z-]+)` \|", PAGE.read_text()) == [code.value for code in ProblemCode]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<nop", ProblemCode.MALFORMED),
        ("<foo/>", ProblemCode.UNKNOWN_ELEMENT),
        ('<nop foo="1"/>', ProblemCode.UNKNOWN_ATTRIBUTE),
        ('<nop><action><log message="" foo="1"/></action></nop>', ProblemCode.UNKNOWN_ATTRIBUTE),
        ("<nop><action><foo/></action></nop>", ProblemCode.UNKNOWN_ACTION),
        ('<nop><action><log message="[foo]"/></action></nop>', ProblemCode.UNKNOWN_KEYWORD),
        ("<sendCmd><![CDATA[\nCall-ID: [call_id]\n\n]]></sendCmd>", ProblemCode.NOT_BUILT),
        ('<nop next="foo"/>', ProblemCode.MISSING_LABEL),
        ('<nop><action><log message="[$foo]"/></action></nop>', ProblemCode.SINGLE_VARIABLE),
        ('<pause milliseconds="foo"/>', ProblemCode.INVALID),
        ("<nop hide/>", ProblemCode.DOUBTFUL),
        ("<foo/>\n" * 2000, ProblemCode.TOO_MANY),
    ],
)
def test_codes_of_the_reader(body: str, code: ProblemCode) -> None:
    assert code in [problem.code for problem in diagnosed(OPTIONS + body)]
