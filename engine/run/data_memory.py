# SPDX-License-Identifier: AGPL-3.0-or-later
"""The data files of a run, read once into memory that all of its shards share. Reading takes time: not in a trio loop."""

from __future__ import annotations

import os
from collections.abc import Iterable

from engine.errors import OptionError, ScenarioError
from engine.options import RunConfig
from engine.run.data_checks import data_paths, indexed_fields
from engine.scenario.data_files import LoadedFile, OrderName
from engine.scenario.data_files.loading import load_data_file


def load_data_files(config: RunConfig) -> tuple[LoadedFile, ...]:
    """The data files of a run, in memory that its shards share; to be closed. Raises OptionError."""
    loaded: list[LoadedFile] = []
    indexed = indexed_fields(config)
    # Of two with one base name the last counts, in the place of the first: they are told apart by nothing else.
    named = {os.path.basename(path): (flag, path) for flag, path in data_paths(config)}
    try:
        for name, (flag, path) in named.items():
            loaded.append(_load(flag, path, indexed.get(name)))
            _check_users(config, loaded[-1])
    except BaseException:
        close_data_files(loaded)
        raise
    return tuple(loaded)


def _load(flag: str, path: str, indexed_field: int | None) -> LoadedFile:
    try:
        return load_data_file(path, indexed_field)
    except ScenarioError as error:
        raise OptionError(flag, path, str(error)) from None


def close_data_files(files: Iterable[LoadedFile]) -> None:
    """Let go of the memory, which stays as long as a shard has it."""
    for file in files:
        os.close(file.descriptor)


def _check_users(config: RunConfig, file: LoadedFile) -> None:
    if file.heading.order is OrderName.USER and (config.users or 0) > file.size:
        raise OptionError("-users", config.users, f"{file.path} has a line for each user, and only {file.size} of them")
