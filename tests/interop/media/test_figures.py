# SPDX-License-Identifier: AGPL-3.0-or-later
"""What our summary says of the media of a run is what tshark says: packets, loss, jitter; and our RTCP is well formed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.messages import MediaSummary
from engine.messages.distributions import Percentiles
from tests.interop.media.scenes import callee, caller, do, media_ports, ports_filter, talking, wait
from tests.interop.media.tshark_rtp import StreamRow, capture, rtcp, streams
from tests.interop.sides import Ours, Sipp, at
from tests.media_captures import SOURCE, uneven, write_capture
from tests.programs import Programs

PACKETS = 150
FILE = "uneven.pcap"
SDP = ("m=audio [media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
LISTENING = ("-m", "1", "-measure_audio")
"""One call; its scenario says nothing of media but in its SDP."""
SR, RR, SDES, BYE = 200, 201, 202, 203


@pytest.fixture
def more_programs(tmp_path: Path) -> Iterator[Programs]:
    """Programs with a folder of their own, so that two of ours may write a summary each."""
    folder = tmp_path / "more"
    folder.mkdir()
    started = Programs(folder)
    yield started
    started.end()


def write_uneven(folder: Path) -> None:
    """A capture with loss and uneven times, and scenarios in which one side plays it."""
    write_capture(folder / FILE, 0, uneven(5, 8000, PACKETS), bytes(160))
    plays = talking(do(f'play_pcap_audio="{FILE}"'), wait(PACKETS * 20 + 500))
    caller(folder, SDP, plays, "plays.xml")
    callee(folder, SDP, "", "listens.xml")
    caller(folder, SDP, wait(PACKETS * 20 + 500), "calls.xml")
    callee(folder, SDP, do(f'play_pcap_audio="{FILE}"'), "is_called_and_plays.xml")


def assert_same(media: MediaSummary | None, row: StreamRow) -> None:
    """What we say of a call that heard this stream is what tshark says."""
    assert media is not None
    counters = media.counters
    assert (counters.packets_received, counters.lost) == (row.packets, row.lost)
    assert counters.expected == row.packets + row.lost
    assert (counters.duplicates, counters.reordered, counters.garbage, counters.foreign, counters.kernel_drops) == (0,) * 5
    assert media.loss_percent.mean == pytest.approx(100 * row.lost / (row.packets + row.lost), abs=0.1)
    assert_close(media.jitter, row.mean_jitter_ms)
    assert_close(media.jitter_max, row.max_jitter_ms)
    assert row.lost > 3
    assert row.max_jitter_ms > 1


def assert_close(ours: Percentiles, theirs_ms: float) -> None:
    """Of the one leg that there was, within 1 ms."""
    assert ours.count == 1
    assert ours.max_ms == pytest.approx(theirs_ms, abs=1)


def of_the_file(rows: list[StreamRow]) -> StreamRow:
    """The stream that was replayed."""
    (row,) = (row for row in rows if row.ssrc == SOURCE)
    return row


def test_who_is_called_says_what_tshark_says(programs: Programs) -> None:
    folder, ours, sipp = programs.folder, Ours(programs), Sipp(programs)
    write_uneven(folder)
    ports, sipp_ports = media_ports(), media_ports()
    with capture(folder, ports_filter(ports, sipp_ports)) as captured:
        server = ours.start("-sf", "listens.xml", *LISTENING, "-mp", str(ports), "-rtcp_interval", "400")
        server.wait_bound(ours.port)
        client = sipp.start("-sf", "plays.xml", "-m", "1", "-mp", str(sipp_ports), at(ours.host, ours.port))
        assert client.wait() == 0, client.output
        assert server.wait() == 0, server.output
    assert_same(ours.summary().media, of_the_file(streams(captured)))
    seen = rtcp(captured)
    assert seen.problems == ()
    assert seen.types[RR] == seen.types[SDES] >= 4
    assert seen.types[BYE] == 1


def test_who_calls_says_what_tshark_says(programs: Programs) -> None:
    folder, ours, sipp = programs.folder, Ours(programs), Sipp(programs)
    write_uneven(folder)
    ports, sipp_ports = media_ports(), media_ports()
    with capture(folder, ports_filter(ports, sipp_ports)) as captured:
        sipp.start_server("-sf", "is_called_and_plays.xml", "-m", "1", "-mp", str(sipp_ports))
        client = ours.start("-sf", "calls.xml", *LISTENING, "-mp", str(ports), at(sipp.host, sipp.port))
        assert client.wait() == 0, client.output
    assert_same(ours.summary().media, of_the_file(streams(captured)))


def test_both_ends_ours_know_each_other_by_rtcp(programs: Programs, more_programs: Programs) -> None:
    """Each hears what the other replays; what its reports say of that is what the other's summary has."""
    folder, ours, other = programs.folder, Ours(programs), Ours(more_programs)
    write_uneven(folder)
    write_uneven(more_programs.folder)
    ports, other_ports = media_ports(), media_ports()
    with capture(folder, ports_filter(ports, other_ports)) as captured:
        server = other.start("-sf", "listens.xml", *LISTENING, "-mp", str(other_ports), "-rtcp_interval", "300")
        server.wait_bound(other.port)
        flags = ("-sf", "plays.xml", "-m", "1", "-mp", str(ports), "-rtcp_interval", "300", at(other.host, other.port))
        client = ours.start(*flags)
        assert client.wait() == 0, client.output
        assert server.wait() == 0, server.output
    row = of_the_file(streams(captured))
    assert_same(other.summary().media, row)
    media = ours.summary().media
    assert media is not None
    assert media.counters.packets_sent == row.packets
    assert media.sent_loss_percent.count == media.sent_jitter.count == 1
    assert media.sent_loss_percent.mean == pytest.approx(100 * row.lost / (row.packets + row.lost), abs=3)
    assert media.round_trip.count >= 3
    assert media.round_trip.max_ms < 1000
    seen = rtcp(captured)
    assert seen.problems == ()
    assert seen.types[SR] >= 4
    assert seen.types[RR] >= 4
    assert seen.types[BYE] == 2
