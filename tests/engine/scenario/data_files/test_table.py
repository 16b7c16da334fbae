# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files while calls run: looking lines up, inserting and replacing them. What is expected here, SIPp 3.6.1 gives."""

from __future__ import annotations

import re

import pytest

from engine.scenario.data_files import Problem
from engine.scenario.data_files.table import MOST_KEPT
from tests.engine.scenario.helpers import data_file

TEXT = "SEQUENTIAL\nalice;a1;a2\nbob;b1;b2\ncarol;c1;c2\n"


def test_lines_are_found_by_a_field() -> None:
    file = data_file(TEXT, indexed_field=2)
    assert [file.lookup(key) for key in (b"a2", b"c2", b"alice", b"")] == [0, 2, -1, -1]


def test_of_several_lines_with_one_key_the_last_is_found() -> None:
    assert data_file("SEQUENTIAL\nx;1\ny;2\nx;3\n", indexed_field=0).lookup(b"x") == 2


def test_a_line_without_the_field_has_an_empty_key() -> None:
    assert data_file("SEQUENTIAL\nx;1\ny\n", indexed_field=1).lookup(b"") == 1


def test_an_inserted_line_is_found_and_seen() -> None:
    file = data_file(TEXT, indexed_field=0)
    file.insert(b"dave;d1;d2")
    file.insert(b"bob;B1")
    assert [file.lookup(key) for key in (b"dave", b"bob", b"alice")] == [3, 4, 0]
    assert [file.fields(line) for line in (3, 4)] == [[b"dave", b"d1", b"d2"], [b"bob", b"B1"]]
    assert (file.size, file.place(4)) == (5, "dir/a.csv: the inserted line 4")


def test_a_replaced_line_is_found_by_its_new_key_only() -> None:
    file = data_file(TEXT, indexed_field=0)
    file.fields(1)
    file.replace(1, b"rob;r1")
    assert [file.lookup(key) for key in (b"bob", b"rob")] == [-1, 1]
    assert (file.fields(1), file.size, file.place(1)) == ([b"rob", b"r1"], 3, "dir/a.csv: the line that replaced line 1")


def test_a_key_stays_with_the_line_that_had_it_last() -> None:
    file = data_file(TEXT, indexed_field=0)
    file.insert(b"bob;n1")
    file.replace(1, b"rob;r1")
    assert file.lookup(b"bob") == 3
    file.replace(2, b"bob;c1")
    assert file.lookup(b"bob") == 2
    file.replace(2, b"x;c1")
    assert file.lookup(b"bob") == -1
    file.replace(3, b"y")
    assert [file.lookup(key) for key in (b"y", b"x", b"rob", b"carol")] == [3, 2, 1, -1]


def test_an_inserted_line_can_be_replaced() -> None:
    file = data_file(TEXT)
    file.insert(b"new")
    file.replace(3, b"newer")
    assert file.fields(3) == [b"newer"]


@pytest.mark.parametrize("line", [-1, 3, 9])
def test_only_lines_that_there_are_can_be_replaced(line: int) -> None:
    with pytest.raises(Problem, match=f"dir/a.csv has no line {line}; it has 3, counted from 0"):
        data_file(TEXT).replace(line, b"")


def test_a_printf_file_cannot_be_changed() -> None:
    file = data_file("USER,PRINTF=2\n%d\n")
    for act in (lambda: file.insert(b"a"), lambda: file.replace(0, b"a")):
        with pytest.raises(Problem, match=r"dir/a.csv is a PRINTF file, in which nothing can be inserted or replaced"):
            act()


def test_without_an_index_nothing_is_found() -> None:
    with pytest.raises(Problem, match=re.escape("dir/a.csv has no index — make one with -infindex a.csv FIELD")):
        data_file(TEXT).lookup(b"bob")


def test_a_user_without_a_line() -> None:
    file = data_file("USER\na\nb\n")
    assert [file.line_of(9, user) for user in (1, 2)] == [0, 1]
    with pytest.raises(Problem, match=r"dir/a.csv has 2 lines, and user 3 needs its own"):
        file.line_of(1, 3)
    with pytest.raises(Problem, match=r"dir/a.csv has a line for each user, and the call has none — give -users"):
        file.line_of(1, 0)


def test_lines_that_are_not_kept_are_split_again() -> None:
    count = 3 * MOST_KEPT
    file = data_file("RANDOM\n" + "".join(f"{number};x\n" for number in range(count)))
    for _ in range(2):
        assert [int(file.fields(line)[0]) for line in range(count)] == list(range(count))
