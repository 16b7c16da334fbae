# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper check`, as people and editors call it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.gossipper_tui.cli.program import Ended, gossipper

BROKEN = """<scenario name="broken">
  <send><![CDATA[
    OPTIONS sip:[remote_ip] SIP/2.0
    X-Mine: [my_own]
    Call-ID: [call_id]

    body
  ]]></send>
  <recv response="200"/>
  <label id="lost"/>
</scenario>
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.xml"
    path.write_text(BROKEN)
    return path


def test_problems_for_people(broken: Path) -> None:
    ended = gossipper("check", "broken.xml", cwd=broken.parent)
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines() == [
        "broken.xml:3:5: warning: this message has a body and no Content-Length — write Content-Length: [len]",
        "broken.xml:4:13: unknown keyword [my_own] — write \\x5b for a plain [, or give it a value with -key my_own VALUE",
        "broken.xml:10:3: warning: nothing leads to label 'lost' — lead to it with next=, or take it away",
    ]


def test_problems_for_editors(broken: Path) -> None:
    ended = gossipper("check", "--json", "broken.xml", "uac", "nowhere.xml", cwd=broken.parent)
    assert (ended.code, ended.err) == (1, "")
    found = json.loads(ended.out)
    assert [(each["file"], each["line"], each["column"], each["severity"], each["code"]) for each in found] == [
        ("broken.xml", 3, 5, "warning", "missing-length"),
        ("broken.xml", 4, 13, "error", "unknown-keyword"),
        ("broken.xml", 10, 3, "warning", "unused-label"),
        ("nowhere.xml", 0, 0, "error", "unreadable"),
    ]
    assert (found[2]["message"], found[2]["hint"]) == (
        "nothing leads to label 'lost'",
        "lead to it with next=, or take it away",
    )
    assert set(found[0]) == {"file", "line", "column", "severity", "code", "message", "hint"}


def test_no_problems_for_editors() -> None:
    assert gossipper("check", "--json", "uac", "uas") == Ended(0, "[]\n", "")


def test_a_warning_is_no_error_and_a_keyword_of_ones_own_is_known(broken: Path) -> None:
    ended = gossipper("check", "-key", "other", "1", "-key", "my_own", "x y", str(broken))
    assert (ended.code, len(ended.out.splitlines())) == (0, 2)


def test_standard_input(broken: Path) -> None:
    ended = gossipper("check", "-", "--json", stdin=BROKEN)
    assert {each["file"] for each in json.loads(ended.out)} == {"-"}
    assert gossipper("check", "-", stdin=BROKEN).out.startswith("-:3:5: warning: ")


@pytest.mark.parametrize(
    ("name", "told"), [("nowhere", "no such scenario"), ("folder", "a directory"), ("/dev/zero", "no regular file"), ("", "")]
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "folder").mkdir()
    ended = gossipper("check", name, cwd=tmp_path)
    assert (ended.code, ended.err, len(ended.out.splitlines())) == (1, "", 1)
    assert told in ended.out


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    ended = gossipper("check", "fifo", cwd=tmp_path)
    assert (ended.code, ended.err, len(ended.out.splitlines())) == (1, "", 1)
    assert "cannot read the file" in ended.out


def test_help() -> None:
    ended = gossipper("help", "check")
    assert all(word in ended.out for word in ("--json", "-key NAME VALUE", "standard input"))
