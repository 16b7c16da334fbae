# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run and its shards say to each other, over memory or over a pipe.

A shard is given its `ShardPlan`, answers `Ready` or `Failed`, waits for `Go`, tells `Report`s, `Warned`s and `Logged`s
while it runs, and ends with `Ended` or `Failed`.
"""

from __future__ import annotations

import msgspec

from engine.messages import FollowedCall
from engine.options import RunConfig
from engine.scenario.data_files import LoadedFile
from engine.stats.measurements import Measurements
from engine.transport.addresses import Addresses


class ToShard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of what a run tells its shards."""


class ScenarioText(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario as it was read, and what errors call it."""

    name: str
    xml: bytes


class ShardPlan(ToShard, frozen=True, kw_only=True, tag=True):
    """Everything that a shard needs to know; the descriptors of `data_files` are open where it runs.

    `incoming` is a client's scenario for calls that come in, `out_of_call` that for requests that belong to no call.
    It is shard `index` of `count`. `pid` is that of the run, for [pid] and the names of files.
    `report_every_ns` is the time between two reports.
    `records_fd` is the shard's end of a socket pair, None where nobody wants records: of the types that `recorded` names they
    are written there, in frames (`engine.messages.records`). It is the run's, which closes it once the shard is ready: who
    wants to keep it duplicates it.
    """

    config: RunConfig
    scenario: str
    xml: bytes
    incoming: ScenarioText | None = None
    out_of_call: ScenarioText | None = None
    addresses: Addresses
    data_files: tuple[LoadedFile, ...] = ()
    index: int = 0
    count: int = 1
    pid: int
    report_every_ns: int = 250_000_000
    records_fd: int | None = None
    recorded: tuple[str, ...] = ()


class Go(ToShard, frozen=True, kw_only=True, tag=True):
    """Start: call 0 of the run is due at `start_ns` of the monotonic clock, which processes share."""

    start_ns: int


class NewRate(ToShard, frozen=True, kw_only=True, tag=True):
    """The run's rate from now on, in calls a second over all shards."""

    calls_per_second: float


class NewUsers(ToShard, frozen=True, kw_only=True, tag=True):
    """The number of users of this shard."""

    users: int


class NewLimit(ToShard, frozen=True, kw_only=True, tag=True):
    """The most open calls of this shard."""

    call_limit: int


class Pause(ToShard, frozen=True, kw_only=True, tag=True):
    """Start no calls until `Resume`."""


class Resume(ToShard, frozen=True, kw_only=True, tag=True):
    """Start calls again."""


class Follow(ToShard, frozen=True, kw_only=True, tag=True):
    """The calls to be followed from now on, as `FollowCalls` has it; of `next` the share of this shard."""

    every: int = 0
    failed: bool = False
    texts: tuple[str, ...] = ()
    next: int = 0


class Finish(ToShard, frozen=True, kw_only=True, tag=True):
    """Start no more calls; end when the open ones have. `now`: cut those off; `silently`: without telling their peers."""

    now: bool = False
    silently: bool = False


AnyToShard = ShardPlan | Go | NewRate | NewUsers | NewLimit | Pause | Resume | Follow | Finish


class FromShard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of what a shard tells its run."""


class Ready(FromShard, frozen=True, kw_only=True, tag=True):
    """Bound, connected, compiled. `local` is the address as a person writes it; `measured` is empty but for its shape."""

    local: str
    call_limit: int
    measured: Measurements


class Report(FromShard, frozen=True, kw_only=True, tag=True):
    """What was measured, its samples since the last report, and the most open calls that this shard allows now.

    Reports come whole and in order, so that nothing is told twice: all samples so far may be a hundred times as much.
    """

    measured: Measurements
    call_limit: int


class Warned(FromShard, frozen=True, kw_only=True, tag=True):
    """A person should know this; `count` folds repetitions."""

    text: str
    count: int = 1


class LoggedText(FromShard, frozen=True, kw_only=True, tag=True):
    """A <log> action wrote this."""

    text: str


class Followed(FromShard, frozen=True, kw_only=True, tag=True):
    """Calls that were followed and are over."""

    calls: tuple[FollowedCall, ...]


class Secured(FromShard, frozen=True, kw_only=True, tag=True):
    """What the first connection with TLS agreed on; told once."""

    version: str
    cipher: str


class StopAsked(FromShard, frozen=True, kw_only=True, tag=True):
    """The scenario ends the run (`<exec int_cmd=…>`). `now`: at once, without telling peers, as SIPp does."""

    now: bool


class Ended(FromShard, frozen=True, kw_only=True, tag=True):
    """The last word and last report of a shard that ended as it should. `broken` is why no more calls could be made, or ""."""

    measured: Measurements
    broken: str = ""


class Failed(FromShard, frozen=True, kw_only=True, tag=True):
    """The last word of a shard that could not start: an error of `kind`, the name of a class in `engine.errors`."""

    kind: str
    text: str


AnyFromShard = Ready | Report | Warned | LoggedText | Followed | Secured | StopAsked | Ended | Failed
