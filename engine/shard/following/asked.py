# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `-follow` asks for: `every=100`, `failed`, `text=…`, `next=3`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

import msgspec

from engine.errors import OptionError
from engine.options import RunConfig
from engine.shard.protocol import Follow


def _every(asked: Follow, value: str) -> Follow:
    return msgspec.structs.replace(asked, every=_number("every", value))


def _failed(asked: Follow, value: str) -> Follow:
    if value:
        raise OptionError("-follow", f"failed={value}", "failed takes no value")
    return msgspec.structs.replace(asked, failed=True)


def _text(asked: Follow, value: str) -> Follow:
    if not value:
        raise OptionError("-follow", "text=", "write text=WHAT A MESSAGE HOLDS")
    return msgspec.structs.replace(asked, texts=(*asked.texts, value))


def _next(asked: Follow, value: str) -> Follow:
    return msgspec.structs.replace(asked, next=_number("next", value))


def _number(word: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or not 0 < int(value[:10]) < 1_000_000_000:
        raise OptionError("-follow", f"{word}={value}", f"write {word}=N, a whole number from 1 on")
    return int(value)


_WORDS: Final[dict[str, Callable[[Follow, str], Follow]]] = {"every": _every, "failed": _failed, "text": _text, "next": _next}


def asked_by(config: RunConfig) -> Follow:
    """What a run's options ask for; where followed calls are written or sent, that asks for them too. Raises OptionError."""
    asked = Follow()
    for each in config.follow:
        word, _, value = each.partition("=")
        if word not in _WORDS:
            raise OptionError("-follow", each, "write every=N, failed, text=…, or next=N")
        asked = _WORDS[word](asked, value)
    if (config.trace_pcap or _hep_what(config) == "followed") and not config.follow:
        asked = msgspec.structs.replace(asked, every=1)
    return with_failed(asked, config)


def with_failed(asked: Follow, config: RunConfig) -> Follow:
    """The same, and calls that fail where a run has a log of these or sends them to Homer, whatever else is asked."""
    return msgspec.structs.replace(asked, failed=asked.failed or config.trace_call_debug or _hep_what(config) == "failed")


def _hep_what(config: RunConfig) -> str:
    return config.hep_what if config.hep_address else ""


def most_failed(config: RunConfig) -> int:
    """How many calls that fail are told, of each class of failure; SIPp's log of them has all."""
    return sys.maxsize if config.trace_call_debug else config.follow_most
