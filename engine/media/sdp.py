# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an SDP says about media (RFC 8866): where it goes, in which formats, with which keys.

Read to find the media of a call, not to judge the peer: what is not understood is passed over, and the first of what may stand
only once counts. The time grows with the text and no faster; lines and sections past a limit are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MOST_SECTIONS: Final = 32
"""`m=` lines that are read."""
MOST_LINES: Final = 2000
MOST_FORMATS: Final = 128
"""Formats of a section: RTP has so many payload types."""
EVENTS: Final = "TELEPHONE-EVENT"
LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Format:
    """What a payload type stands for: `name` in capitals as in `a=rtpmap`, its clock rate in Hz, and its channels."""

    name: str
    clock_rate: int
    channels: int = 1


STATIC: Final[Mapping[int, Format]] = {
    0: Format("PCMU", 8000),
    3: Format("GSM", 8000),
    4: Format("G723", 8000),
    8: Format("PCMA", 8000),
    9: Format("G722", 8000),
    10: Format("L16", 44100, 2),
    11: Format("L16", 44100),
    13: Format("CN", 8000),
    18: Format("G729", 8000),
    26: Format("JPEG", 90000),
    31: Format("H261", 90000),
    32: Format("MPV", 90000),
    34: Format("H263", 90000),
}
"""Payload types that need no `a=rtpmap` (RFC 3551 section 6)."""


