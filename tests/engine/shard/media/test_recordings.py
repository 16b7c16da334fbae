# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings are written beside the loop: whole, bounded, and without a word too much when the disk does not want them."""

from __future__ import annotations

import os
import resource
import string
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.shard.media.recordings import Recordings, recording_name, safe_name
from tests.own_network import run_in_own_network
from tests.programs import ROOT

LIMIT_S = 10
RATE = 8000
SOUND = b"\x01\x02" * 800


class Run:
    """The recordings of a run, and what was warned of."""

    def __init__(self, folder: Path, **options: int) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self.recordings = Recordings(self.warnings.append, **options)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def until_warned(self) -> None:
        end = time.monotonic() + LIMIT_S
        while not self.warnings and time.monotonic() < end:
            time.sleep(0.01)
            self.recordings.flush()
        assert self.warnings


def read(path: Path | str) -> tuple[int, int, bytes]:
    """Rate, channels and samples of a WAV file, whose head says what is there."""
    with wave.open(str(path), "rb") as file:
        samples = file.readframes(file.getnframes())
        assert Path(path).stat().st_size == 44 + len(samples)
        return file.getframerate(), file.getnchannels(), samples


def test_what_was_added_is_in_the_file(tmp_path: Path) -> None:
    run = Run(tmp_path)
    file = run.recordings.start(run.path("call.wav"), 16000, 2)
    for number in range(50):
        run.recordings.add(file, [SOUND, 400, SOUND])
        if number % 10 == 0:
            run.recordings.flush()
    run.recordings.close()
    assert read(run.path("call.wav")) == (16000, 2, (SOUND + bytes(400) + SOUND) * 50)
    assert (run.warnings, run.recordings.dropped) == ([], 0)


