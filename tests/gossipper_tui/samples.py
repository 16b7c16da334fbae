# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs made up from message structs, the same each time: what views are tested with and what recordings are made of.

The numbers are those of a client at 500 calls a second against a server that is slower for a while in the middle and
rejects a few calls; every count follows from the one of calls, so all of them fit together.
"""

from __future__ import annotations

import math
import random

import msgspec

from engine.messages import (
    Counters,
    Failure,
    Histogram,
    MediaCounters,
    MediaNumbers,
    Problem,
    Role,
    RunStarted,
    RunState,
    ScenarioDescription,
    Snapshot,
    StepCounts,
    StepDescription,
    StepKind,
    Verdict,
)
from engine.messages.histogram import KEPT_BITS, bucket_of
from engine.messages.media import MEDIA_HISTOGRAMS
from engine.options import RunConfig

RUN = "1-uac"
RATE = 500.0
PAUSE_S = 3
BOUNDS_MS = (5, 10, 20, 50, 100)
LENGTH_BOUNDS_MS = (1000, 3000, 5000)
INVITE = """INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: [len]

"""
XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- A call that lasts as long as
     its pause says -->
<scenario name="Calls with a pause">
  <send retrans="500" start_rtd="1">
    <![CDATA[
{INVITE}    ]]>
  </send>
  <recv response="100" optional="true"/>
  <recv response="200" rtd="1"/>
</scenario>
"""


def step(
    kind: StepKind,
    label: str,
    line: int = 1,
    *,
    optional: bool = False,
    retransmits_ms: int | None = None,
    stops: tuple[str, ...] = (),
    blank_after: bool = False,
) -> StepDescription:
    """A step on one line of the XML."""
    return StepDescription(
        kind=kind,
        label=label,
        line=line,
        end_line=line,
        optional=optional,
        retransmits_ms=retransmits_ms,
        stops=stops,
        blank_after=blank_after,
    )


def client(problems: tuple[Problem, ...] = ()) -> ScenarioDescription:
    """A client's scenario with every kind of step that there is."""
    return ScenarioDescription(
        source="calls/long_call.xml",
        title="Calls with a pause",
        role=Role.UAC,
        runnable=not problems,
        steps=(
            StepDescription(
                kind=StepKind.SEND, label="INVITE", line=5, end_line=18, retransmits_ms=500, starts=("1",), message=INVITE
            ),
            step(StepKind.RECV, "100", 19, optional=True),
            step(StepKind.RECV, "180", 20, optional=True),
            step(StepKind.RECV, "200", 20, stops=("1",)),
            step(StepKind.SEND, "ACK", 20),
            step(StepKind.PAUSE, "pause 3000 ms", 20),
            step(StepKind.SEND, "BYE", 20, retransmits_ms=500),
            step(StepKind.RECV, "200", 20, blank_after=True),
        ),
        timers=("1",),
        needs=("-inf",),
        problems=problems,
        xml=XML,
    )


def server() -> ScenarioDescription:
    """A server's scenario."""
    return ScenarioDescription(
        source="uas",
        title="Answers calls",
        role=Role.UAS,
        runnable=True,
        steps=(
            step(StepKind.RECV, "INVITE"),
            step(StepKind.SEND, "180"),
            step(StepKind.SEND, "200", retransmits_ms=500),
            step(StepKind.RECV, "ACK", optional=True),
            step(StepKind.RECV, "BYE"),
            step(StepKind.SEND, "200"),
            step(StepKind.TIMEWAIT, "timewait 4000 ms"),
        ),
    )


def started(description: ScenarioDescription | None = None, run: str = RUN) -> RunStarted:
    """The beginning of a run of that scenario."""
    scenario = description or client()
    config = RunConfig(remote="10.0.0.5:5060", scenario_file=scenario.source, rate=RATE, rate_scale=10, pause_ms=3000)
    return RunStarted(
        run=run,
        config=config,
        scenario=scenario,
        started_unix_ns=1_800_000_000_000_000_000,
        pid=4711,
        local="10.0.0.4:5060",
        workers=1,
    )


