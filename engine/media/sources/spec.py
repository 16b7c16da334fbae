# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text of `rtp_stream="…"`, read once.

    FILE[,LOOPS[,PAYLOAD TYPE[,NAME[/RATE]]]]                   a file; SIPp's form
    apattern[,PATTERN[,PAYLOAD TYPE[,NAME/RATE]]]               SIPp's test patterns, 1 to 6; vpattern for video
    pause resume pauseapattern resumeapattern pausevpattern resumevpattern
    synthetic[:KIND][,LOOPS[,PAYLOAD TYPE[,NAME[,PACKET MS[,DURATION MS[,CHANNELS]]]]]]

The last is the namesake's; KIND is ours: `ringback` (when it is not given), `silence`, `tone[:HERTZ[:DBM0]]`. LOOPS is 1 when
it is not given, -1 for ever; a payload type that is not given is that of `-rtp_payload`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.errors import MediaError
from engine.media.codecs import FIRST_DYNAMIC, H264, Codec, codec_of, static_codec
from engine.media.kinds import MediaKind
from engine.media.sources.synthetic import FREQUENCIES_HZ, LEVELS_DBM0, Sound, Synthetic

DEFAULT_PAYLOAD_TYPE = 8
"""SIPp's `-rtp_payload` when it is not given."""
MOST_LOOPS = 1_000_000_000
MOST_CHANNELS = 2
_FORM = "it is FILE,LOOPS,PAYLOAD TYPE,NAME/RATE"
_SYNTHETIC_FORM = "it is synthetic,LOOPS,PAYLOAD TYPE,NAME,PACKET MS,DURATION MS,CHANNELS"
_KNOWN = "known are PCMU PCMA G722 G729 iLBC opus CN H264 L16"


