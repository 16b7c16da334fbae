# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files that a scenario plays: where they are, and how large they may be."""

from __future__ import annotations

import os
from typing import Final

from engine.errors import MediaError
from engine.scenario.input_files import Missing, Unreadable, check_regular, read_regular
from engine.scenario.library import built_in_folder, folder_of

MOST_MEDIA_BYTES: Final = 256 << 20
"""Of a file that is played: an hour of stereo at 32 kHz."""


def place_of(name: str, scenario: str) -> str:
    """Where a file is: beside the scenario (a path, or the name of a built-in one), else in the working folder, as in SIPp.

    What is in neither may have come with the program (`media/speech.wav`), so that a copy of a built-in scenario finds it.
    """
    beside, ours = os.path.join(folder_of(scenario), name), os.path.join(built_in_folder(), name)
    return next((place for place in (beside, name, ours) if os.path.lexists(place)), name)


def check_media_file(name: str, scenario: str) -> None:
    """Look whether the file could be read, without opening it. Raises MediaError."""
    try:
        check_regular(place_of(name, scenario), MOST_MEDIA_BYTES)
    except Unreadable as error:
        raise _unreadable(name, error) from None


def read_media_file(name: str, scenario: str) -> bytes:
    """All of a file that is played. Raises MediaError."""
    try:
        return read_regular(place_of(name, scenario), MOST_MEDIA_BYTES)
    except Unreadable as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Unreadable) -> MediaError:
    hint = "it is looked for beside the scenario, then in the working folder" if isinstance(error, Missing) else ""
    return MediaError(name, f"cannot read {name}: {error}", hint)
