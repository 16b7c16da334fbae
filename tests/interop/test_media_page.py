# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command lines of docs/media.md do what the page says."""

from __future__ import annotations

import re

import pytest

from engine.media.srtp.suites import SUITES
from engine.messages.counts import MEDIA_FAILURES
from engine.options.values import Group
from engine.scenario.actions.media_checks import FIGURES
from tests.interop.pages import blocks_of, flags_not_named, name_of, page, run_block
from tests.programs import Programs

PAGE = page("media.md")


@pytest.mark.parametrize("block", blocks_of(PAGE), ids=name_of)
def test_the_command_lines_work(programs: Programs, shell: dict[str, str], block: list[str]) -> None:
    for said in run_block(programs, shell, block):
        rows = {line[:30].strip(): line[30:].split("  ") for line in said.splitlines()}
        sent = rows["Packets"][-1].replace("\u202f", "").strip()
        assert int(sent) > 0
        assert "✔ passed" in said


def test_the_page_names_every_option_of_its_group() -> None:
    assert flags_not_named(PAGE, {Group.MEDIA}) == []


def test_the_page_names_every_suite_with_its_keyword() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `\[cryptosuite(\w+)1audio\]` \|$", PAGE, re.M))
    assert rows == {suite.name: suite.keyword for suite in SUITES}


def test_the_page_names_every_class_of_failure_and_every_figure_of_a_check() -> None:
    assert [failure for failure in MEDIA_FAILURES if f"`{failure.value}`" not in PAGE] == []
    assert [figure for figure in FIGURES if f"`{figure}`" not in PAGE] == []