def test_a_call_without_sound_has_a_file_without_samples(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.recordings.start(run.path("call.wav"), RATE, 1)
    run.recordings.close()
    assert read(run.path("call.wav")) == (RATE, 1, b"")


def test_nothing_recorded_costs_no_thread(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.recordings.flush()
    run.recordings.close()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.recordings.start(run.path("a/b/call.wav"), RATE, 1)
    run.recordings.close()
    assert read(run.path("a/b/call.wav")) == (RATE, 1, b"")


def test_many_calls_need_few_descriptors(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    run = Run(tmp_path)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 3, limits[1]))
    try:
        files = [run.recordings.start(run.path(f"{number}.wav"), RATE, 1) for number in range(300)]
        for _ in range(3):
            for file in files:
                run.recordings.add(file, [SOUND])
            run.recordings.flush()
        run.recordings.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert run.warnings == []
    assert all(read(run.path(f"{number}.wav")) == (RATE, 1, SOUND * 3) for number in range(300))


def test_calls_with_one_name_do_not_write_over_each_other(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for number in range(4):
        file = run.recordings.start(run.path("call.wav"), RATE, 1)
        run.recordings.add(file, [bytes([number]) * 100])
    run.recordings.close()
    names = ["call.wav", "call.2.wav", "call.3.wav", "call.4.wav"]
    assert [read(run.path(name))[2] for name in names] == [bytes([number]) * 100 for number in range(4)]
    assert len(run.warnings) == 1
    assert "call.wav: another call of this run is recorded there already" in run.warnings[0]


def test_the_recording_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    old = tmp_path / "call.wav"
    old.write_bytes(b"old" * 10_000)
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))
    run = Run(tmp_path)
    run.recordings.add(run.recordings.start(run.path("call.wav"), RATE, 1), [SOUND])
    run.recordings.close()
    assert read(old) == (RATE, 1, SOUND)
    assert run.warnings == []


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    an_hour_ago = time.time() - 3600
    os.utime(target, (an_hour_ago, an_hour_ago))
    path = tmp_path / "call.wav"
    {"link": lambda: path.symlink_to(target), "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}[kind]()
    run = Run(tmp_path)
    run.recordings.add(run.recordings.start(str(path), RATE, 1), [SOUND])
    run.recordings.close()
    assert target.read_bytes() == b"precious"
    assert len(run.warnings) == 1
    assert f"{path} is a link, a device or a folder; calls go on" in run.warnings[0]
    assert run.recordings.dropped == 2


def test_a_folder_that_cannot_be_written_is_told_once_and_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    run = Run(tmp_path)
    for number in range(20):
        run.recordings.add(run.recordings.start(run.path(f"file/{number}.wav"), RATE, 1), [SOUND])
    good = run.recordings.start(run.path("good.wav"), RATE, 1)
    run.recordings.add(good, [SOUND])
    run.recordings.close()
    assert len(run.warnings) == 1
    assert f"cannot record to {tmp_path}/file: " in run.warnings[0]
    assert read(run.path("good.wav")) == (RATE, 1, SOUND)
    assert run.recordings.dropped == 40


FULL_DISK = """
import os, sys, time
from engine.shard.media.recordings import Recordings
folder = sys.argv[1] if len(sys.argv) > 1 else FOLDER
warnings = []
recordings = Recordings(warnings.append)
files = [recordings.start(f"{folder}/{number}.wav", 8000, 1) for number in range(4)]
end = time.monotonic() + 20
while not warnings and time.monotonic() < end:
    for file in files:
        recordings.add(file, [b"ab" * 4000])
    recordings.flush()
    time.sleep(0.01)
recordings.add(files[0], [b"ab" * 4000])
recordings.close()
print(len(warnings), recordings.dropped > 0, "; ".join(warnings))
"""


def test_a_full_disk_is_told_once_and_ends_the_recordings(tmp_path: Path) -> None:
    told = run_in_own_network(f"FOLDER = {str(tmp_path)!r}\n{FULL_DISK}", f"mount -t tmpfs -o size=256k tmpfs {tmp_path}")
    assert told.startswith("1 True ")
    assert "No space left on device; nothing is recorded any more, calls go on" in told


KILLED = """
import os, sys, time
from engine.shard.media.recordings import Recordings
recordings = Recordings(print)
file = recordings.start(sys.argv[1], 8000, 1)
end = time.monotonic() + 20
while time.monotonic() < end:
    recordings.add(file, [b"\\1\\2" * 800])
    recordings.flush()
    time.sleep(0.001)
"""


def test_a_run_that_is_killed_leaves_a_file_that_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], env=environment, cwd=ROOT) as process:
        end = time.monotonic() + LIMIT_S
        while (not path.exists() or path.stat().st_size < 50_000) and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() >= 10_000
        assert set(file.readframes(10_000)) == {1, 2}


def test_what_the_writer_does_not_keep_up_with_is_counted_silence(tmp_path: Path) -> None:
    run = Run(tmp_path, most_waiting_bytes=10_000)
    file = run.recordings.start(run.path("call.wav"), RATE, 1)
    for _ in range(10):
        run.recordings.add(file, [SOUND])  # nothing is handed over: as if the writer stood still
    held, dropped = list(run.recordings._entries), run.recordings.dropped
    assert len(held) < 10
    assert dropped == 11 - len(held)
    run.recordings.flush()
    end = time.monotonic() + LIMIT_S
    while run.recordings._writer.written_bytes < run.recordings._taken_bytes and time.monotonic() < end:
        time.sleep(0.01)
    run.recordings.add(file, [SOUND])
    run.recordings.close()
    samples = read(run.path("call.wav"))[2]
    assert samples == SOUND * (10 - dropped) + bytes(len(SOUND) * dropped) + SOUND


@given(st.text(max_size=300))
def test_names_of_peers_lead_nowhere(text: str) -> None:
    name = recording_name(7, text)
    assert "/" not in name
    assert "\0" not in name
    assert name.isascii()
    assert len(name) < 200
    assert set(safe_name(text)) <= set(string.ascii_letters + string.digits + "@+=_.-")
    assert not safe_name(text).startswith(".")


def test_a_call_id_can_still_be_read() -> None:
    assert recording_name(12, "1-4711@127.0.0.1") == "000012-1-4711@127.0.0.1.wav"
    assert recording_name(1, "../../etc/passwd") == "000001-_.._etc_passwd.wav"
