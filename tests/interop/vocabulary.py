# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words of the scenario language: those that there are, from the tables, and those that a scenario's file uses.

A word is a tuple: `("pause", "lost")` is an attribute of an element, `("init",)` an element, `("action", "ereg", "header")` an
attribute of an action, `("distribution", "gamma")` and `("keyword", "len")` what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.scenario.actions import ACTIONS
from engine.scenario.attributes import OF_ELEMENT
from engine.scenario.distributions import DISTRIBUTIONS
from engine.scenario.document import Element, decode, read_document
from engine.scenario.keywords import KEYWORDS, LANGUAGE
from engine.scenario.problems import Problems
from engine.scenario.template import TemplateParser, clean

WordOfLanguage = tuple[str, ...]


def all_words() -> set[WordOfLanguage]:
    """Everything that the tables know."""
    elements = {
        (element, *attribute) for element, table in OF_ELEMENT.items() for attribute in [(), *((each,) for each in table)]
    }
    actions = {("action", name, *each) for name, kind in ACTIONS.items() for each in [(), *((a,) for a in kind.attributes)]}
    distributions = {("distribution", name) for name in DISTRIBUTIONS}
    return elements | actions | distributions | {("keyword", name) for name in KEYWORDS}


def used_words(file: Path) -> set[WordOfLanguage]:
    """What a scenario's file uses, attributes and keywords that the tables do not know left out."""
    root = read_document(decode(file.read_bytes()), Problems(file.name))
    assert root is not None, file
    return set(_of_element(root)) & all_words()


def _of_element(element: Element, kind: WordOfLanguage = ()) -> Iterator[WordOfLanguage]:
    word = (*kind, element.tag)
    yield word
    for attribute, value in element.attributes.items():
        yield (*word, attribute)
        yield from _keywords(value)
        if attribute == "distribution":
            yield ("distribution", value)
    if element.cdata:
        yield from _keywords(clean(*element.cdata)[0])
    for child in element:
        yield from _of_element(child, ("action",) if element.tag == "action" else ())


def _keywords(text: str) -> Iterator[WordOfLanguage]:
    parser = TemplateParser(LANGUAGE.classifier(()), Problems(""), tolerant=True)
    for word in parser.parse(text, 0).words:
        yield ("keyword", word.name)