def histogram(values_ns: list[int], bounds_ms: tuple[int, ...] = ()) -> Histogram:
    """A histogram of these values, as the engine would count them."""
    made = Histogram(bounds_ms=bounds_ms, repartition=[0] * (len(bounds_ms) + 1) if bounds_ms else [])
    for value in values_ns:
        add(made, value, 1)
    return made


def add(to: Histogram, value_ns: int, times: int) -> None:
    """Count a value so many times."""
    if not times:
        return
    to.min_ns = min(to.min_ns, value_ns) if to.count else value_ns
    to.max_ns = max(to.max_ns, value_ns)
    to.count += times
    to.kept_bits = KEPT_BITS
    to.sum_ns += times * value_ns
    to.sum_squares_ns += times * value_ns**2
    bucket = bucket_of(value_ns)
    to.buckets = {**to.buckets, bucket: to.buckets.get(bucket, 0) + times}
    if to.bounds_ms:
        place = sum(value_ns >= bound * 1_000_000 for bound in to.bounds_ms)
        to.repartition = [n + times * (i == place) for i, n in enumerate(to.repartition)]


def snapshots(seconds: int = 137, step_s: int = 2, seed: int = 7) -> list[Snapshot]:
    """A run of the client's scenario, a snapshot each `step_s` seconds."""
    dice = random.Random(seed)
    answer, due, length, late = Histogram(bounds_ms=BOUNDS_MS), Histogram(), Histogram(bounds_ms=LENGTH_BOUNDS_MS), Histogram()
    for each in (answer, length):
        each.repartition = [0] * (len(each.bounds_ms) + 1)
    made: list[Snapshot] = []
    created_before = 0
    for at_s in range(0, seconds + 1, step_s):
        created = round(sum(min(RATE, 100 + 20 * second) for second in range(at_s)))
        for value_ns, times in _answers(at_s, created - created_before, dice):
            add(answer, value_ns, times)
            add(due, value_ns + 100_000, times)
            add(length, value_ns + PAUSE_S * 10**9, times)
        if created > created_before:
            add(late, 80_000 + dice.randrange(4) * 20_000, created - created_before)
        created_before = created
        made.append(_snapshot(at_s, created, len(made), tuple(map(msgspec.structs.replace, (answer, due, length, late)))))
    return made


def _answers(at_s: int, calls: int, dice: random.Random) -> list[tuple[int, int]]:
    """How long the server took in this period: slower between 60 and 90 seconds."""
    slow = 1 + 4 * math.exp(-(((at_s - 75) / 9) ** 2))
    shares = ((0.5, 2.0), (0.38, 3.5), (0.1, 7.0), (0.02, 14.0))
    return [(round(ms * slow * (0.9 + dice.random() / 5) * 20) * 50_000, round(share * calls)) for share, ms in shares]


