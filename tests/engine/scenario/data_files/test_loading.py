# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files on disk: what their lines are, what is said about others, and what a large one costs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ScenarioError
from engine.scenario.data_files import DataFile
from engine.scenario.data_files.heading import OrderName
from engine.scenario.data_files.loading import check_data_file, load_data_file
from engine.scenario.data_files.scan import MOST_LINE_BYTES, Scan
from tests.engine.scenario.helpers import data_file


def lines(file: DataFile) -> list[bytes]:
    return [b";".join(file.fields(line)) for line in range(file.size)]


@pytest.mark.parametrize(
    "first", [b"SEQUENTIAL", b"SEQUENTIAL\r", b" SEQUENTIAL ", b"SEQUENTIAL;", b"SEQUENTIALLY", b"\xef\xbb\xbfSEQUENTIAL"]
)
def test_lines_and_fields(first: bytes) -> None:
    file = data_file(first + b"\n# note\n a ;b;\r\n   \n#\n #c\nd")
    assert [file.fields(line) for line in range(file.size)] == [[b" a ", b"b", b""], [b"   "], [b" #c"], [b"d"]]
    assert [file.place(line) for line in range(file.size)] == [f"dir/a.csv:{number}" for number in (3, 4, 6, 7)]
    assert (file.name, file.path) == ("a.csv", "dir/a.csv")


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_where_a_file_is_cut_into_pieces_does_not_matter(piece: int, ends: bytes) -> None:
    data = ends.join([b"\xef\xbb\xbfUSER", b"#", b"one;1", b"#two", b"#", b"three", b"four;;"])
    out = bytearray()
    scan = Scan("f", out.extend)
    for at in range(0, len(data), piece):
        assert scan.feed(data[at : at + piece])
    scan.finish()
    assert (bytes(out), list(scan.starts), list(scan.skipped)) == (b"one;1threefour;;", [0, 5, 10, 16], [0, 1, 1])


