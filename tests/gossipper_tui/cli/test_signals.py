# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signals and the terminal's modes, with a loop that works and with one that is stuck."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from tests.gossipper_tui.cli.program import LIMIT_S, Terminal

WORKING = """
import trio
from gossipper_tui.cli.keyboard import Keyboard
from gossipper_tui.cli.signals import trapped_signals

async def main():
    keyboard = Keyboard(enabled=True)
    with trapped_signals(lambda number: print(f"got {number.name}", flush=True), keyboard), keyboard:
        print("ready", flush=True)
        await keyboard.read(press)

def press(key):
    print(f"key {key}", flush=True)
    if key == "x":
        raise SystemExit(5)

trio.run(main)
"""

STUCK = """
import time, trio
from gossipper_tui.cli.keyboard import Keyboard
from gossipper_tui.cli.signals import trapped_signals

async def main():
    keyboard = Keyboard(enabled=True)
    with trapped_signals(print, keyboard), keyboard:
        print("ready", flush=True)
        time.sleep(60)

trio.run(main)
"""


def test_keys_come_one_by_one_without_echo_and_the_terminal_is_given_back() -> None:
    with Terminal(sys.executable, "-c", WORKING) as terminal:
        terminal.wait_for("ready")
        assert not terminal.intact
        for key in "+q":
            terminal.press(key.encode())
            terminal.wait_for(f"key {key}")
        terminal.press(b"x")
        assert terminal.wait() == 5
        assert terminal.intact
    assert terminal.screen.split() == ["ready", "key", "+", "key", "q", "key", "x"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_acted_on_in_the_loop(number: signal.Signals) -> None:
    with Terminal(sys.executable, "-c", WORKING) as terminal:
        terminal.wait_for("ready")
        terminal.process.send_signal(number)
        terminal.wait_for(f"got {number.name}")
        terminal.press(b"x")
        assert terminal.wait() == 5


def test_a_hangup_ends_nothing() -> None:
    with Terminal(sys.executable, "-c", WORKING) as terminal:
        terminal.wait_for("ready")
        terminal.process.send_signal(signal.SIGHUP)
        terminal.press(b"+")
        terminal.wait_for("key +")
        assert terminal.process.poll() is None


def test_a_run_that_was_stopped_and_continued_takes_the_terminal_again() -> None:
    with Terminal(sys.executable, "-c", WORKING) as terminal:
        terminal.wait_for("ready")
        terminal.reset()
        assert terminal.intact
        terminal.process.send_signal(signal.SIGCONT)
        terminal.press(b"+\n")
        terminal.wait_for("key +")
        assert not terminal.intact


def test_the_third_interrupt_leaves_at_once_though_the_loop_is_stuck() -> None:
    with Terminal(sys.executable, "-c", STUCK) as terminal:
        terminal.wait_for("ready")
        deadline = time.monotonic() + LIMIT_S
        while terminal.process.poll() is None and time.monotonic() < deadline:
            terminal.press(b"\x03")
            time.sleep(0.05)
        assert terminal.wait() == 97
        assert terminal.intact
