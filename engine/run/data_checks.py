# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be said of the data files of a configuration before they are read: a look at how each begins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from engine.errors import GossipperError, OptionError
from engine.messages import ScenarioDescription
from engine.options import RunConfig
from engine.scenario.data_files.loading import check_data_file
from engine.scenario.problems import nearest


def data_paths(config: RunConfig) -> Iterator[tuple[str, str]]:
    """The flag and the path of each data file that a configuration names."""
    for path in config.data_files:
        yield "-inf", path
    for path in config.incoming_data_files:
        yield "-rxinf", path


def check_data_files(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """Raise OptionError when a file cannot be one, or the scenario needs one and has none."""
    none = True
    for flag, path in data_paths(config):
        none = False
        try:
            check_data_file(path)
        except GossipperError as error:
            raise OptionError(flag, path, str(error)) from None
    if none and scenario is not None and scenario.data_fields:
        raise OptionError("-inf", "", f"the scenario reads {scenario.data_fields} fields; give it a data file with -inf FILE")
    if none and scenario is not None and "-inf" in scenario.needs:
        raise OptionError("-inf", "", "the scenario works with a data file; name it with -inf FILE")


def indexed_fields(config: RunConfig) -> dict[str, int]:
    """By base name of a data file, the field that it is indexed by (-infindex); of several the last. Raises OptionError."""
    names = {os.path.basename(path) for _, path in data_paths(config)}
    found = {}
    for file, field in config.data_indexes:
        name = os.path.basename(file)
        if name not in names:
            hint = nearest(name, names) or (f"there is {', '.join(sorted(names))}" if names else "name it with -inf")
            raise OptionError("-infindex", file, f"no data file '{file}' was given; {hint}")
        if not re.fullmatch("[0-9]{1,9}", field):
            raise OptionError("-infindex", field, f"'{field}' is no number of a field; the first is 0")
        found[name] = int(field)
    return found


def check_indexes(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """Raise OptionError when an index is of no file or of no field."""
    indexed_fields(config)
