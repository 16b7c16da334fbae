# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whole runs of the real program against a server of its own kind: what is written, what keys do, how it ends."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.gossipper_tui.cli.program import Terminal, environment, gossipper, running, silent_peer
from tests.programs import GOSSIPPER, ROOT, Programs, free_port

LOOPBACK = "127.0.0.1"


@pytest.fixture
def server(programs: Programs) -> str:
    """The address of a `gossipper sipp -sn uas` that can be called."""
    port = free_port()
    programs.start(*GOSSIPPER, "sipp", "-sn", "uas", "-i", LOOPBACK, "-p", str(port), "-timeout", "60").wait_bound(port)
    return f"{LOOPBACK}:{port}"


def test_a_script_gets_the_start_the_final_screen_and_the_verdict(server: str) -> None:
    ended = gossipper("sipp", server, "-i", LOOPBACK, "-m", "40", "-r", "20")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.replace("\u202f", " ").splitlines()
    assert re.fullmatch(rf"uac → {server} udp from 127\.0\.0\.1:\d+: 20 calls/s", lines[0])
    assert "40 calls · 0 open" in ended.out
    assert "● running" not in ended.out
    assert lines[-2].startswith("✔ passed")
    assert lines[-2].endswith("exit code 0")
    assert re.match("✔ trustworthy|✘ generator-limited: ", lines[-1])


def test_headless_writes_a_status_line_a_second_and_no_control_character(server: str) -> None:
    ended = gossipper("tui", "--headless", server, "-i", LOOPBACK, "-m", "50", "-r", "20")
    assert (ended.code, ended.err) == (0, "")
    statuses = [line for line in ended.out.splitlines() if line.startswith("● running")]
    assert 2 <= len(statuses) <= 4
    assert all("calls/s" in line and " ok" in line for line in statuses)
    assert not any(ord(character) < 32 and character != "\n" for character in ended.out)


def test_a_terminal_shows_one_status_line_in_its_place_and_ends_with_the_final_screen(server: str) -> None:
    with Terminal(*GOSSIPPER, "sipp", server, "-i", LOOPBACK, "-m", "30", "-r", "20") as terminal:
        terminal.wait_for("● running")
        assert terminal.wait() == 0
        assert terminal.intact
    assert "\r\x1b[K" in terminal.screen
    left = [line.rpartition("\x1b[K")[2] for line in terminal.screen.split("\n")]
    assert not any("● running" in line for line in left)
    assert any("exit code 0" in line for line in left)


@pytest.mark.parametrize("keys", ["Q", "qq", "+*p-/pQ"])
def test_keys_from_a_pipe_steer_the_run(keys: str) -> None:
    with silent_peer() as peer, running("sipp", peer, "-i", LOOPBACK, "-r", "5") as process:
        assert process.stdout is not None
        process.stdout.readline()
        out, err = process.communicate(keys, timeout=20)
    assert (process.returncode, err) == (97, "")
    assert "stopping now" in out


def test_nostdin_takes_no_keys() -> None:
    with silent_peer() as peer:
        ended = gossipper("sipp", peer, "-i", LOOPBACK, "-r", "5", "-timeout", "1", "-nostdin", stdin="Q")
    assert "stopping now" not in ended.out


def test_keys_on_a_terminal_change_the_rate(server: str) -> None:
    with Terminal(*GOSSIPPER, "sipp", server, "-i", LOOPBACK, "-r", "5") as terminal:
        terminal.wait_for("5/5 calls/s")
        terminal.press(b"*")
        terminal.wait_for("/15 calls/s")
        terminal.press(b"p")
        terminal.wait_for("‖ paused")
        terminal.press(b"q")
        assert terminal.wait() == 97
        assert terminal.intact


def test_a_reader_that_leaves_does_not_end_the_run(server: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    command = [*GOSSIPPER, "sipp", server, "-i", LOOPBACK, "-m", "20", "-r", "20", "-summary_json", str(summary)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), **pipes) as process:  # type: ignore[call-overload]
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert json.loads(summary.read_text())["counters"]["successful"] == 20


def test_failed_calls_are_told_with_their_reason_and_exit_code_1() -> None:
    with silent_peer() as peer:
        ended = gossipper("sipp", peer, "-i", LOOPBACK, "-m", "2", "-r", "20", "-max_retrans", "1")
    assert ended.code == 1
    assert "2 failed" in ended.out
    assert "By reason" in ended.out
    assert "✘ failed" in ended.out


def test_what_was_recorded_is_a_replay(server: str, tmp_path: Path) -> None:
    assert gossipper("sipp", server, "-i", LOOPBACK, "-m", "10", "-r", "50", "-events", "run.jsonl", cwd=tmp_path).code == 0
    types = [json.loads(line)["event"]["type"] for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert types[0] == "RunStarted"
    assert types[-1] == "RunFinished"
    assert "Snapshot" in types


def test_a_scenario_comes_from_standard_input_or_from_a_command_of_the_shell(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "uac.xml").read_text()
    (tmp_path / "uac.xml").write_text(text)
    with silent_peer() as peer:
        arguments = ("sipp", peer, "-i", LOOPBACK, "-m", "1", "-timeout", "1")
        ended = gossipper(*arguments, "-sf", "/dev/stdin", stdin=text)
        assert ended.out.startswith("stdin → ")
        command = 'exec "$@" -sf <(cat uac.xml)'
        shell = subprocess.run(
            ["bash", "-c", command, "bash", *GOSSIPPER, *arguments, "-nostdin"],
            cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert re.match(r"\d+ → ", shell.stdout)
    assert (ended.code, ended.err, shell.returncode, shell.stderr) == (99, "", 99, "")


def test_check_reads_a_scenario_from_a_pipe() -> None:
    assert gossipper("check", "/dev/stdin", stdin=(ROOT / "scenarios" / "uac.xml").read_text()).out == "/dev/stdin: sound\n"