@dataclass(slots=True)
class MediaLine:
    """One `m=` line and what stands below it. Nothing that is missing raises: ports are 0, texts "", tables empty then.

    `kind` is as it stands there (`audio`). `address` is that of its own `c=`, or else the session's. `formats` are the payload
    types in their order. `rtcp_port` is 0 where `a=rtcp` does not say. `direction` is `sendrecv`, `sendonly`, `recvonly` or
    `inactive`. `crypto` are the values of its `a=crypto` lines, `fingerprints` those of `a=fingerprint`, `setup` is that of
    `a=setup`; the last two may be the session's.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[int, ...]
    address: str = ""
    maps: dict[int, Format] = field(default_factory=dict)
    packet_ms: int = 0
    rtcp_port: int = 0
    rtcp_address: str = ""
    rtcp_mux: bool = False
    direction: str = "sendrecv"
    crypto: list[str] = field(default_factory=list)
    fingerprints: list[str] = field(default_factory=list)
    setup: str = ""
    ice_ufrag: str = ""
    ice_pwd: str = ""

    def format_of(self, payload_type: int) -> Format | None:
        """What a payload type stands for; None when nobody says."""
        return self.maps.get(payload_type) or STATIC.get(payload_type)

    def payload_type_of(self, name: str, clock_rate: int = 0) -> int | None:
        """The first payload type of this name, and clock rate if one is given; None when there is none."""
        for payload_type in self.formats:
            known = self.format_of(payload_type)
            if known is not None and known.name == name.upper() and clock_rate in (0, known.clock_rate):
                return payload_type
        return None


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """The `m=` lines of an SDP, in their order."""

    lines: tuple[MediaLine, ...] = ()

    def first(self, kind: str) -> MediaLine | None:
        """The first line of a kind that has a port, or else the first of it; None without any."""
        found = [line for line in self.lines if line.kind == kind]
        return next((line for line in found if line.port), found[0] if found else None)


def read_sdp(body: bytes) -> SessionDescription:
    """The media that an SDP describes. Never raises."""
    lines: list[MediaLine] = []
    session = MediaLine("", 0, "", ())
    current = session
    for raw in body.split(b"\n", MOST_LINES)[:MOST_LINES]:
        text = raw.decode("latin-1").strip()
        kind, value = text[:2], text[2:].strip()
        if kind == "m=":
            if len(lines) >= MOST_SECTIONS:
                break
            current = _section(value, session)
            lines.append(current)
        elif kind == "c=":
            current.address = _address(value) or current.address
        elif kind == "a=":
            name, _, rest = value.partition(":")
            read = _ATTRIBUTES.get(name.lower())
            if read is not None:
                read(current, rest.strip())
            elif name in _DIRECTIONS:
                current.direction = name
    return SessionDescription(tuple(lines))


def _section(value: str, session: MediaLine) -> MediaLine:
    """What an `m=` line says, with what the session says for all."""
    words = [*value.split(None, 3), "", "", ""]
    port = _number(words[1].partition("/")[0], LAST_PORT)
    formats = [_number(word, 127, -1) for word in words[3].split(None, MOST_FORMATS)[:MOST_FORMATS]]
    return MediaLine(
        kind=words[0].lower(),
        port=port,
        protocol=words[2].upper(),
        formats=tuple(number for number in formats if number >= 0),
        address=session.address,
        direction=session.direction,
        fingerprints=list(session.fingerprints),
        setup=session.setup,
        ice_ufrag=session.ice_ufrag,
        ice_pwd=session.ice_pwd,
    )


def _number(text: str, most: int, otherwise: int = 0) -> int:
    return int(text) if _DIGITS.fullmatch(text) and int(text) <= most else otherwise


def _address(value: str) -> str:
    """The address of `IN IP4 192.0.2.1/127`."""
    words = value.split()
    return words[2].partition("/")[0] if len(words) > 2 else ""


def _rtpmap(line: MediaLine, value: str) -> None:
    payload, _, rest = value.partition(" ")
    name, rate, channels, *_ = [*rest.strip().split("/"), "", ""]
    payload_type = _number(payload, 127, -1)
    if payload_type >= 0 and name and payload_type not in line.maps:
        clock_rate = _number(rate, 1_000_000) or 8000
        line.maps[payload_type] = Format(name.upper(), clock_rate, _number(channels, 8) or 1)


def _rtcp(line: MediaLine, value: str) -> None:
    port, _, rest = value.partition(" ")
    line.rtcp_port = _number(port, LAST_PORT)
    line.rtcp_address = _address(rest)


def _rtcp_mux(line: MediaLine, value: str) -> None:
    line.rtcp_mux = True


def _packet_time(line: MediaLine, value: str) -> None:
    line.packet_ms = _number(value.partition(".")[0], 1000)


def _crypto(line: MediaLine, value: str) -> None:
    line.crypto.append(value)


def _fingerprint(line: MediaLine, value: str) -> None:
    line.fingerprints.append(value)


def _setup(line: MediaLine, value: str) -> None:
    line.setup = value.lower()


def _ice_ufrag(line: MediaLine, value: str) -> None:
    line.ice_ufrag = value


def _ice_pwd(line: MediaLine, value: str) -> None:
    line.ice_pwd = value


_DIGITS: Final = re.compile(r"\d{1,7}", re.ASCII)
_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_ATTRIBUTES: Final = {
    "rtpmap": _rtpmap,
    "rtcp": _rtcp,
    "rtcp-mux": _rtcp_mux,
    "ptime": _packet_time,
    "crypto": _crypto,
    "fingerprint": _fingerprint,
    "setup": _setup,
    "ice-ufrag": _ice_ufrag,
    "ice-pwd": _ice_pwd,
}

_TYPE: Final = re.compile(rb"^(?:content-type|c)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_BOUNDARY: Final = re.compile(rb'boundary="?([^";\r\n]{1,200})', re.IGNORECASE)
_SDP: Final = b"application/sdp"


def sdp_of(message: bytes) -> bytes:
    """The SDP in a SIP message, also as a part of a multipart body (RFC 2046 section 5.1); b"" when there is none."""
    head, body = _split(message)
    kind = _TYPE.search(head)
    if kind is None or not body:
        return b""
    if _SDP in kind[1].lower():
        return body
    boundary = _BOUNDARY.search(kind[1])
    if boundary is None or not kind[1].lower().startswith(b"multipart/"):
        return b""
    for part in body.split(b"--" + boundary[1], MOST_SECTIONS)[1:]:
        head, text = _split(part)
        own = _TYPE.search(head)
        if own is not None and _SDP in own[1].lower():
            return text
    return b""


def _split(text: bytes) -> tuple[bytes, bytes]:
    """The head and the body of a message or of a part."""
    at, skip = text.find(b"\r\n\r\n"), 4
    bare = text.find(b"\n\n")
    if at < 0 or 0 <= bare < at:
        at, skip = bare, 2
    return (text[:at], text[at + skip :]) if at >= 0 else (text, b"")