def test_the_first_empty_line_ends_the_data_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text, told in [
        ("SEQUENTIAL\n#\na\n\nb\n", True),
        ("SEQUENTIAL\r\n#\r\na\r\n\r\nb", True),
        ("SEQUENTIAL\n#\na\n\n" + "\n" * (1 << 20), True),
        ("SEQUENTIAL\n#\na\n\n\n#b\n", False),
    ]:
        path.write_text(text, newline="")
        loaded = load_data_file(str(path))
        os.close(loaded.descriptor)
        assert loaded.lines == 1
        warning = f"{path}:4: an empty line ends the data, as in SIPp; the lines behind it are not read"
        assert loaded.warnings == ((warning,) if told else ())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", "a.csv:1: the first line of a data file tells its order; '' does not — it says SEQUENTIAL, RANDOM or USER"),
        ("alice;bob\n", "a.csv:1: the first line of a data file tells its order; 'alice;bob' does not"),
        ("SEQUENTAL\na\n", "did you mean SEQUENTIAL?"),
        ("sequential\na\n", "'sequential' does not"),
        ("\x1b[2J\n", "a.csv:1: the first line of a data file tells its order; '[2J' does not"),
        ("SEQUENTIAL\n# only\n", "a.csv: the data file has no line of data — add one below the first"),
        ("RANDOM\n#\n\na\n", "a.csv: the data file has no line of data — the data ends with the empty line 3"),
        ("USER,PRINTF=0\na\n", "a.csv:1: a PRINTF file needs its number of lines, at least one — as in PRINTF=100"),
        ("USER,PRINTFOFFSET=2\na\n", "a.csv:1: a PRINTF file needs its number of lines"),
        ("USER,PRINTF=x\na\n", "a.csv:1: 'PRINTF=x' needs a whole number — as in PRINTF=100"),
        ("USER,PRINTF=" + "9" * 5000 + "\na\n", "a.csv:1: 'PRINTF=999999999999999999999999999999999' needs a whole number"),
        ("USER,PRINTF\na\n", "a.csv:1: 'PRINTF' needs a whole number"),
        ("USER,PRINTF=2\n#\na\nb%x\n", "a.csv:4: '%x' is no number — write %d, %5d or %05d"),
        ("USER\n" + "x" * (MOST_LINE_BYTES + 1), "a.csv:2: a line of more than 65536 bytes"),
        ("USER\n#\na\n" + "x" * (MOST_LINE_BYTES + 1) + "\nb\n", "a.csv:4: a line of more than 65536 bytes"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_data_file(data: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=re.escape(expected)):
        data_file(data)
    (tmp_path / "a.csv").write_text(data)
    with pytest.raises(ScenarioError, match=re.escape(expected.removeprefix("a.csv"))):
        check_data_file(str(tmp_path / "a.csv"))


def test_what_the_first_line_says_in_vain_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("USERS,PRINTF=0x10,PRINTFMULTIPLY=2,x\nu%d\n")
    heading = check_data_file(str(tmp_path / "a.csv"))
    assert (heading.order, heading.printf and heading.printf.count) == (OrderName.USER, 16)
    assert [text.partition(": ")[2] for text in heading.warnings] == [
        "'PRINTFMULTIPLY=2' means nothing and is ignored — did you mean PRINTFMULTIPLE?",
        "'x' means nothing and is ignored",
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for act in (load_data_file, check_data_file):
        with pytest.raises(ScenarioError, match="cannot read the data file: No such file"):
            act(str(tmp_path / "none.csv"))
        with pytest.raises(ScenarioError, match="cannot read the data file: it is a directory"):
            act(str(tmp_path))


def test_a_check_looks_at_the_beginning_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"SEQUENTIAL,PRINTF=1\n" + b"#\n" * 70_000 + b"%x\n")
    assert check_data_file(str(path)).order is OrderName.SEQUENTIAL
    with pytest.raises(ScenarioError, match=r"a\.csv:70002: '%x"):
        load_data_file(str(path))


def test_a_failure_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("SEQUENTIAL,PRINTF=1\n%x\n")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ScenarioError):
        load_data_file(str(tmp_path / "a.csv"), 0)
    assert os.listdir("/proc/self/fd") == before


def test_the_memory_stays_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("SEQUENTIAL\n" + "line\n" * 10_000)
    loaded = load_data_file(str(path))
    file = DataFile(loaded, Random(), lambda: 1)
    os.truncate(path, 0)
    with pytest.raises(PermissionError):
        os.truncate(loaded.descriptor, 0)
    os.close(loaded.descriptor)
    assert file.fields(9999) == [b"line"]


def test_a_large_file_costs_its_own_size_and_four_bytes_a_line(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    count, line = 300_000, "user%07d;password;1.2.3.4;five;six;seven;eight;\n"
    path.write_text("SEQUENTIAL\n" + "".join(line % number for number in range(count)))
    plain, indexed = load_data_file(str(path)), load_data_file(str(path), 0)
    try:
        assert plain.lines == count
        assert os.fstat(plain.descriptor).st_size < path.stat().st_size + 4 * count
        assert os.fstat(indexed.descriptor).st_size < path.stat().st_size + 14 * count
        file = DataFile(indexed, Random(), lambda: 1)
        for at in (0, 1, 9_999, 10_000, count - 1):
            assert file.lookup(b"user%07d" % at) == at
            assert file.fields(at)[0] == b"user%07d" % at
        assert file.lookup(b"user") == -1
    finally:
        os.close(plain.descriptor)
        os.close(indexed.descriptor)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: b"SEQUENTIAL,PRINTF=3\n" + rest))
def test_any_bytes_are_a_data_file_or_a_scenario_error(data: bytes) -> None:
    try:
        file = data_file(data, indexed_field=0)
    except ScenarioError:
        return
    assert all(file.fields(line) for line in range(file.size))
    assert all(file.lookup(file.fields(line)[0]) >= line for line in range(file.size))
