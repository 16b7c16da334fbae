# SPDX-License-Identifier: AGPL-3.0-or-later
"""Captures that are played again, as `play_pcap_audio` and its like do: the same datagrams, with the same gaps between them.

A capture often holds more than the media that is wanted: the other direction, RTCP, signalling. SIPp sends all UDP, each at as
many ports from the media's as it was captured from the lowest one. Here it is the datagrams to one address and port, for an
`m=` line has one: of those that carry RTP (for an image: that do not) the one with the lowest port, as in SIPp. What is left
out is told.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import MediaError
from engine.media.codecs import codec_of
from engine.media.demux import is_rtcp, is_rtp
from engine.media.kinds import MediaKind
from engine.media.rtp import HEADER_BYTES
from engine.media.sources.capture_frames import LINKS, Skip, datagram_of
from engine.media.sources.capture_records import ends_within_frame, frames_of
from engine.media.sources.limits import MOST_PACKETS, MOST_PERIOD_MS, check_size
from engine.media.track import NS_A_SECOND, Track

_USUAL_GAP_NS = NS_A_SECOND // 50
_HOUR_NS = 3600 * NS_A_SECOND
_MOST_NS = MOST_PERIOD_MS * 1_000_000
_LINK_NAMES: Mapping[int, str] = {9: "PPP", 105: "Wi-Fi", 127: "Wi-Fi", 163: "Wi-Fi", 189: "USB", 220: "USB"}


@dataclass(frozen=True, slots=True)
class Replay:
    """A capture to be played again. `notes` are what a person should know of it, a line each."""

    track: Track
    notes: tuple[str, ...]


class _Flow:
    """What went to one address and port: places in the file, with their times."""

    __slots__ = ("bytes", "ends", "payload_type", "port", "rtcp", "rtp", "starts", "text", "times_ns")

    def __init__(self, port: int) -> None:
        self.port = port
        self.starts, self.ends, self.times_ns = array("Q"), array("Q"), array("q")
        self.rtp = self.rtcp = self.text = self.bytes = 0
        self.payload_type = 0

    def add(self, data: bytes, start: int, end: int, time_ns: int) -> None:
        """One more datagram."""
        self.starts.append(start)
        self.ends.append(end)
        self.times_ns.append(time_ns)
        self.bytes += end - start
        head = data[start : min(start + HEADER_BYTES, end)]
        if is_rtcp(head):
            self.rtcp += 1
        elif is_rtp(head):
            self.payload_type = self.payload_type if self.rtp else head[1] & 0x7F
            self.rtp += 1
        elif head and (65 <= head[0] <= 90 or head[0] in b"\r\n"):
            self.text += 1

    @property
    def is_rtp(self) -> bool:
        """Whether more than half of it is RTP."""
        return 2 * self.rtp > len(self.starts)

    @property
    def is_about_media(self) -> bool:
        """Whether more than half of it is RTCP or text, as SIP is: that is no media."""
        return 2 * max(self.rtcp, self.text) > len(self.starts)


def replay(data: bytes, name: str, kind: MediaKind = MediaKind.AUDIO) -> Replay:
    """What a capture plays on a line of this kind. Raises MediaError when there is nothing to play.

    It takes some two seconds for a million packets.
    """
    flows, skipped, links = _flows(data, name)
    if not flows:
        raise _nothing(name, skipped, links)
    flow = _wanted(list(flows.values()), kind)
    check_size(name, flow.bytes, len(flow.starts))
    dues_ns, jumps = _dues(flow.times_ns, name)
    notes = _notes(name, flow, flows, skipped, jumps)
    return Replay(_track(data, flow, dues_ns), notes)


def _flows(data: bytes, name: str) -> tuple[dict[tuple[bytes, int], _Flow], Counter[Skip], set[int]]:
    flows: dict[tuple[bytes, int], _Flow] = {}
    skipped: Counter[Skip] = Counter()
    strange: set[int] = set()
    taken = end = 0
    for frame in frames_of(data, name):
        end = frame.end
        if frame.link not in LINKS:
            strange.add(frame.link)
            continue
        datagram = datagram_of(data, frame.link, frame.start, frame.end)
        if isinstance(datagram, Skip):
            skipped[datagram] += 1
            continue
        if taken >= 2 * MOST_PACKETS:
            raise MediaError(name, f"more than {2 * MOST_PACKETS} datagrams", "cut out what is to be played, as editcap does")
        taken += 1
        flow = flows.get((datagram.address, datagram.port))
        if flow is None:
            flow = flows[datagram.address, datagram.port] = _Flow(datagram.port)
        flow.add(data, datagram.start, datagram.end, frame.time_ns)
    skipped[Skip.UNFINISHED] += ends_within_frame(data, end)
    return flows, skipped, strange


def _nothing(name: str, skipped: Counter[Skip], links: set[int]) -> MediaError:
    if links:
        kinds = ", ".join(_LINK_NAMES.get(link, f"type {link}") for link in sorted(links)[:4])
        return MediaError(name, f"frames of {kinds} cannot be read", "capture Ethernet, or tcpdump's `-i any`")
    if skipped[Skip.CUT]:
        return MediaError(name, "all datagrams were cut off when they were captured", "capture with `-s 0`")
    if skipped[Skip.FRAGMENT]:
        return MediaError(name, "all datagrams are in fragments, which are not put together")
    if skipped[Skip.OTHER]:
        return MediaError(name, f"none of the {skipped[Skip.OTHER]} frames carries UDP")
    return MediaError(name, "the capture is empty")


def _wanted(flows: list[_Flow], kind: MediaKind) -> _Flow:
    rtp = [flow for flow in flows if flow.is_rtp]
    others = [flow for flow in flows if not (flow.is_rtp or flow.is_about_media)]
    candidates = (others or rtp or flows) if kind is MediaKind.IMAGE else (rtp or others or flows)
    return min(candidates, key=lambda flow: (flow.port, -len(flow.starts)))


def _dues(times_ns: array[int], name: str) -> tuple[array[int], int]:
    """When each is due after the first, and how often the clock went back: what comes then comes with the one before."""
    dues_ns, before, jumps = array("q"), times_ns[0], 0
    shift_ns = times_ns[0]
    for time_ns in times_ns:
        if time_ns < before:
            shift_ns -= before - time_ns
            jumps += 1
        before = time_ns
        if time_ns - shift_ns > _MOST_NS:
            raise MediaError(name, f"its packets are {(time_ns - shift_ns) / _HOUR_NS:.0f} hours apart, at most 24 are played")
        dues_ns.append(time_ns - shift_ns)
    return dues_ns, jumps


def _notes(
    name: str, flow: _Flow, flows: Mapping[tuple[bytes, int], _Flow], skipped: Counter[Skip], jumps: int
) -> tuple[str, ...]:
    others = [each for each in flows.values() if each is not flow and each.is_rtp]
    notes = []
    if others:
        count = sum(len(each.starts) for each in others)
        notes.append(f"{name}: what went to port {flow.port} is played; {count} packets of RTP to other places are left out")
    if skipped[Skip.FRAGMENT]:
        notes.append(f"{name}: {skipped[Skip.FRAGMENT]} fragments are left out")
    if skipped[Skip.CUT]:
        notes.append(f"{name}: {skipped[Skip.CUT]} datagrams that were cut off when they were captured are left out")
    if skipped[Skip.UNFINISHED]:
        notes.append(f"{name}: the file ends within a packet, as if it was not copied whole; what is there is played")
    if jumps:
        notes.append(f"{name}: its clock goes back {jumps} times; there is no gap there")
    return tuple(notes)


def _track(data: bytes, flow: _Flow, dues_ns: array[int]) -> Track:
    sizes = array("I", [end - start for start, end in zip(flow.starts, flow.ends, strict=True)])
    starts, at = array("Q"), 0
    for size in sizes:
        starts.append(at)
        at += size
    payload_type = flow.payload_type if flow.is_rtp else 0
    codec = codec_of(None, payload_type) if flow.is_rtp else None
    gap_ns = dues_ns[-1] // (len(dues_ns) - 1) if len(dues_ns) > 1 else _USUAL_GAP_NS
    nothing = bytes(len(starts))
    return Track(
        b"".join([data[start:end] for start, end in zip(flow.starts, flow.ends, strict=True)]),
        starts,
        sizes,
        dues_ns,
        nothing,
        nothing,
        period_ns=dues_ns[-1] + (gap_ns or _USUAL_GAP_NS),
        period_ticks=0,
        payload_type=payload_type,
        clock_rate=codec.clock_rate if codec else 8000,
        codec=codec.name if codec else "",
        whole=True,
    )
