# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper tls-cert`, as a person runs it."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path

import pytest

from tests.gossipper_tui.cli.program import gossipper


def test_it_says_what_was_written_and_how_that_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "my lab"
    ended = gossipper("tls-cert", "--out", str(folder), "*.lab.test", "10.0.0.1")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [
        f"wrote {folder}/{half}.pem, {folder}/{half}.key" for half in ("ca", "server", "client")
    ]
    commands = [shlex.split(line) for line in lines if line.startswith("  gossipper ")]
    assert len(commands) == 4
    for command in commands:
        assert command[:2] == ["gossipper", "sipp"]
        for flag, value in itertools.pairwise(command):
            assert not flag.startswith("-tls_") or Path(value).is_file()
    assert "10.0.0.1:5061" in commands[1]
    again = gossipper("tls-cert", "--out", str(folder), "--force")
    assert again.out.startswith(f"took {folder}/ca.pem, {folder}/ca.key: the CA that was there, good until ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out"], "--out: it takes a folder: --out DIR"),
        (["--days", "5"], "--days: tls-cert takes --out DIR, --force and names"),
        (["--out", "/proc/nowhere"], "cannot be written"),
        (["a b"], "a b: no name for a certificate"),
        (["a\nb"], r"'a\nb': no name for a certificate"),
        ([""], "'': no name for a certificate"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(arguments: list[str], told: str) -> None:
    ended = gossipper("tls-cert", *arguments)
    assert ended.code not in (0, 1)
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
