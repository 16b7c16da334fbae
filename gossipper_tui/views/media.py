# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media in numbers: a table of what was received and what was sent, and the few that say how it goes.

What was received we measured; how good what was sent arrived the peers tell by RTCP, so without it those cells are empty.
Figures are those of legs that have ended, or, while none has, of what was seen so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.messages import Histogram, MediaCounters, MediaNumbers, Snapshot
from gossipper_tui.views.history import RunHistory
from gossipper_tui.views.media_point import MediaPoint, media_point
from gossipper_tui.views.numbers import count, duration, percentage, rate
from gossipper_tui.views.spans import Line, Span, Tone, fit, line
from gossipper_tui.views.two_columns import Row, two_columns

_COLUMN = 13
_NAMES = (14, 30)
_GOOD_MOS = 3.6
"""Below this many users are dissatisfied (ITU-T G.107 annex B: R of 70)."""


def phrases(history: RunHistory) -> list[Line]:
    """How media goes, in a few phrases; none where there is no media. Rates are those of the newest period, or at the end those
    of the whole run."""
    snapshot = history.snapshot
    if snapshot is None or snapshot.media is None:
        return []
    return [
        line(Span(head, Tone.DIM), Span(text, tone))
        for head, text, tone in _phrases(snapshot.media, _newest(history, snapshot))
    ]


def _newest(history: RunHistory, snapshot: Snapshot) -> MediaPoint | None:
    """The newest period while the run goes on, else the whole run."""
    points = history.series.points
    point = points[-1].media if points and history.live else None
    return point or media_point(None, snapshot)


def phrase(snapshot: Snapshot, previous: Snapshot | None) -> str:
    """The same as one text for a status line; "" where there is no media."""
    if snapshot.media is None:
        return ""
    return " ".join(head + text for head, text, _ in _phrases(snapshot.media, media_point(previous, snapshot)))


def _phrases(media: MediaNumbers, point: MediaPoint | None) -> list[tuple[str, str, Tone]]:
    counters = media.counters
    told = [
        ("media ", f"{count(counters.streams_out)} out", Tone.NORMAL),
        ("", f"{count(counters.streams_in)} in", Tone.NORMAL),
    ]
    if point is not None:
        told.append(("", f"{rate(round(point.sent + point.received))} packets/s", Tone.NORMAL))
    if counters.expected > 0:
        told.append(("loss ", _share(counters.lost, counters.expected), Tone.WARN if counters.lost > 0 else Tone.NORMAL))
    if jitter := _measured(media.jitter, media.jitter_seen):
        told.append(("jitter ", duration(round(jitter.mean_ns)), Tone.NORMAL))
    if mos := _measured(media.mos, media.mos_seen):
        told.append(("MOS ", _mos(mos.mean_ns), _mos_tone(mos.mean_ns)))
    return told


def _share(part: int, whole: int) -> str:
    return percentage(min(max(0, part), whole), whole)


def _measured(of_legs: Histogram, seen: Histogram) -> Histogram | None:
    return next((histogram for histogram in (of_legs, seen) if histogram.count), None)


def _mos(thousandths: float) -> str:
    return f"{thousandths / 1000:.2f}"


def _mos_tone(thousandths: float) -> Tone:
    return Tone.NORMAL if thousandths >= 1000 * _GOOD_MOS else Tone.WARN


def table(history: RunHistory, width: int) -> list[Line]:
    """What was received and what was sent since the start."""
    snapshot = history.snapshot
    if snapshot is None or snapshot.media is None:
        return [fit(line(Span("No media.", Tone.DIM)), width)]
    media = snapshot.media
    rows: list[Row | None] = [
        Row("", "received", "sent", Tone.DIM),
        *_stream_rows(media.counters, _newest(history, snapshot)),
        *_quality_rows(media),
        None,
        *_count_rows(media.counters),
    ]
    while rows and rows[-1] is None:
        rows.pop()
    return two_columns(rows, width, _COLUMN, _NAMES)


def _stream_rows(counters: MediaCounters, point: MediaPoint | None) -> list[Row]:
    received, sent = (rate(round(point.received)), rate(round(point.sent))) if point is not None else ("", "")
    return [
        Row("Streams open", count(counters.streams_in), count(counters.streams_out)),
        Row("Packets/s", received, sent),
        Row("Packets", count(counters.packets_received), count(counters.packets_sent)),
    ]


