# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways to break one word of the language, as small as a slip would be: it is read as before, and does something else.

A keyword says `?`; an action does nothing; an attribute, an element, an option or a default message is taken and has no
effect; a distribution draws 1; a default behaviour is off; a data file of another order is read in turn.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any


def sabotage(name: str) -> None:
    """Break the word of that name, in this process."""
    kind, _, word = name.partition(":")
    BREAKERS[kind](word)


def _keyword(name: str) -> None:
    table = importlib.import_module("engine.scenario.keywords").KEYWORDS
    entry = table[name]

    def compile_wrongly(word: Any, scope: Any) -> bytes:
        entry.compile(word, scope)
        return b"?"

    table[name] = replace(entry, compile=compile_wrongly)


def _action(name: str) -> None:
    """The action, or one of its attributes (`ereg.header`)."""
    name, _, attribute = name.partition(".")
    table = importlib.import_module("engine.scenario.actions").ACTIONS
    entry = table[name]

    def compile_wrongly(node: Any, scope: Any) -> Callable[[Any], None]:
        act: Callable[[Any], None] = entry.compile(node, scope)
        if attribute in node.attributes:
            others, texts = dict(node.attributes), dict(node.texts)
            del others[attribute]
            texts.pop(attribute, None)
            act = entry.compile(replace(node, attributes=others, texts=texts), scope)
        return act if attribute else lambda call: None

    table[name] = replace(entry, compile=compile_wrongly)


def _attribute(name: str) -> None:
    element, _, attribute = name.partition(".")
    reader = importlib.import_module("engine.scenario.load")._Reader
    values = reader.values

    def values_without(self: Any, of: Any) -> dict[str, Any]:
        found: dict[str, Any] = values(self, of)
        if of.tag == element or (element == "pause" and of.tag == "timewait") or element == "*":
            found.pop(attribute, None)
        return found

    reader.values = values_without


def _element(name: str) -> None:
    reader = importlib.import_module("engine.scenario.load")._Reader
    if name in ("scenario", "action"):
        method = {"scenario": "read", "action": "actions"}[name]
        setattr(reader, method, lambda self, element: ())
        return
    element = reader.element

    def element_or_nothing(self: Any, of: Any) -> None:
        if of.tag != name:
            element(self, of)

    reader.element = element_or_nothing


def _default_message(name: str) -> None:
    reader = importlib.import_module("engine.scenario.load")._Reader
    default_message = reader.default_message

    def without(self: Any, of: Any) -> None:
        default_message(self, of)
        self.reading.default_messages.pop(name, None)

    reader.default_message = without


def _distribution(name: str) -> None:
    table: Any = importlib.import_module("engine.scenario.distributions").DISTRIBUTIONS
    table[name] = replace(table[name], draw=lambda random, *parameters: 1.0, mean=lambda *parameters: 1.0)


def _behaviour(name: str) -> None:
    module = importlib.import_module("engine.call.behaviours")
    made = module.Behaviours.__init__

    def make_without(self: Any, **given: Any) -> None:
        made(self, **{**given, module.NAMES[name]: False})

    module.Behaviours.__init__ = make_without


def _flag(flag: str) -> None:
    """The configuration has the default, whatever it was given."""
    options = importlib.import_module("engine.options")
    option = options.FLAGS[flag]
    type.__setattr__(options.RunConfig, option.name, property(lambda self: option.default))


def _order(name: str) -> None:
    module: Any = importlib.import_module("engine.scenario.data_files.order")
    table = importlib.import_module("engine.scenario.data_files.table")
    make = module.make_order
    other = module.OrderName.USER if name == "SEQUENTIAL" else module.OrderName.SEQUENTIAL

    def make_other(order: Any, *more: Any) -> Any:
        return make(other if order == name else order, *more)

    table.make_order = module.make_order = make_other


def _scenario(name: str) -> None:
    library = importlib.import_module("engine.scenario.library")
    built_in = library._built_in

    def without() -> dict[str, Any]:
        found = built_in()
        other = next(file for key, file in found.items() if key != name)
        return {key: other if key == name else file for key, file in found.items()}

    library._built_in = without


def _short_forms(name: str) -> None:
    module = importlib.import_module("engine.scenario.pauses")
    module.short_form = lambda attributes: None  # type: ignore[attr-defined]


BREAKERS: dict[str, Callable[[str], None]] = {
    "keyword": _keyword,
    "action": _action,
    "attribute": _attribute,
    "element": _element,
    "default-message": _default_message,
    "distribution": _distribution,
    "behaviour": _behaviour,
    "flag": _flag,
    "order": _order,
    "scenario": _scenario,
    "short-forms": _short_forms,
}