def _snapshot(at_s: int, created: int, sequence: int, times: tuple[Histogram, ...]) -> Snapshot:
    answer, due, length, late = times
    opened = min(created, round(RATE * PAUSE_S))
    rejected, lost = created // 9_000, created // 14_000
    done = created - opened
    successful = max(0, done - rejected - lost)
    counters = Counters(
        outgoing=created,
        successful=successful,
        failed=rejected + lost,
        open=created - successful - rejected - lost,
        peak_open=min(created, 1_520),
        retransmissions=15 * created // 60_000,
        failures={Failure.UNEXPECTED_MESSAGE: rejected, Failure.MAX_RETRANSMISSIONS: lost} if rejected + lost else {},
        reasons={"unexpected 503 in step 3 (200)": rejected, "INVITE not answered": lost} if rejected + lost else {},
    )
    answered = created - rejected - lost
    steps = (
        StepCounts(messages=created, retransmissions=12 * created // 60_000, timeouts=lost),
        StepCounts(messages=created - 2 * lost),
        StepCounts(messages=answered - rejected),
        StepCounts(messages=answered, retransmissions=3 * created // 60_000, unexpected=rejected),
        StepCounts(messages=answered),
        StepCounts(messages=answered, open=answered - done if answered > done else 0),
        StepCounts(messages=min(done, answered)),
        StepCounts(messages=successful),
    )
    return Snapshot(
        run=RUN,
        sequence=sequence,
        elapsed_ns=at_s * 10**9,
        state=RunState.RUNNING,
        target_rate=RATE,
        users=None,
        call_limit=4500,
        counters=counters,
        steps=steps,
        response_times={"1": answer},
        response_times_from_due={"1": due},
        call_length=length,
        lateness=late,
        verdict=Verdict(),
    )


def media_snapshots() -> list[Snapshot]:
    """The same run with two-way audio in each call: 50 packets a second in both directions, and a network that is bad for a
    while when the server is slow."""
    numbers = MediaNumbers(counters=MediaCounters(), **{name: Histogram() for name in MEDIA_HISTOGRAMS})
    numbers.lateness = Histogram(bounds_ms=(5,), repartition=[0, 0])
    made = []
    earlier: Snapshot | None = None
    for snapshot in snapshots():
        if earlier is not None:
            _more_media(numbers, earlier, snapshot)
        made.append(msgspec.structs.replace(snapshot, media=_copied(numbers)))
        earlier = snapshot
    return made


def _more_media(numbers: MediaNumbers, earlier: Snapshot, now: Snapshot) -> None:
    """What media did between two snapshots."""
    badness = math.exp(-((((now.elapsed_ns / 10**9) - 75) / 9) ** 2))
    streams, ended = now.counters.open, now.counters.successful - earlier.counters.successful
    packets = streams * 50 * (now.elapsed_ns - earlier.elapsed_ns) // 10**9
    lost = round(packets * (0.0001 + 0.03 * badness))
    counters = numbers.counters
    counters.streams_out = counters.streams_in = streams
    counters.legs = now.counters.outgoing
    counters.packets_sent += packets
    counters.octets_sent += 172 * packets
    counters.expected += packets
    counters.lost += lost
    counters.packets_received += packets - lost
    counters.octets_received += 172 * (packets - lost)
    counters.gaps += lost // 40
    counters.reordered += lost // 9
    counters.rtcp_sent += streams // 3
    counters.rtcp_received += streams // 3
    counters.garbage += round(3 * badness)
    add(numbers.lateness, 200_000, packets * 99 // 100)
    add(numbers.lateness, 1_300_000, packets // 100)
    for share, worse in ((0.5, 1.0), (0.4, 1.3), (0.1, 2.5)):
        jitter_ns = round((400_000 + 9_000_000 * badness) * worse)
        mos = round(4409 - 900 * badness * worse**0.5)
        for seen, of_legs, value in (
            (numbers.jitter_seen, numbers.jitter, jitter_ns),
            (numbers.mos_seen, numbers.mos, mos),
        ):
            add(seen, value, round(share * streams * 2 / 5))
            add(of_legs, value, round(share * ended))
        add(numbers.jitter_max, 3 * jitter_ns, round(share * ended))
        add(numbers.loss, round((100 + 30_000 * badness) * worse), round(share * ended))
        add(numbers.gap, round((20 + 140 * badness * worse) * 1_000_000), round(share * ended))
        add(numbers.sent_loss, round((100 + 10_000 * badness) * worse), round(share * ended))
        add(numbers.sent_jitter, jitter_ns * 3 // 4, round(share * ended))
        add(numbers.sent_mos, mos + (4409 - mos) // 2, round(share * ended))
        add(numbers.round_trip, round((12 + 30 * badness) * 1_000_000 * worse), round(share * streams * 2 / 5))


def _copied(numbers: MediaNumbers) -> MediaNumbers:
    histograms = {name: histogram.copy() for name, histogram in numbers.histograms().items()}
    return MediaNumbers(counters=msgspec.structs.replace(numbers.counters), **histograms)
