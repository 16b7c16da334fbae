# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a run reads and leaves behind: data files, traces beside SIPp's own, recorded events, one result of two workers."""

from __future__ import annotations

import math
import re
from pathlib import Path

import jsonschema
import msgspec

from engine import EngineThread
from engine.messages import RunFinished, RunStarted, Snapshot
from engine.report.schema import summary_schema
from tests.interop.sides import SIPP_TABLE, SUMMARY, Ours, Sipp, at, table
from tests.interop.udp_peer import UdpPeer, ok
from tests.programs import Programs

CALLS = 50
UAC = ("-sn", "uac", "-m", str(CALLS), "-r", "100")
OPTIONS = str(Path(__file__).parent / "options.xml")


def call_sipp(programs: Programs, *arguments: str) -> Ours:
    """A whole run of our UAC against SIPp's UAS."""
    ours, sipp = Ours(programs), Sipp(programs)
    sipp.start_server("-sn", "uas")
    client = ours.start(*UAC, at(sipp.host, sipp.port), *arguments)
    assert client.wait() == 0, client.output
    return ours


def test_the_message_log_holds_every_message(programs: Programs) -> None:
    ours = call_sipp(programs, "-trace_msg", "-message_file", "ours.log")
    log = (programs.folder / "ours.log").read_bytes()
    counters = ours.summary().counters
    heads = re.findall(rb"\n?-{47} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\nUDP message (sent|received) [\[(](\d+)", log)
    sent = [int(size) for direction, size in heads if direction == b"sent"]
    received = [int(size) for direction, size in heads if direction == b"received"]
    assert len(sent) == 3 * CALLS + counters.retransmissions
    assert len(received) >= 3 * CALLS
    assert log.count(b"\nINVITE sip:") >= CALLS
    assert counters.trace_drops == 0


def test_the_message_log_has_the_name_that_sipp_gives_it(programs: Programs) -> None:
    ours = Ours(programs)
    with UdpPeer(ok) as peer:
        (programs.folder / "users.csv").write_text("SEQUENTIAL\na;b;\n")
        client = ours.start(
            "-sf", OPTIONS, "-inf", "users.csv", "-m", "1", at(ours.host, peer.port), "-trace_msg", "-trace_stat"
        )
        assert client.wait() == 0, client.output
    names = {path.name for path in programs.folder.iterdir()}
    pid = client.process.pid
    assert {f"options_{pid}_messages.log", f"options_{pid}_.csv"} <= names


def test_the_table_of_statistics_is_sipps(programs: Programs) -> None:
    ours = call_sipp(programs, "-trace_stat", "-stf", "ours.csv", "-fd", "1")
    mine, theirs = programs.folder / "ours.csv", programs.folder / SIPP_TABLE
    # Both scenarios, SIPp's uas and our uac, have one timer and the same repartitions, hence the same columns.
    assert mine.read_text().splitlines()[0] == theirs.read_text().splitlines()[0]
    rows = table(mine)
    assert len(rows) >= 2
    assert (rows[0]["TotalCallCreated"], rows[-1]["TotalCallCreated"]) == ("0", str(CALLS))
    assert rows[-1]["SuccessfulCall(C)"] == str(CALLS)
    assert sum(int(row["SuccessfulCall(P)"]) for row in rows) == CALLS
    assert sum(int(rows[-1][name]) for name in rows[-1] if name.startswith("CallLengthRepartition_")) == CALLS
    assert ours.summary().call_length.count == CALLS


def test_a_data_file_gives_each_call_its_line(programs: Programs) -> None:
    (programs.folder / "users.csv").write_text("SEQUENTIAL\n# a comment\nalice;one\nbob;two\ncarol;three\n")
    ours = Ours(programs)
    with UdpPeer(ok) as peer:
        client = ours.start("-sf", OPTIONS, "-inf", "users.csv", "-m", "7", "-r", "100", at(ours.host, peer.port))
        assert client.wait() == 0, client.output
    # A request that was sent again is the same request.
    requests = b"".join(dict.fromkeys(peer.received))
    assert re.findall(rb"OPTIONS sip:(\w+)@", requests) == [b"alice", b"bob", b"carol", b"alice", b"bob", b"carol", b"alice"]
    assert re.findall(rb"From: <sip:(\w+)@", requests)[:4] == [b"one", b"two", b"three", b"one"]


def test_recorded_events_replay_to_the_same_summary(programs: Programs) -> None:
    ours = call_sipp(programs, "-events", "events.jsonl")
    with (
        EngineThread(replay=programs.folder / "events.jsonl", speed=math.inf) as bus,
        bus.subscribe(RunStarted, Snapshot, RunFinished) as events,
    ):
        started = events.receive_blocking(10)
        received = [started]
        while not isinstance(received[-1], RunFinished):
            received.append(events.receive_blocking(10))
    assert isinstance(started, RunStarted)
    assert started.scenario.source == "uac"
    sequences = [event.sequence for event in received if isinstance(event, Snapshot)]
    assert sequences == sorted(set(sequences))
    assert len(sequences) >= 2
    finished = received[-1]
    assert isinstance(finished, RunFinished)
    assert finished.summary == ours.summary()


def test_two_workers_give_one_result(programs: Programs) -> None:
    ours = call_sipp(programs, "-workers", "2", "-trace_stat", "-stf", "ours.csv")
    summary = ours.summary()
    assert (summary.workers, summary.counters.outgoing, summary.counters.successful) == (2, CALLS, CALLS)
    assert summary.steps[0].counts.messages == CALLS
    assert summary.response_times["1"].count == CALLS
    assert summary.lateness.count == CALLS
    assert table(programs.folder / "ours.csv")[-1]["SuccessfulCall(C)"] == str(CALLS)


def test_the_summary_satisfies_its_schema(programs: Programs) -> None:
    call_sipp(programs)
    document = msgspec.json.decode((programs.folder / SUMMARY).read_bytes())
    jsonschema.validate(document, summary_schema(), cls=jsonschema.Draft202012Validator)
