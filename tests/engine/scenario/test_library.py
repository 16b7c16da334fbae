# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where scenarios are found, and what is said when they are not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from engine.errors import ScenarioErrors
from engine.scenario.library import MOST_SCENARIO_BYTES, list_scenarios, read_source
from tests.programs import ROOT


def test_built_in_scenarios_go_by_name() -> None:
    name, data = read_source("uac")
    assert name == "uac"
    assert b"INVITE sip:[service]@" in data


def test_files_go_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.xml"
    path.write_bytes(b"<scenario/>")
    assert read_source(str(path)) == (str(path), b"<scenario/>")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (".", ".: this is a directory — name a scenario file in it"),
        ("no/such.xml", "no/such.xml: there is no such scenario — built-in scenarios are uac, uas, branchc, branchs, canc"),
        ("uacc", "uacc: there is no such scenario — did you mean uac?"),
        ("3pcc-C-A", "3pcc-C-A: this built-in scenario is not built yet — SIPp knows it, this version does not yet"),
        ("", ": there is no such scenario"),
        ("a\0b", "cannot read the file"),
        pytest.param("x" * 5000, "cannot read the file: File name too long", id="long"),
    ],
)
def test_what_cannot_be_read_is_one_problem(source: str, expected: str) -> None:
    with pytest.raises(ScenarioErrors, match=re.escape(expected)) as caught:
        read_source(source)
    assert len(caught.value.problems) == 1


def test_scenarios_of_a_folder_and_one_level_below(tmp_path: Path) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "folder.xml").mkdir()
    for name, text in [
        ("b.xml", "<?xml version='1.0'?><scenario>"),
        ("a.xml", "<scenario name='a'/>"),
        ("other.xml", "<svg/>"),
        ("scenario.txt", "<scenario/>"),
        ("sub/c.xml", "<scenario/>"),
        ("sub/deep/d.xml", "<scenario/>"),
    ]:
        (tmp_path / name).write_text(text)
    found = list_scenarios(str(tmp_path))
    assert found.files == (f"{tmp_path}/a.xml", f"{tmp_path}/b.xml", f"{tmp_path}/sub/c.xml")
    assert found.built_in[:4] == ("uac", "uas", "branchc", "branchs")
    assert set(found.built_in) == {path.stem for path in (ROOT / "scenarios").glob("*.xml")}


def test_paths_are_relative_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_text("<scenario/>")
    monkeypatch.chdir(tmp_path)
    assert list_scenarios(".").files == ("a.xml",)
    assert list_scenarios("no such folder").files == ()


def test_a_pipe_is_read_only_for_whoever_wants_one(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"<scenario/>")
    os.close(writer)
    path = f"/dev/fd/{reader}"
    with pytest.raises(ScenarioErrors, match="cannot read the file: it is a pipe"):
        read_source(path)
    assert read_source(path, pipes=True) == (path, b"<scenario/>")
    os.close(reader)


def test_no_scenario_is_larger_than_what_people_write(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    path.touch()
    os.truncate(path, MOST_SCENARIO_BYTES + 1)
    with pytest.raises(ScenarioErrors, match="cannot read the file: it is larger than 8 MiB"):
        read_source(str(path))
