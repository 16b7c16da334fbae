# SPDX-License-Identifier: AGPL-3.0-or-later
"""The JSON summary of a run (`-summary_json`): everything that it counted, and whether that can be believed.

Durations become milliseconds, times RFC 3339. The schema in `docs/` is made from the struct (`engine.report.schema`).
"""

from __future__ import annotations

import msgspec

from engine.messages import (
    EXIT_CODES,
    Distribution,
    Histogram,
    MediaNumbers,
    MediaSummary,
    Outcome,
    Percentiles,
    RunStarted,
    Snapshot,
    StepSummary,
    Summary,
)
from engine.report.files import write_whole
from engine.report.times import NS_PER_SECOND, rfc3339_time
from engine.version import __version__, built_as

NS_PER_MS = 1_000_000
PARTS_PER_PERCENT = 10_000
"""Loss is kept in parts per million."""
MOS_STEPS = 1000
"""MOS is kept in thousandths."""


def summarize(started: RunStarted, last: Snapshot, outcome: Outcome, error: str = "") -> Summary:
    """The summary of a run that ended with `outcome`, from its first event and its last snapshot.

    `error` is the one line that ended it, when one did.
    """
    elapsed_s = last.elapsed_ns / NS_PER_SECOND
    return Summary(
        generator=f"gossipper {__version__} ({built_as()})",
        run=started.run,
        scenario=started.scenario.source,
        title=started.scenario.title,
        role=started.scenario.role,
        remote=started.config.remote,
        transport=started.config.transport,
        workers=started.workers,
        started_at=rfc3339_time(started.started_unix_ns),
        elapsed_s=elapsed_s,
        outcome=outcome,
        exit_code=EXIT_CODES[outcome],
        error=error,
        verdict=last.verdict,
        trustworthy=last.verdict.trustworthy,
        tls=last.tls,
        target_rate=last.target_rate,
        call_rate=last.counters.created / elapsed_s if elapsed_s else 0.0,
        counters=last.counters,
        steps=tuple(
            StepSummary(kind=step.kind, label=step.label, counts=counts)
            for step, counts in zip(started.scenario.steps, last.steps, strict=True)
        ),
        response_times={name: describe(histogram) for name, histogram in last.response_times.items()},
        response_times_from_due={name: describe(histogram) for name, histogram in last.response_times_from_due.items()},
        call_length=describe(last.call_length),
        lateness=describe(last.lateness),
        media=media_summary(last.media) if last.media else None,
        queues=last.queues,
    )


def media_summary(media: MediaNumbers) -> MediaSummary:
    """What was measured of media, as a person or a script reads it."""
    return MediaSummary(
        counters=media.counters,
        lateness=describe(media.lateness),
        loss_percent=distribution(media.loss, PARTS_PER_PERCENT),
        jitter=describe(media.jitter),
        jitter_max=describe(media.jitter_max),
        gap=describe(media.gap),
        mos=distribution(media.mos, MOS_STEPS),
        sent_loss_percent=distribution(media.sent_loss, PARTS_PER_PERCENT),
        sent_jitter=describe(media.sent_jitter),
        sent_mos=distribution(media.sent_mos, MOS_STEPS),
        round_trip=describe(media.round_trip),
        audio_latency=describe(media.audio_latency),
    )


def distribution(histogram: Histogram, unit: int) -> Distribution:
    """A histogram of what is no duration, in units of which one is `unit` of its values; all zero when it is empty."""
    p1, p5, p50, p95, p99 = histogram.percentiles_ns(1, 5, 50, 95, 99)
    return Distribution(
        count=histogram.count,
        mean=histogram.mean_ns / unit,
        min=histogram.min_ns / unit,
        p1=p1 / unit,
        p5=p5 / unit,
        p50=p50 / unit,
        p95=p95 / unit,
        p99=p99 / unit,
        max=histogram.max_ns / unit,
    )


def describe(histogram: Histogram) -> Percentiles:
    """A histogram as a person or a script reads it; all zero when it is empty."""
    p50, p90, p95, p99, p99_9 = histogram.percentiles_ns(50, 90, 95, 99, 99.9)
    limits = (*histogram.bounds_ms, None) if histogram.bounds_ms else ()
    return Percentiles(
        count=histogram.count,
        mean_ms=histogram.mean_ns / NS_PER_MS,
        stdev_ms=histogram.stdev_ns / NS_PER_MS,
        min_ms=histogram.min_ns / NS_PER_MS,
        p50_ms=p50 / NS_PER_MS,
        p90_ms=p90 / NS_PER_MS,
        p95_ms=p95 / NS_PER_MS,
        p99_ms=p99 / NS_PER_MS,
        p99_9_ms=p99_9 / NS_PER_MS,
        max_ms=histogram.max_ns / NS_PER_MS,
        repartition=tuple(zip(limits, histogram.repartition, strict=False)),
    )


def summary_json(summary: Summary) -> bytes:
    """The summary as indented JSON with a line end."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"


def write_summary_json(path: str, summary: Summary) -> None:
    """Write the summary to a file, whole or not at all. Raises ReportError."""
    write_whole(path, summary_json(summary))
