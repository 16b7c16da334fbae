# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keyboard on a real terminal is tested in test_terminal.py; here what is no terminal."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

SCRIPT = """
import trio
from gossipper_tui.cli.keyboard import Keyboard

with Keyboard(enabled={enabled}) as keyboard:
    trio.run(keyboard.read, lambda key: print(key, end="", flush=True))
"""


def keys(enabled: bool, text: str | None = None) -> str:
    """What the keyboard reads from a pipe with this text, or from /dev/null, until it ends."""
    stream: dict[str, Any] = {"stdin": subprocess.DEVNULL} if text is None else {"input": text}
    script = [sys.executable, "-c", SCRIPT.format(enabled=enabled)]
    ended = subprocess.run(script, stdout=subprocess.PIPE, text=True, timeout=30, check=True, **stream)
    return str(ended.stdout)


def test_keys_come_from_a_pipe() -> None:
    assert keys(True, "++\nq\x00ü") == "++\nq\x00"


def test_a_disabled_keyboard_reads_nothing() -> None:
    assert keys(False, "q") == ""


def test_what_is_no_stream_has_no_keys() -> None:
    assert keys(True) == ""
