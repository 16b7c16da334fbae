# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lines of a recording: events as JSON, of which snapshots leave out what the lines before have told.

Everything in a recorded snapshot is as it was published, cumulative, but for the buckets of its histograms, which are
empty: `grown` beside the event says which have grown since the run's last recorded snapshot, and by how much. That keeps
an hour of recording small. Recordings that were made before this was so have no `grown`, and all buckets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, TypeAlias

import msgspec

from engine.messages import AnyEvent, Event, Histogram, MediaNumbers, Snapshot
from engine.messages.histogram import bucket_at, places_of

RECORDED_EVERY_NS: Final = 900_000_000
"""Snapshots are recorded once a second; those that are told a second apart may be a little less."""
LONGEST_BITS: Final = 128
"""No duration has more."""

Growth: TypeAlias = list[Annotated[int, msgspec.Meta(ge=0)]]
"""Buckets in ascending order, two numbers each: how many places after the one before it (the first: its place), and by how
much it has grown. Places and buckets: `engine.messages.histogram.places_of`, `bucket_at`."""


class RecordedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. `at_ns` counts from the run's start.

    `grown` has the histograms of a snapshot that have grown, `lateness`, `response_times.1` …; it is None in recordings
    that tell all buckets each time.
    """

    at_ns: int
    event: AnyEvent
    grown: dict[str, Growth] | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(RecordedEvent)


class LineWriter:
    """Makes the lines of one run."""

    def __init__(self) -> None:
        self._last: Snapshot | None = None

    def is_due(self, snapshot: Snapshot) -> bool:
        """Whether this snapshot is worth a line: the first, one in a new state, and one a second."""
        last = self._last
        return last is None or snapshot.state is not last.state or snapshot.elapsed_ns - last.elapsed_ns >= RECORDED_EVERY_NS

    def growths(self, snapshot: Snapshot) -> Iterator[tuple[str, Growth]]:
        """The growth of each histogram since the last line, one at a time: thousands of buckets take some 0.5 ms."""
        before = _histograms(self._last) if self._last is not None else {}
        for name, histogram in _histograms(snapshot).items():
            earlier = before.get(name, Histogram())
            if histogram.count != earlier.count:
                yield name, _growth(histogram, earlier)

    def snapshot_line(self, at_ns: int, snapshot: Snapshot, grown: dict[str, Growth]) -> bytes:
        """The line of a snapshot whose `growths` these are; what comes next is told from it on."""
        self._last = snapshot
        emptied = _with_buckets(snapshot, {name: {} for name in _histograms(snapshot)})
        return _ENCODER.encode(RecordedEvent(at_ns, emptied, grown)) + b"\n"

    def line(self, at_ns: int, event: Event) -> bytes:
        """The line of any event, whole."""
        return _ENCODER.encode({"at_ns": at_ns, "event": event}) + b"\n"


class LineReader:
    """Reads the lines of a recording, in order."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], dict[int, int]] = {}

    def read(self, line: bytes) -> tuple[int, AnyEvent]:
        """When an event was, in ns from the run's start, and the event as it was published. Raises MsgspecError."""
        recorded = _DECODER.decode(line)
        event = recorded.event
        if isinstance(event, Snapshot) and recorded.grown is not None:
            event = self._whole(event, recorded.grown)
        return recorded.at_ns, event

    def _whole(self, snapshot: Snapshot, grown: dict[str, Growth]) -> Snapshot:
        """The snapshot with all its buckets. Those that have not grown are the same objects as before."""
        buckets = {}
        for name, histogram in _histograms(snapshot).items():
            key = (snapshot.run, name)
            if grown.get(name):
                self._buckets[key] = _grow(self._buckets.get(key, {}), grown[name], histogram.kept_bits)
            buckets[name] = self._buckets.get(key, {})
        return _with_buckets(snapshot, buckets)


def _histograms(snapshot: Snapshot) -> dict[str, Histogram]:
    """The histograms of a snapshot by their names in a recording."""
    return {
        **{f"response_times.{name}": histogram for name, histogram in snapshot.response_times.items()},
        **{f"response_times_from_due.{name}": histogram for name, histogram in snapshot.response_times_from_due.items()},
        "call_length": snapshot.call_length,
        "lateness": snapshot.lateness,
        **{f"media.{name}": histogram for name, histogram in (snapshot.media.histograms() if snapshot.media else {}).items()},
    }


def _with_buckets(snapshot: Snapshot, buckets: Mapping[str, dict[int, int]]) -> Snapshot:
    """The same snapshot with other buckets."""
    made = {
        name: msgspec.structs.replace(histogram, buckets=buckets[name]) for name, histogram in _histograms(snapshot).items()
    }
    return msgspec.structs.replace(
        snapshot,
        response_times={name: made[f"response_times.{name}"] for name in snapshot.response_times},
        response_times_from_due={name: made[f"response_times_from_due.{name}"] for name in snapshot.response_times_from_due},
        call_length=made["call_length"],
        lateness=made["lateness"],
        media=snapshot.media and _media_with(snapshot.media, made),
    )


def _media_with(media: MediaNumbers, made: Mapping[str, Histogram]) -> MediaNumbers:
    """The same with these histograms."""
    return MediaNumbers(counters=media.counters, **{name: made[f"media.{name}"] for name in media.histograms()})


def _growth(histogram: Histogram, earlier: Histogram) -> Growth:
    buckets = histogram.since(earlier).buckets
    ascending = sorted(buckets)
    growth: Growth = []
    last = 0
    for place, bucket in zip(places_of(ascending, histogram.kept_bits), ascending, strict=True):
        growth += (place - last, buckets[bucket])
        last = place
    return growth


def _grow(buckets: dict[int, int], growth: Growth, kept_bits: int) -> dict[int, int]:
    """The buckets after a growth, as new ones. Raises ValidationError for a growth that cannot be."""
    buckets = buckets.copy()
    place = 0
    for gap, count in zip(growth[::2], growth[1::2], strict=False):
        place += gap
        if place >> kept_bits - 1 > LONGEST_BITS:
            raise msgspec.ValidationError("a histogram has no bucket so far out")
        bucket = bucket_at(place, kept_bits)
        buckets[bucket] = buckets.get(bucket, 0) + count
    return buckets
