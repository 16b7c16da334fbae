# SPDX-License-Identifier: AGPL-3.0-or-later
"""One-way audio has a name, and what was not expected is not missed."""

from __future__ import annotations

import pytest

from engine.media.audio.expectation import Expected, what_is_missing


@pytest.mark.parametrize(
    ("expected", "sent", "received", "has_sound", "told"),
    [
        ("both", 100, 100, True, ""),
        ("both", 100, 100, None, ""),
        ("both", 100, 100, False, "what came was silence all along"),
        ("both", 100, 0, False, "no audio came"),
        ("both", 0, 100, True, "we sent no audio"),
        ("both", 0, 0, False, "we sent no audio and no audio came"),
        ("send", 100, 0, False, ""),
        ("send", 100, 50, False, ""),
        ("send", 0, 100, True, "we sent no audio"),
        ("recv", 0, 100, True, ""),
        ("recv", 100, 0, False, "no audio came"),
        ("recv", 0, 100, False, "what came was silence all along"),
    ],
)
def test_what_is_missing(expected: str, sent: int, received: int, has_sound: bool | None, told: str) -> None:
    assert what_is_missing(Expected(expected), sent, received, has_sound) == told
