# SPDX-License-Identifier: AGPL-3.0-or-later
"""The names of everything in the engine that belongs to the language, as rows name them: `keyword:branch`, `flag:-aa`."""

from __future__ import annotations

from collections.abc import Iterator

from engine.call.behaviours import NAMES as BEHAVIOURS
from engine.options import OPTIONS
from engine.options.values import Group
from engine.scenario import actions, attributes, keywords, library
from engine.scenario.data_files.heading import OrderName
from engine.scenario.distributions import DISTRIBUTIONS, PARAMETERS, SHORT_FORMS
from tests.programs import ROOT

LANGUAGE_GROUPS = (Group.TARGET, Group.SCENARIO, Group.BEHAVIOUR, Group.TIMERS, Group.MEDIA, Group.DATA)
"""The groups of options that decide what a scenario says and does."""


def registered() -> frozenset[str]:
    """Every name that needs a row."""
    return frozenset(_names())


def attributes_of_actions() -> frozenset[str]:
    """`action:ereg.header` and the like, without the parameters of distributions. A row may cover one by itself; the row of
    its action stands for the others."""
    return frozenset(
        f"action:{name}.{attribute}"
        for name, kind in actions.ACTIONS.items()
        for attribute in kind.attributes - (PARAMETERS if "distribution" in kind.attributes else set())
    )


def _names() -> Iterator[str]:
    yield from (f"keyword:{name}" for name in keywords.KEYWORDS)
    yield from (f"action:{name}" for name in actions.ACTIONS)
    yield from (f"distribution:{name}" for name in DISTRIBUTIONS)
    yield from (f"order:{name}" for name in OrderName)
    yield from (f"default-message:{name}" for name in attributes.DEFAULT_MESSAGES)
    yield from (f"behaviour:{name}" for name in BEHAVIOURS)
    yield from _of_elements()
    yield from (f"scenario:{path.stem}" for path in (ROOT / "scenarios").glob("*.xml"))
    yield from (f"scenario:{name}" for name in library.LATER)
    for option in OPTIONS:
        if option.setting.flags and option.setting.group in LANGUAGE_GROUPS:
            yield f"flag:{option.setting.flags[0]}"


def _of_elements() -> Iterator[str]:
    """Elements and their attributes. A <timewait> has those of a <pause>; parameters belong to their distributions."""
    yield from (f"element:{element}" for element in attributes.OF_ELEMENT)
    yield from (f"attribute:*.{name}" for name in attributes.COMMON)
    yield "short-forms:pause"
    for element, table in attributes.OF_ELEMENT.items():
        if element != "timewait":
            own = table.keys() - attributes.COMMON.keys() - (PARAMETERS | SHORT_FORMS if element == "pause" else set())
            yield from (f"attribute:{element}.{name}" for name in own)
