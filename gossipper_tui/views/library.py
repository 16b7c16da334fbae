# SPDX-License-Identifier: AGPL-3.0-or-later
"""The library: built-in scenarios, and those of the working directory by folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath

from engine.messages import Problem, ScenarioList

BUILT_IN = "Built in"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A heading and its scenarios: pairs of the name to show and the source to ask the engine for."""

    heading: str
    scenarios: tuple[tuple[str, str], ...]


def shelves(found: ScenarioList, wanted: str = "") -> list[Shelf]:
    """The shelves that have a scenario whose source contains all words of `wanted`, built-in ones first."""
    words = wanted.lower().split()

    def matches(source: str) -> bool:
        return all(word in source.lower() for word in words)

    made = [Shelf(BUILT_IN, tuple((name, name) for name in found.built_in if matches(name)))]
    files = sorted(filter(matches, found.files), key=lambda path: (str(PurePath(path).parent), path))
    for folder, paths in groupby(files, key=lambda path: str(PurePath(path).parent)):
        heading = "." if folder == "." else f"./{folder}" if not PurePath(folder).is_absolute() else folder
        made.append(Shelf(heading, tuple((PurePath(path).name, path) for path in paths)))
    return [shelf for shelf in made if shelf.scenarios]


def mark(problems: Sequence[Problem] | None) -> tuple[str, str]:
    """The sign before a scenario's name and the number after it; nothing is known of it when `problems` is None."""
    if not problems:
        return " ", ""
    errors = sum(not problem.warning for problem in problems)
    return ("✗", str(errors)) if errors else ("!", str(len(problems)))
