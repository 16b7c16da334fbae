# SPDX-License-Identifier: AGPL-3.0-or-later
"""`exec rtpcheck`: waits until so many packets went, and has a call fail whose media are not as they should be.

rtpcheck="min_packets=50 timeout_ms=3000 direction=both max_loss=1 min_mos=4"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.media.kinds import MediaKind
from engine.messages import Failure
from engine.scenario.actions.exec_command import ExecCommand
from engine.scenario.actions.media_texts import meant
from engine.scenario.actions.node import ActionNode
from engine.scenario.call_media import Condition
from engine.scenario.problems import nearest
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope

MOST_PACKETS: Final = 1_000_000_000
MOST_TIMEOUT_MS: Final = 86_400_000
_NUMBER: Final = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
_PER_CENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Figure:
    """What can be asked for: its key in what a call's media tell (`CallMedia.figures`), and what it is told times."""

    key: str
    words: str
    unit: str = ""
    scale: float = 1.0


FIGURES: Final[Mapping[str, Figure]] = {
    "loss": Figure("loss", "loss", " %", _PER_CENT),
    "lost": Figure("lost", "lost packets"),
    "jitter_ms": Figure("jitter", "mean jitter", " ms"),
    "peak_jitter_ms": Figure("jitter_max", "peak jitter", " ms"),
    "gap_ms": Figure("gap", "longest gap", " ms"),
    "gaps": Figure("gaps", "gaps"),
    "reordered": Figure("reordered", "reordered packets"),
    "duplicates": Figure("duplicates", "duplicates"),
    "mos": Figure("mos", "MOS"),
}
"""By their names, as they stand behind `min_` and `max_`."""
DIRECTIONS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "any": (),
    "send": (("sent", "sent"),),
    "recv": (("packets", "received"),),
    "both": (("sent", "sent"), ("packets", "received")),
    "bidirectional": (("sent", "sent"), ("packets", "received")),
}
"""Of the namesake: which packets have to be so many. `any`: both together."""


@dataclass(frozen=True, slots=True)
class Packets:
    """At least so many packets went this way."""

    least: int
    ways: tuple[tuple[str, str], ...]

    def broken_by(self, figures: Mapping[str, float]) -> str:
        """See `Condition`."""
        if not self.ways:
            count = int(figures.get("sent", 0) + figures.get("packets", 0))
            return "" if count >= self.least else f"{count} packets sent and received, at least {self.least} wanted"
        for key, word in self.ways:
            count = int(figures.get(key, 0))
            if count < self.least:
                return f"{count} packets {word}, at least {self.least} wanted"
        return ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure is not below a least, or above a most."""

    figure: Figure
    value: float
    is_least: bool

    def broken_by(self, figures: Mapping[str, float]) -> str:
        """See `Condition`."""
        found = figures.get(self.figure.key, 0.0) * self.figure.scale
        if found >= self.value if self.is_least else found <= self.value:
            return ""
        what, unit = self.figure.words, self.figure.unit
        return f"{what} {found:.4g}{unit}, {'at least' if self.is_least else 'at most'} {self.value:.4g}{unit} wanted"


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked of one kind of media: it is waited for the packets, then everything else has to hold too."""

    kind: MediaKind
    packets: Packets
    limits: tuple[Limit, ...]
    timeout_ms: int

    def is_over(self, call: CallState, late: bool) -> bool:
        """See `Hold`."""
        if not late and self.packets.broken_by(call.media.figures(self.kind)):
            return False
        conditions: tuple[Condition, ...] = (self.packets, *self.limits)
        reason = call.media.check(self.kind, conditions)
        if reason:
            call.fail(Failure.RTP_CHECK, f"rtpcheck of {self.kind}: {reason}")
        return True

    def act(self, call: CallState) -> None:
        """Check now, or wait."""
        if not self.is_over(call, late=not self.timeout_ms):
            call.hold(self, self.timeout_ms)


def read_check(text: str) -> Check:
    """What `rtpcheck` says; a bare number is that of packets. Raises ValueError."""
    values = dict(_values(text.replace(",", " ").split()))
    least = int(_number("min_packets", values.pop("min_packets", "1"), MOST_PACKETS))
    timeout_ms = int(_number("timeout_ms", values.pop("timeout_ms", "1000"), MOST_TIMEOUT_MS))
    direction = values.pop("direction", "any")
    if direction not in DIRECTIONS:
        raise ValueError(f"the direction {direction} is none of any, send, recv, both")
    kind = values.pop("media", MediaKind.AUDIO)
    if kind not in list(MediaKind):
        raise ValueError(f"the media {kind} are none of {', '.join(MediaKind)}")
    limits = tuple(_limit(name, value) for name, value in values.items())
    return Check(MediaKind(kind), Packets(least, DIRECTIONS[direction]), limits, timeout_ms)


def _values(words: list[str]) -> Iterable[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, value
        elif _NUMBER.fullmatch(word):
            yield "min_packets", word
        else:
            raise ValueError(f"{word} is no condition; they are NAME=VALUE, as in min_packets=50 direction=both")


def _limit(name: str, value: str) -> Limit:
    which, _, figure = name.partition("_")
    if which not in ("min", "max") or figure not in FIGURES:
        known = [*(f"{each}_{figure}" for figure in FIGURES for each in ("min", "max")), *_OTHERS]
        raise ValueError(f"{name} is not known — {nearest(name, known) or 'see rtpcheck in docs/language.md'}")
    return Limit(FIGURES[figure], _number(name, value, MOST_PACKETS), which == "min")


_OTHERS: Final = ("min_packets", "timeout_ms", "direction", "media")


def _number(name: str, value: str, most: float) -> float:
    if not _NUMBER.fullmatch(value) or float(value) > most:
        raise ValueError(f"{name}={value} is no number from 0 to {most:g}")
    return float(value)


def _rtpcheck(node: ActionNode, scope: Scope) -> Action:
    return meant(node, "rtpcheck", node.attributes["rtpcheck"], read_check).act


COMMANDS: Mapping[str, ExecCommand] = {"rtpcheck": ExecCommand(_rtpcheck)}
