# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of media; a run without media has none of them. What each is, `engine.messages.media` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from engine.export.figures.bounds import RATIOS, SCORES, SECONDS
from engine.export.figures.figure import NS_PER_SECOND, Figure, Kind, Sample, Told

_MILLION: Final = 1_000_000
_THOUSAND: Final = 1000

_COUNTERS: Final[Mapping[str, tuple[str, str]]] = {
    "legs": ("legs", "Legs (m= lines of calls) that there were."),
    "packets_sent": ("packets_sent", "RTP packets that were sent."),
    "octets_sent": ("sent_bytes", "Octets of RTP packets that were sent, without what protects them."),
    "packets_received": ("packets_received", "RTP packets that came."),
    "octets_received": ("received_bytes", "Octets of RTP packets that came, without what protects them."),
    "expected": ("packets_expected", "RTP packets that were sent to us, as their sequence numbers say."),
    "gaps": ("gaps", "Times without packets that a listener hears."),
    "late": ("packets_late", "Packets that came too late to be played, of legs that ended."),
    "duplicates": ("packets_duplicate", "Packets that came more than once."),
    "reordered": ("packets_reordered", "Packets that came after later ones."),
    "rtcp_sent": ("rtcp_packets_sent", "RTCP packets that were sent."),
    "rtcp_received": ("rtcp_packets_received", "RTCP packets that came."),
    "garbage": ("packets_unreadable", "What came and is neither RTP nor RTCP nor DTLS nor STUN."),
    "foreign": ("packets_foreign", "Packets that belong to no call."),
    "ssrc_changes": ("ssrc_changes", "Times that a source changed within a leg."),
    "srtp_replayed": ("srtp_packets_replayed", "SRTP packets that came a second time."),
    "srtp_rejected": ("srtp_packets_rejected", "SRTP packets that did not prove their key."),
    "unprotected": ("packets_unprotected", "Packets that came in the clear where SRTP was agreed."),
    "keys_failed": ("keys_failed", "Legs that got no keys of SRTP."),
    "dtls_failed": ("dtls_failed", "Legs whose DTLS handshake failed."),
    "no_port": ("calls_without_port", "Calls for which there was no port."),
    "send_errors": ("send_errors", "Packets that the kernel did not take."),
    "skipped": ("packets_skipped", "Packets that were not sent because their time had passed."),
    "kernel_drops": ("kernel_drops", "Packets that the kernel threw away because they were not read."),
    "digits_sent": ("digits_sent", "Digits that were sent (RFC 4733)."),
    "digits_received": ("digits_received", "Digits that came (RFC 4733)."),
    "checks_passed": ("checks_passed", "RTP checks that passed."),
    "checks_failed": ("checks_failed", "RTP checks that failed."),
    "one_way": ("legs_one_way", "Legs whose audio went one way only."),
    "silent": ("legs_silent", "Legs whose audio was silent."),
    "clipped": ("legs_clipped", "Legs whose audio was clipped."),
    "recordings": ("recordings", "Recordings that were written."),
    "recording_drops": ("recording_drops", "Packets that a recording left out because the disk was too slow."),
}
"""The fields of `MediaCounters` that only grow: their names and their help."""

_GAUGES: Final[Mapping[str, tuple[str, str]]] = {
    "streams_out": ("streams_out", "Legs that send now."),
    "streams_in": ("streams_in", "Legs that receive now."),
    "lost": (
        "packets_lost",
        "RTP packets expected that did not come, since the start; less when they come after all.",
    ),
}


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    scale: int
    bounds: tuple[float, ...]


_TIME: Final = _Unit("seconds", NS_PER_SECOND, SECONDS)
_LOSS: Final = _Unit("ratio", _MILLION, RATIOS)
_MOS: Final = _Unit("", _THOUSAND, SCORES)

_HISTOGRAMS: Final[Mapping[str, tuple[_Unit, str]]] = {
    "lateness": (_TIME, "How late packets were sent."),
    "loss": (_LOSS, "The part of its packets that a leg did not receive; one value a leg."),
    "jitter": (_TIME, "The mean jitter (RFC 3550) of what a leg received; one value a leg."),
    "jitter_max": (_TIME, "The highest jitter of what a leg received; one value a leg."),
    "gap": (_TIME, "The longest time without a packet; one value a leg."),
    "mos": (_MOS, "The quality of what a leg received (ITU-T G.107), 1 to 4.5; one value a leg."),
    "jitter_seen": (_TIME, "The jitter of legs that go on; a value every few seconds."),
    "mos_seen": (_MOS, "The quality of legs that go on; a value every few seconds."),
    "sent_loss": (_LOSS, "The part of what a leg sent that did not arrive, as the peer's RTCP tells; one value a leg."),
    "sent_jitter": (_TIME, "The jitter of what a leg sent, as the peer's RTCP tells; one value a leg."),
    "sent_mos": (_MOS, "The quality of what a leg sent, as the peer's RTCP tells; one value a leg."),
    "round_trip": (_TIME, "Round-trip times, by RTCP."),
    "audio_latency": (_TIME, "From the end of what we said to the first sound of the answer."),
}


def _plain(field: str, kind: Kind, name: str, what: str) -> Figure:
    value = attrgetter(field)

    def read(told: Told) -> Iterable[Sample]:
        media = told.snapshot.media
        return [((), value(media.counters))] if media else []

    return Figure(f"media_{name}", kind, what, read, unit="bytes" if name.endswith("_bytes") else "")


def _histogram(field: str, unit: _Unit, what: str) -> Figure:
    value = attrgetter(field)

    def read(told: Told) -> Iterable[Sample]:
        media = told.snapshot.media
        return [((), value(media))] if media else []

    name = "_".join(filter(None, ("media", field, unit.name)))
    return Figure(name, Kind.HISTOGRAM, what, read, unit=unit.name, scale=unit.scale, bounds=unit.bounds)


MEDIA: Final = (
    *(_plain(field, Kind.GAUGE, *names) for field, names in _GAUGES.items()),
    *(_plain(field, Kind.COUNTER, *names) for field, names in _COUNTERS.items()),
    *(_histogram(field, *how) for field, how in _HISTOGRAMS.items()),
)