def _quality_rows(media: MediaNumbers) -> list[Row]:
    counters = media.counters
    loss = _share(counters.lost, counters.expected) if counters.expected > 0 else ""
    jitter, mos = _measured(media.jitter, media.jitter_seen), _measured(media.mos, media.mos_seen)
    highest = _measured(media.jitter_max, media.jitter_seen)
    rows = [
        Row("Loss", loss, _cell(media.sent_loss, _loss_text), Tone.WARN if counters.lost > 0 else Tone.NORMAL),
        Row("Jitter, mean", _cell(jitter, _mean), _cell(media.sent_jitter, _mean)),
        Row("Jitter, highest", _cell(highest, _highest), _cell(media.sent_jitter, _highest)),
        Row(
            "MOS, mean", _cell(mos, _mean_mos), _cell(media.sent_mos, _mean_mos), _mos_tone(mos.mean_ns) if mos else Tone.NORMAL
        ),
        Row("MOS, worst 5 %", _cell(mos, _low_mos), _cell(media.sent_mos, _low_mos)),
        Row("Longest gap", _cell(media.gap, _highest), ""),
        Row("Sent late, p99", "", _cell(media.lateness, _p99)),
        Row("Round trip, p50", _cell(media.round_trip, _p50), ""),
        Row("Answer by voice, p50", _cell(media.audio_latency, _p50), ""),
        Row("Answer by voice, p99", _cell(media.audio_latency, _p99), ""),
    ]
    return [row for row in rows if row.left or row.right]


def _cell(histogram: Histogram | None, text: Callable[[Histogram], str]) -> str:
    return text(histogram) if histogram is not None and histogram.count else ""


def _loss_text(histogram: Histogram) -> str:
    return percentage(round(histogram.mean_ns), 1_000_000)


def _mean(histogram: Histogram) -> str:
    return duration(round(histogram.mean_ns))


def _highest(histogram: Histogram) -> str:
    return duration(histogram.max_ns)


def _p50(histogram: Histogram) -> str:
    return duration(histogram.percentiles_ns(50)[0])


def _p99(histogram: Histogram) -> str:
    return duration(histogram.percentiles_ns(99)[0])


def _mean_mos(histogram: Histogram) -> str:
    return _mos(histogram.mean_ns)


def _low_mos(histogram: Histogram) -> str:
    return _mos(histogram.percentiles_ns(5)[0])


@dataclass(frozen=True, slots=True)
class _Counter:
    """Counters of one thing, by their names in `MediaCounters`, "" where there is none; left out while both are 0."""

    name: str
    received: str = ""
    sent: str = ""
    tone: Tone = Tone.NORMAL


_COUNTERS = (
    _Counter("Calls without a port", sent="no_port", tone=Tone.BAD),
    _Counter("Without keys", sent="keys_failed", tone=Tone.BAD),
    _Counter("DTLS handshakes failed", sent="dtls_failed", tone=Tone.BAD),
    _Counter("Not sent: too late", sent="skipped", tone=Tone.BAD),
    _Counter("Not sent: errors", sent="send_errors", tone=Tone.BAD),
    _Counter("Dropped by the kernel", "kernel_drops", tone=Tone.BAD),
    _Counter("RTP checks failed", "checks_failed", tone=Tone.BAD),
    _Counter("RTP checks passed", "checks_passed", tone=Tone.GOOD),
    _Counter("One-way audio", "one_way", tone=Tone.BAD),
    _Counter("Silent", "silent", tone=Tone.WARN),
    _Counter("Clipped", "clipped", tone=Tone.WARN),
    _Counter("Lost", "lost", tone=Tone.WARN),
    _Counter("Gaps", "gaps", tone=Tone.WARN),
    _Counter("Too late to be played", "late", tone=Tone.WARN),
    _Counter("Doubled", "duplicates", tone=Tone.WARN),
    _Counter("Out of order", "reordered", tone=Tone.WARN),
    _Counter("New sources (SSRC)", "ssrc_changes", tone=Tone.WARN),
    _Counter("Replayed SRTP", "srtp_replayed", tone=Tone.WARN),
    _Counter("Rejected SRTP", "srtp_rejected", tone=Tone.WARN),
    _Counter("In the clear", "unprotected", tone=Tone.WARN),
    _Counter("Not RTP nor RTCP", "garbage", tone=Tone.WARN),
    _Counter("Belongs to no call", "foreign", tone=Tone.WARN),
    _Counter("RTCP packets", "rtcp_received", "rtcp_sent"),
    _Counter("Digits", "digits_received", "digits_sent"),
    _Counter("Recordings", "recordings"),
    _Counter("Left out of recordings", "recording_drops", tone=Tone.BAD),
)


def _count_rows(counters: MediaCounters) -> list[Row]:
    rows = []
    for each in _COUNTERS:
        received = getattr(counters, each.received) if each.received else 0
        sent = getattr(counters, each.sent) if each.sent else 0
        if received or sent:
            rows.append(Row(each.name, count(received) if each.received else "", count(sent) if each.sent else "", each.tone))
    return rows
