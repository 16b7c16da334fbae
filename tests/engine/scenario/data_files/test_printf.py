# SPDX-License-Identifier: AGPL-3.0-or-later
"""PRINTF files: patterns instead of lines. What is expected here, SIPp 3.6.1 gives."""

from __future__ import annotations

import re

import pytest

from engine.scenario.data_files.printf import BadPattern, compile_pattern, fill
from tests.engine.scenario.helpers import data_file


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (b"u%d", b"u7"),
        (b"%3d|", b"  7|"),
        (b"%03d", b"007"),
        (b"%0d", b"7"),
        (b"%00005d", b"00007"),
        (b"%5d%d", b"    77"),
        (b"%-3d", b"7  "),
        (b"%.3d", b"007"),
        (b"%%d", b"%7"),
        (b"%200d", b"7".rjust(200)),
        (b"no number", b"no number"),
    ],
)
def test_numbers(pattern: bytes, expected: bytes) -> None:
    assert fill(compile_pattern(pattern), 7) == expected


@pytest.mark.parametrize("pattern", [b"%i", b"%u", b"%ld", b"%x", b"% d", b"%+d", b"%", b"a%", b"%%", b"%d%", b"%s", b"%5"])
def test_what_is_no_number(pattern: bytes) -> None:
    with pytest.raises(BadPattern, match=r"is no number — write %d, %5d or %05d"):
        compile_pattern(pattern)


def test_a_number_is_not_wider_than_a_line() -> None:
    with pytest.raises(BadPattern, match=re.escape("'%2147483648d' is too wide; at most 999 digits are shown")):
        compile_pattern(b"%2147483648d")


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("SEQUENTIAL,PRINTF=4", [b"0|000|Foo", b"1|00001|Bar", b"2|002|Foo", b"3|00003|Bar"]),
        ("USERS, PRINTF=2,PRINTFMULTIPLE=2,PRINTFOFFSET=10,", [b"10|010|Foo", b"12|00012|Bar"]),
        ("RANDOM;PRINTFOFFSET=-5;PRINTFMULTIPLE=-2;PRINTF=2", [b"-5|-05|Foo", b"-7|-0007|Bar"]),
        ("SEQUENTIAL,PRINTF=1,PRINTFOFFSET=3000000000", [b"3000000000|3000000000|Foo"]),
        ("SEQUENTIAL,PRINTF=010", [b"%d|%03d|Foo" % (n, n) if n % 2 == 0 else b"%d|%05d|Bar" % (n, n) for n in range(8)]),
    ],
)
def test_lines_are_made_of_patterns_in_turn(first: str, expected: list[bytes]) -> None:
    file = data_file(f"{first}\n# note\n%d;%03d;Foo\n%d;%05d;Bar\n")
    assert [b"|".join(file.fields(line)) for line in range(file.size)] == expected
    assert file.place(file.size - 1) == f"dir/a.csv:{3 + (file.size - 1) % 2}"


def test_as_many_lines_as_one_likes() -> None:
    file = data_file("SEQUENTIAL,PRINTF=4000000000000\n%d\n")
    assert file.fields(file.line_of(3_999_999_999_999, 0)) == [b"3999999999998"]


def test_made_lines_can_be_looked_up() -> None:
    file = data_file("SEQUENTIAL,PRINTF=5,PRINTFOFFSET=10\nu%03d;p\nv%d;q\n", indexed_field=0)
    assert [file.lookup(key) for key in (b"u010", b"v11", b"u014", b"u%03d", b"v10")] == [0, 1, 4, -1, -1]
