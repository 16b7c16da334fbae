# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is wrong: one line that a person can act on, a non-zero exit code, nothing left hanging."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.gossipper_tui.cli.program import Ended, Terminal, gossipper, running, silent_peer
from tests.programs import GOSSIPPER

KEYWORD_SCENARIO = """<?xml version="1.0"?>
<scenario name="typo">
  <send><![CDATA[
    OPTIONS sip:[remote_ip] SIP/2.0
    Via: SIP/2.0/[transport] [locl_ip]:[local_port];branch=[branch]
    Call-ID: [call_id]
    CSeq: 1 OPTIONS
    Content-Length: 0
  ]]></send>
  <recv response="200"/>
</scenario>
"""

FIELD_SCENARIO = KEYWORD_SCENARIO.replace("[locl_ip]", "[local_ip]").replace("OPTIONS sip:", "OPTIONS sip:[field0]@")


def refused(ended: Ended, code: int, *words: str) -> None:
    """One line on standard error, that says all of this, and the exit code."""
    assert ended.code == code, ended
    assert len(ended.err.splitlines()) == 1, ended
    assert ended.err.startswith("gossipper: "), ended
    assert "Traceback" not in ended.err + ended.out
    for word in words:
        assert word in ended.err, ended


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sipp", "-r", "abc"], ["-r", "'abc' is not a number"]),
        (["sipp", "-r", "-5"], ["-r", "-5 is out of range"]),
        (["sipp", "-m"], ["-m", "argument is missing"]),
        (["sipp", "-nosuch"], ["-nosuch", "unknown flag"]),
        (["sipp", "-bg"], ["-bg", "not built yet"]),
        (["sipp", "127.0.0.1", "::1"], ["::1", "a second host"]),
        (["sipp", "-sd", "nosuch"], ["-sd", "nosuch"]),
        (["tui", "--headless", "-r", "abc"], ["-r"]),
        (["tui"], ["no terminal"]),
        (["demo"], ["no terminal"]),
        (["chek"], ["chek", "did you mean check"]),
        (["-sn", "uac"], ["-sn", "gossipper sipp -sn"]),
        (["check"], ["which file"]),
        (["check", "--json"], ["which file"]),
        (["check", "-key", "own"], ["-key", "a name and a value"]),
        (["check", "-sn", "uac"], ["-sn", "check takes files"]),
        (["check", "-", "-"], ["only once"]),
        (["help", "nosuch"], ["nosuch"]),
    ],
)
def test_a_bad_command_line(arguments: list[str], words: list[str]) -> None:
    refused(gossipper(*arguments), 255, *words)


@pytest.mark.parametrize("command", [["sipp"], ["tui", "--headless"]])
def test_no_host_for_a_client(command: list[str]) -> None:
    refused(gossipper(*command, "-sn", "uac"), 255, "host")


def test_a_missing_scenario_file(tmp_path: Path) -> None:
    refused(gossipper("sipp", "127.0.0.1", "-sf", "nowhere.xml", cwd=tmp_path), 255, "nowhere.xml")


def test_a_directory_as_scenario(tmp_path: Path) -> None:
    refused(gossipper("sipp", "127.0.0.1", "-sf", str(tmp_path)), 255, str(tmp_path), "directory")


def test_malformed_xml(tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_text("<scenario>\n<send>\n</scenario>\n")
    ended = gossipper("sipp", "127.0.0.1", "-sf", "broken.xml", cwd=tmp_path)
    refused(ended, 255)
    assert re.search(r"broken\.xml:\d+: ", ended.err)


def test_an_unknown_keyword_is_found_with_its_line_and_its_nearest(tmp_path: Path) -> None:
    (tmp_path / "typo.xml").write_text(KEYWORD_SCENARIO)
    refused(gossipper("sipp", "127.0.0.1", "-sf", "typo.xml", cwd=tmp_path), 255, "typo.xml:5:", "locl_ip", "local_ip")


def test_an_unknown_built_in_scenario() -> None:
    refused(gossipper("sipp", "127.0.0.1", "-sn", "uax"), 255, "uax")


def test_a_data_file_without_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "calls.xml").write_text(FIELD_SCENARIO)
    (tmp_path / "users.csv").write_text("")
    refused(
        gossipper("sipp", "127.0.0.1", "-sf", "calls.xml", "-inf", "users.csv", cwd=tmp_path), 255, "users.csv", "SEQUENTIAL"
    )


def test_a_data_file_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "calls.xml").write_text(FIELD_SCENARIO)
    refused(gossipper("sipp", "127.0.0.1", "-sf", "calls.xml", "-inf", "users.csv", cwd=tmp_path), 255, "users.csv")


