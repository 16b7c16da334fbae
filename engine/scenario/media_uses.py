# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a scenario has media, by the words that stand in it: calls of others are spared all that belongs to media."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.scenario.actions import media_echo
from engine.scenario.actions.commands import MEDIA_COMMANDS
from engine.scenario.keywords import media
from engine.scenario.model import Digits, Scenario, Send, Step

DTLS_WORDS: Final = frozenset({"dtls_fingerprint", "dtls_setup"})
WORDS: Final = frozenset(media.OF_CALL)
"""Keywords that speak of the media of a call."""


def uses_media(scenario: Scenario) -> bool:
    """Whether one of its steps plays something, hears something, or speaks of a port or key of the call."""
    return any(map(step_uses_media, scenario.steps))


def step_uses_media(step: Step) -> bool:
    """The same of one step."""
    if isinstance(step, Digits) or any(_is_media(node.name, node.attributes) for node in step.actions):
        return True
    return any(word in WORDS for word in _words_of(step))


def speaks_of_dtls(scenario: Scenario) -> bool:
    """Whether its SDP has a fingerprint, so that a certificate is needed."""
    return any(word in DTLS_WORDS for word in _words(scenario))


def _is_media(name: str, attributes: Mapping[str, str]) -> bool:
    return name in media_echo.ACTIONS or (name == "exec" and not MEDIA_COMMANDS.keys().isdisjoint(attributes))


def _words(scenario: Scenario) -> Iterator[str]:
    """The names of the keywords in its messages and in the texts of its actions."""
    for step in scenario.steps:
        yield from _words_of(step)


def _words_of(step: Step) -> Iterator[str]:
    texts = [text for node in step.actions for text in node.texts.values()]
    if isinstance(step, Send):
        texts.append(step.message)
    for text in texts:
        for word in text.words:
            yield word.name
