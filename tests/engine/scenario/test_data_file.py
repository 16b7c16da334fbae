# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files: their form, whose line is whose, and what is wrong with the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ScenarioError
from engine.scenario.data_file import load_data_file, parse_data_file


@pytest.mark.parametrize("first", [b"SEQUENTIAL", b"SEQUENTIAL\r", b"SEQUENTIAL ", b"SEQUENTIAL;", b"\xef\xbb\xbfSEQUENTIAL"])
def test_lines_and_fields(first: bytes) -> None:
    file = parse_data_file("dir/a.csv", first + b"\n# note\n a ;b;\r\n\r\n   \n#\nc")
    assert file.lines == ((b" a ", b"b", b""), (b"c",))
    assert file.numbers == (3, 7)
    assert file.name == "a.csv"


def test_calls_take_lines_in_turn() -> None:
    file = parse_data_file("a.csv", b"SEQUENTIAL\na\nb\nc\n")
    assert [file.line_of_call(number) for number in range(1, 8)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "a.csv:1: the first line of a data file tells its order; '' is none — it must say SEQUENTIAL"),
        (b"alice;bob\n", "a.csv:1: the first line of a data file tells its order; 'alice;bob' is none"),
        (b"SEQUENTAL\na\n", "did you mean SEQUENTIAL?"),
        (b"sequential\na\n", "'sequential' is none"),
        (b"RANDOM\na\n", "a.csv:1: data files in RANDOM order are not built yet — SEQUENTIAL is"),
        (b"USER\na\n", "a.csv:1: data files in USER order are not built yet"),
        (b"SEQUENTIAL,PRINTF=3\na\n", "a.csv:1: ',PRINTF=3' is not built yet"),
        (b"SEQUENTIAL\n# only\n\n", "a.csv: the data file has no line of data"),
    ],
)
def test_what_is_no_data_file(data: bytes, expected: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(expected)):
        parse_data_file("a.csv", data)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot read the data file: No such file"):
        load_data_file(str(tmp_path / "none.csv"))
    with pytest.raises(ScenarioError, match="cannot read the data file: it is a directory"):
        load_data_file(str(tmp_path))
    (tmp_path / "a.csv").write_bytes(b"SEQUENTIAL\na;b\n")
    assert load_data_file(str(tmp_path / "a.csv")).lines == ((b"a", b"b"),)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: b"SEQUENTIAL\n" + rest))
def test_any_bytes_are_a_data_file_or_a_scenario_error(data: bytes) -> None:
    try:
        file = parse_data_file("a.csv", data)
    except ScenarioError:
        return
    assert file.lines
    assert len(file.lines) == len(file.numbers)