@pytest.mark.parametrize(("transport", "kind"), [("u1", socket.SOCK_DGRAM), ("t1", socket.SOCK_STREAM)])
def test_a_port_in_use(transport: str, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = str(taken.getsockname()[1])
        refused(gossipper("sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", port, "-t", transport), 254, port, "in use")


def test_an_address_that_is_not_ours() -> None:
    refused(gossipper("sipp", "-sn", "uas", "-i", "192.0.2.1"), 254, "192.0.2.1")


def test_an_unresolvable_host() -> None:
    refused(gossipper("sipp", "no-such-host.invalid", "-m", "1"), 255, "no-such-host.invalid")


@pytest.mark.parametrize("port", ["0", "70000", "abc"])
def test_a_host_with_a_port_that_is_none(port: str) -> None:
    refused(gossipper("sipp", f"127.0.0.1:{port}", "-m", "1"), 255, port)


def test_a_summary_that_cannot_be_written(tmp_path: Path) -> None:
    with silent_peer() as peer:
        ended = gossipper("sipp", peer, "-m", "1", "-timeout", "1", "-summary_json", str(tmp_path / "no" / "summary.json"))
    assert ended.code != 0
    assert "summary.json" in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err


def test_check_prints_every_problem_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "typo.xml").write_text(KEYWORD_SCENARIO.replace('response="200"', 'response="200" next="nowhere"'))
    ended = gossipper("check", "uac", "typo.xml", "nowhere.xml", cwd=tmp_path)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == "uac: sound"
    assert [line.partition(": ")[0] for line in lines[1:]] == ["typo.xml:5:30", "typo.xml:10:24", "nowhere.xml"]
    assert ended.err == ""


def test_check_of_a_sound_file() -> None:
    assert gossipper("check", "uac", "uas") == Ended(0, "uac: sound\nuas: sound\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--replay", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file or directory"),
        (["--replay", "/dev/null"], "/dev/null: is empty"),
        (["--theme", "nosuch"], "there is no theme 'nosuch'"),
    ],
)
def test_what_keeps_the_application_from_opening(arguments: list[str], words: str) -> None:
    with Terminal(*GOSSIPPER, "tui", *arguments) as terminal:
        assert terminal.wait() == 255
        assert terminal.intact
    (line,) = terminal.screen.splitlines()
    assert line.startswith("gossipper: ")
    assert words in line


@pytest.mark.parametrize("command", [["sipp"], ["tui", "--headless"]])
def test_ctrl_c_once_waits_for_the_open_calls_and_twice_stops_now(command: list[str]) -> None:
    with silent_peer() as peer, Terminal(*GOSSIPPER, *command, peer, "-r", "5") as terminal:
        terminal.wait_for_match("[1-9] open")
        terminal.press(b"\x03")
        terminal.wait_for("finishing")
        assert terminal.process.poll() is None
        terminal.press(b"\x03")
        assert terminal.wait() == 97, terminal.screen
        assert terminal.intact
    assert "Traceback" not in terminal.screen


def test_ctrl_c_once_ends_a_run_without_open_calls() -> None:
    with Terminal(*GOSSIPPER, "sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", "0") as terminal:
        terminal.wait_for("waiting for calls")
        terminal.press(b"\x03")
        assert terminal.wait() in (97, 99)
        assert terminal.intact
    assert "Traceback" not in terminal.screen


def test_interrupts_while_a_run_ends_do_no_harm() -> None:
    with Terminal(*GOSSIPPER, "sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", "0") as terminal:
        terminal.wait_for("waiting for calls")
        while terminal.process.poll() is None:
            terminal.press(b"\x03")
            time.sleep(0.02)
        assert terminal.wait() in (97, 99, -signal.SIGINT), terminal.screen
        assert terminal.intact
    assert "internal error" not in terminal.screen
    assert "Traceback" not in terminal.screen


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_without_a_terminal_ends_the_run(how: signal.Signals) -> None:
    with running("sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", "0") as process:
        assert process.stdout is not None
        assert "waiting for calls" in process.stdout.readline()
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
    assert process.returncode in (97, 99)
    assert "Traceback" not in out + err


def children(pid: int) -> list[int]:
    """The child processes of every thread of a process."""
    return [int(child) for thread in Path(f"/proc/{pid}/task").iterdir() for child in (thread / "children").read_text().split()]


def test_a_killed_child_is_reported_and_ends_the_run() -> None:
    with silent_peer() as peer, running("sipp", peer, "-r", "5", "-workers", "2") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        workers = children(process.pid)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        out, err = process.communicate(timeout=20)
    assert process.returncode not in (0, -signal.SIGKILL)
    assert "Traceback" not in first + out + err
    assert re.search(r"(worker|process|shard)\b.*\b(died|ended|killed)", out + err)
    assert [worker for worker in workers if Path(f"/proc/{worker}").exists()] == []
