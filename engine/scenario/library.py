# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where scenarios come from: the built-in ones, by name, and files, by path.

The built-in files are in `scenarios/` at the top of a checkout and in `engine/scenarios/` of an installed package.
"""

from __future__ import annotations

import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.errors import ScenarioError, ScenarioErrors
from engine.messages import ScenarioList
from engine.scenario.input_files import IsDirectory, Missing, Unreadable, read_pipe, read_regular
from engine.scenario.problems import LATER_HINT, nearest

MOST_SCENARIO_BYTES = 8 << 20
LATER = frozenset({"3pcc-A", "3pcc-B", "3pcc-C-A", "3pcc-C-B"})
"""Built-in scenarios of SIPp's that are not built yet."""
_FIRST = ("uac", "uas")
"""What people look for first stands first; the others by name."""
_SUFFIX = ".xml"
_LOOKED_AT_BYTES = 4096
_MOST_FILES = 1000


def _folder() -> Traversable | None:
    package = files("engine")
    folders = (package / "scenarios", Path(str(package)).parent / "scenarios")
    return next((folder for folder in folders if folder.is_dir()), None)


def _built_in() -> dict[str, Traversable]:
    folder = _folder()
    if folder is None:
        return {}
    found = {each.name.removesuffix(_SUFFIX): each for each in folder.iterdir() if each.name.endswith(_SUFFIX)}
    return {name: found[name] for name in sorted(found, key=lambda name: (name not in _FIRST, name))}


def read_source(source: str, *, pipes: bool = False) -> tuple[str, bytes]:
    """The name to show for a scenario, and its bytes: a built-in one by its name, else a file.

    `pipes`: a pipe will do as well. It gives what it holds only once, so that is for whoever runs or checks it, not for
    whoever just has a look. Raises ScenarioErrors when there is nothing to read.
    """
    built_in = _built_in()
    if source in built_in:
        return source, built_in[source].read_bytes()
    try:
        return source, (read_pipe if pipes else read_regular)(source, MOST_SCENARIO_BYTES)
    except IsDirectory:
        raise _unreadable(source, "this is a directory", "name a scenario file in it") from None
    except Missing:
        if source in LATER:
            raise _unreadable(source, "this built-in scenario is not built yet", LATER_HINT) from None
        known = f"built-in scenarios are {', '.join(built_in)}"
        raise _unreadable(source, "there is no such scenario", nearest(source, built_in) or known) from None
    except Unreadable as error:
        raise _unreadable(source[:80], f"cannot read the file: {error}") from None


def folder_of(source: str) -> str:
    """Where the files are that a scenario names: beside it."""
    return built_in_folder() if source in _built_in() else os.path.dirname(source)


def built_in_folder() -> str:
    """Where the built-in scenarios are, and the media that come with them."""
    return str(_folder() or "")


def _unreadable(source: str, message: str, hint: str = "") -> ScenarioErrors:
    return ScenarioErrors([ScenarioError(source, 0, 0, message, hint)])


def list_scenarios(directory: str) -> ScenarioList:
    """The built-in scenarios, and the XML files with a <scenario> in `directory` and one level below it."""
    found = []
    for path in _xml_files(Path(directory)):
        try:
            with path.open("rb") as file:
                start = file.read(_LOOKED_AT_BYTES)
        except OSError:
            continue
        if b"<scenario" in start:
            found.append(os.path.join(directory, path.relative_to(directory)) if directory != "." else str(path))
        if len(found) == _MOST_FILES:
            break
    return ScenarioList(built_in=tuple(_built_in()), files=tuple(sorted(found)))


def _xml_files(directory: Path) -> list[Path]:
    try:
        return sorted(path for pattern in ("*.xml", "*/*.xml") for path in directory.glob(pattern) if path.is_file())
    except OSError:
        return []