class Steer(StrEnum):
    """What is done to a stream that plays."""

    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Steering:
    """`pause` and its like. `kind` None: all that the call plays. `patterns`: only what a pattern plays."""

    steer: Steer
    kind: MediaKind | None = None
    patterns: bool = False


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What to play. `file` is "" when nothing is read for it; `pattern` is 0 when it is none; `loops` is -1 for ever.

    `text` is what it was made of, for messages.
    """

    text: str
    file: str
    loops: int
    payload_type: int
    codec: Codec
    pattern: int = 0
    synthetic: Synthetic | None = None

    @property
    def kind(self) -> MediaKind:
        """The media that it is played on."""
        return MediaKind.VIDEO if self.codec is H264 else MediaKind.AUDIO


_STEERING: Mapping[str, Steering] = {
    f"{steer}{word}": Steering(steer, kind, bool(word))
    for steer in Steer
    for word, kind in (("", None), ("apattern", MediaKind.AUDIO), ("vpattern", MediaKind.VIDEO))
}
_PATTERNS: Mapping[str, MediaKind] = {"apattern": MediaKind.AUDIO, "vpattern": MediaKind.VIDEO}
_SYNTHETIC = re.compile(r"synthetic(?::(\w+)(?::([\d.]+)(?::(-?[\d.]+))?)?)?")


def parse_stream(text: str, default_payload_type: int = DEFAULT_PAYLOAD_TYPE) -> StreamSpec | Steering:
    """What `rtp_stream` is to do. Raises MediaError, whose name is the text."""
    parts = [part.strip() for part in text.split(",")]
    if text.strip() in _STEERING:
        return _STEERING[text.strip()]
    if not parts[0]:
        raise MediaError(text, "it names no file", _FORM)
    if parts[0] in _PATTERNS:
        return _pattern(text, parts, default_payload_type)
    if parts[0] == "synthetic" or parts[0].startswith("synthetic:"):
        return _synthetic(text, parts, default_payload_type)
    if len(parts) > 4:
        raise MediaError(text, "it has too many parts", _FORM)
    codec, payload_type = _codec(text, parts[2:4], default_payload_type)
    return StreamSpec(text, parts[0], _loops(text, parts[1:2]), payload_type, codec)


def _pattern(text: str, parts: list[str], default_payload_type: int) -> StreamSpec:
    kind = _PATTERNS[parts[0]]
    if len(parts) > 4:
        raise MediaError(text, "it has too many parts", f"it is {parts[0]},PATTERN,PAYLOAD TYPE,NAME/RATE")
    number = _number(text, parts[1], "the pattern", 1, 6) if parts[1:] and parts[1] else 1
    video = kind is MediaKind.VIDEO
    codec, payload_type = _codec(text, parts[2:4], H264.payload_type if video else default_payload_type)
    if (codec is H264) is not video:
        raise MediaError(text, f"{parts[0]} is for {kind}, {codec.name} is not")
    return StreamSpec(text, "", -1, payload_type, codec, pattern=number)


def _synthetic(text: str, parts: list[str], default_payload_type: int) -> StreamSpec:
    if len(parts) > 7:
        raise MediaError(text, "it has too many parts", _SYNTHETIC_FORM)
    codec, payload_type = _codec(text, parts[2:4], default_payload_type)
    packet_ms, duration_ms, channels = (
        _number(text, part, what, 0, most) if part else 0
        for part, (what, most) in zip((parts[4:] + [""] * 3)[:3], _SYNTHETIC_NUMBERS, strict=True)
    )
    if channels and channels != codec.channels:
        raise MediaError(text, f"{codec.name} has {codec.channels} channel{'s' if codec.channels > 1 else ''}, not {channels}")
    what = replace(_sound(text, parts[0]), packet_ms=packet_ms, duration_ms=duration_ms)
    return StreamSpec(text, "", _loops(text, parts[1:2]), payload_type, codec, synthetic=what)


_SYNTHETIC_NUMBERS = (("the packet time", 1000), ("the duration", 24 * 3600 * 1000), ("the number of channels", MOST_CHANNELS))


def _sound(text: str, word: str) -> Synthetic:
    found = _SYNTHETIC.fullmatch(word)
    kind = (found[1] or Sound.RINGBACK) if found else ""
    if found is None or kind not in list(Sound):
        raise MediaError(text, f"{word} is no sound", "there are ringback, silence and tone:HERTZ:DBM0")
    if found[2] is None:
        return Synthetic(Sound(kind))
    if kind != Sound.TONE:
        raise MediaError(text, f"{kind} has no frequency", "only synthetic:tone has")
    frequency_hz = _decimal(text, found[2], "the frequency in Hz", *FREQUENCIES_HZ)
    default = Synthetic(Sound.TONE, frequency_hz)
    return (
        default
        if found[3] is None
        else replace(default, level_dbm0=_decimal(text, found[3], "the level in dBm0", *LEVELS_DBM0))
    )


def _loops(text: str, part: list[str]) -> int:
    if not part or not part[0]:
        return 1
    loops = _number(text, part[0], "the number of loops", -1, MOST_LOOPS)
    if loops == 0:
        raise MediaError(text, "0 loops play nothing", "-1 plays for ever")
    return loops


def _codec(text: str, parts: list[str], default_payload_type: int) -> tuple[Codec, int]:
    """The codec, and the payload type that goes with it."""
    number, name = [*parts, "", ""][:2]
    payload_type = _number(text, number, "the payload type", 0, 127) if number else default_payload_type
    codec = codec_of(name, payload_type)
    if codec is None and name:
        raise MediaError(text, f"{name} is no codec that can be sent", _KNOWN)
    if codec is None:
        raise MediaError(text, f"payload type {payload_type} does not say what it is", "name it, as in FILE,1,99,H264/90000")
    fixed = static_codec(payload_type)
    if payload_type < FIRST_DYNAMIC and fixed is not None and fixed.name != codec.name:
        raise MediaError(text, f"payload type {payload_type} is {fixed.name}, not {codec.name}", "RFC 3551 has fixed it")
    return codec, payload_type


def _number(text: str, part: str, what: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,12}", part, re.ASCII) or not least <= int(part) <= most:
        raise MediaError(text, f"{what} is a whole number from {least} to {most}, not {part!r}")
    return int(part)


def _decimal(text: str, part: str, what: str, least: float, most: float) -> float:
    if not re.fullmatch(r"-?\d{1,6}(\.\d{1,6})?", part, re.ASCII) or not least <= float(part) <= most:
        raise MediaError(text, f"{what} is a number from {least:g} to {most:g}, not {part!r}")
    return float(part)
