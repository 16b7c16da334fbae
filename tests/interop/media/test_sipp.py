# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls with Debian's `sipp`, either calling: what one sends the other has, and we and tshark count every packet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import pytest

from engine.media.codecs.g711 import Ulaw
from engine.media.rtp import write_rtp
from engine.messages import MediaCounters
from tests.interop.media.scenes import callee, caller, do, media_ports, ports_filter, talking, wait
from tests.interop.media.tshark_rtp import Arrival, StreamRow, arrivals, capture, streams
from tests.interop.sides import Ours, Sipp, at
from tests.media_audio import dominant_hz, level_db, loud_part, pcm, read_wav, tone
from tests.media_captures import write_datagrams
from tests.programs import Program, Programs, require_root

HZ: Final = 1000.0
DB: Final = -15.0
CALLS: Final = 3
PACKETS: Final = 40
HEADER: Final = 12
NS_A_MS: Final = 1_000_000
US_A_MS: Final = 1000
ABOUT_MS: Final = 60.0
"""Of even gaps a packet would be up to 300 ms from its place."""

OWN: Final = ("m=audio [rtpstream_audio_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
AUTO: Final = ("m=audio [auto_media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
SHARED: Final = ("m=audio [media_port] RTP/AVP 0", "a=rtpmap:0 PCMU/8000")
SIPP_EVENTS: Final = ("m=audio [media_port] RTP/AVP 0 96", "a=rtpmap:0 PCMU/8000", "a=rtpmap:96 telephone-event/8000")
STREAM: Final = do('rtp_stream="tone.ulaw,1,0"')
REPLAY: Final = do('play_pcap_audio="tone.pcap"')


class Pair:
    """Both programs in the folder of a test, with media ports of their own, and what was seen on the loopback interface."""

    def __init__(self, programs: Programs) -> None:
        self.folder = programs.folder
        self.ours, self.sipp = Ours(programs), Sipp(programs)
        self.our_ports, self.their_ports = media_ports(), media_ports()
        self._captured = self.folder

    def _start(self, *arguments: str) -> Program:
        return self.ours.start(*arguments, "-mp", str(self.our_ports), "-m", str(CALLS))

    def we_call(self, *arguments: str, theirs: Sequence[str] = ("-rtp_echo",)) -> None:
        """The calls of `caller.xml` by us, to `callee.xml` at SIPp."""
        with self._seen():
            self.sipp.start_server("-sf", "callee.xml", "-mp", str(self.their_ports), *theirs)
            run = self._start("-sf", "caller.xml", *arguments, at(self.sipp.host, self.sipp.port))
            assert run.wait() == 0, run.output

    def they_call(self, *arguments: str) -> None:
        """The calls of `caller.xml` by SIPp, to `callee.xml` at us; the arguments are ours."""
        with self._seen():
            server = self._start("-sf", "callee.xml", *arguments)
            server.wait_bound(self.ours.port)
            theirs = ("-sf", "caller.xml", "-m", str(CALLS), "-mp", str(self.their_ports))
            run = self.sipp.start(*theirs, at(self.ours.host, self.ours.port))
            assert run.wait() == 0, run.output
            assert server.wait() == 0, server.output

    @contextmanager
    def _seen(self) -> Iterator[None]:
        with capture(self.folder, ports_filter(self.our_ports, self.their_ports)) as self._captured:
            yield

    def counted(self) -> MediaCounters:
        """What we counted, when every call is accounted for and has succeeded."""
        summary = self.ours.summary()
        assert (summary.counters.created, summary.counters.successful) == (CALLS, CALLS)
        assert summary.media is not None
        return summary.media.counters

    def to_us(self) -> list[Arrival]:
        """The packets of RTP that came to our media ports."""
        return [one for one in self._arrivals() if one.target_port - self.our_ports in range(60)]

    def to_them(self) -> list[Arrival]:
        """The packets of RTP that came to SIPp's media ports."""
        return [one for one in self._arrivals() if one.target_port - self.their_ports in range(60)]

    def _arrivals(self) -> list[Arrival]:
        return [one for one in arrivals(self._captured, "udp") if not one.target_port & 1]

    def streams(self) -> list[StreamRow]:
        """What tshark has of streams."""
        return streams(self._captured)


@pytest.fixture
def pair(programs: Programs) -> Pair:
    """Both programs, and the tone as a file of G.711 and as a capture with two sizes of gaps."""
    made = Pair(programs)
    frames = Ulaw().encode(pcm(tone(HZ, PACKETS * 0.02, 8000, DB)))
    (made.folder / "tone.ulaw").write_bytes(frames)
    write_datagrams(made.folder / "tone.pcap", _replayed(frames))
    return made


def _replayed(frames: bytes) -> list[tuple[int, bytes]]:
    """Packets that stand 5 ms apart in the first half and 35 ms in the second; none is like another."""
    half = PACKETS // 2
    due_ms = [*range(0, 5 * half, 5), *range(5 * half, 40 * half, 35)]
    sizes = ((number, frames[number * 160 : (number + 1) * 160]) for number in range(PACKETS))
    return [(due_ms[number] * US_A_MS, write_rtp(0, 100 + number, 160 * number, 0x5EED, data)) for number, data in sizes]


def gaps_are_those_of_the_capture(arrived: Sequence[Arrival], replayed: Sequence[tuple[int, bytes]]) -> None:
    """None is far from its place; how near they are is measured by the benchmark."""
    places = [(one.at_ns - arrived[0].at_ns) / NS_A_MS for one in arrived]
    assert places == [pytest.approx(at_us / US_A_MS, abs=ABOUT_MS) for at_us, _ in replayed]


def test_what_we_stream_is_echoed_packet_by_packet(pair: Pair) -> None:
    caller(pair.folder, OWN, talking(STREAM, wait(1100)))
    callee(pair.folder, SHARED)
    pair.we_call()
    counted = pair.counted()
    sent = CALLS * PACKETS
    assert len(pair.to_them()) == len(pair.to_us()) == sent
    assert (counted.packets_sent, counted.packets_received) == (sent, sent)
    assert (counted.lost, counted.duplicates, counted.garbage, counted.foreign) == (0, 0, 0, 0)
    rows = [row for row in pair.streams() if row.target[1] == pair.their_ports]
    assert [(row.packets, row.lost, row.payload) for row in rows] == CALLS * [(PACKETS, 0, "g711U")]
    frames = (pair.folder / "tone.ulaw").read_bytes()
    by_call = {row.source[1]: b"" for row in rows}
    assert len(by_call) == CALLS
    for one in pair.to_us():
        by_call[one.target_port] += one.data[HEADER:]
    assert list(by_call.values()) == CALLS * [frames]


@pytest.mark.parametrize("media", [OWN, AUTO, SHARED], ids=["own", "auto", "shared"])
def test_what_they_stream_is_recorded_and_counted(pair: Pair, media: Sequence[str]) -> None:
    caller(pair.folder, OWN, talking(STREAM, wait(1100)))
    callee(pair.folder, media, do('rtp_record="start,heard-[call_number].wav"'))
    pair.they_call()
    counted = pair.counted()
    assert len(pair.to_us()) == CALLS * PACKETS
    assert (counted.packets_received, counted.lost, counted.foreign) == (CALLS * PACKETS, 0, 0)
    for number in range(1, CALLS + 1):
        rate, channels = read_wav(pair.folder / f"heard-{number}.wav")
        part = loud_part(channels[0], rate)
        assert len(part) > 0.9 * PACKETS * 160
        assert dominant_hz(part, rate) == pytest.approx(HZ, rel=0.01)
        assert level_db(part) == pytest.approx(DB, abs=1)


@pytest.mark.parametrize(
    ("flags", "step"),
    [
        (("-rtp_echo",), ""),
        ((), do('rtp_echo="startaudio,0,PCMU/8000"')),
    ],
    ids=["flag", "action"],
)
def test_what_they_stream_we_send_back_as_it_was(pair: Pair, flags: tuple[str, ...], step: str) -> None:
    caller(pair.folder, OWN, talking(STREAM, wait(1100)))
    callee(pair.folder, SHARED, step)
    pair.they_call(*flags)
    counted = pair.counted()
    there, back = pair.to_us(), pair.to_them()
    assert len(there) == CALLS * PACKETS
    assert counted.packets_received == counted.packets_sent == len(there)
    assert [one.data for one in back] == [one.data for one in there]


def test_what_they_replay_is_recorded_and_counted(pair: Pair) -> None:
    require_root("SIPp's replay")
    caller(pair.folder, AUTO, talking(REPLAY, wait(1100)))
    callee(pair.folder, OWN, do('rtp_record="start,heard-[call_number].wav"'))
    pair.they_call()
    counted = pair.counted()
    assert len(pair.to_us()) == counted.packets_received == CALLS * PACKETS
    for number in range(1, CALLS + 1):
        rate, channels = read_wav(pair.folder / f"heard-{number}.wav")
        assert dominant_hz(loud_part(channels[0], rate), rate) == pytest.approx(HZ, rel=0.01)


@pytest.mark.parametrize("media", [OWN, AUTO, SHARED], ids=["own", "auto", "shared"])
def test_what_we_replay_arrives_as_it_was_with_its_gaps(pair: Pair, media: Sequence[str]) -> None:
    caller(pair.folder, media, talking(REPLAY, wait(1400)))
    callee(pair.folder, SHARED)
    pair.we_call()
    assert pair.counted().packets_sent == CALLS * PACKETS
    replayed = _replayed((pair.folder / "tone.ulaw").read_bytes())
    arrived = pair.to_them()
    assert sorted(one.data for one in arrived) == sorted(CALLS * [data for _, data in replayed])
    places = {data: place for place, (_, data) in enumerate(replayed)}
    by_call: list[list[Arrival]] = [[] for _ in range(CALLS)]
    for one in arrived:
        # Calls begin 100 ms apart, so of the same packet that of the earlier call comes first.
        next(call for call in by_call if len(call) == places[one.data]).append(one)
    for call in by_call:
        gaps_are_those_of_the_capture(call, replayed)


def test_a_replay_does_not_end_what_is_streamed(pair: Pair) -> None:
    caller(pair.folder, OWN, talking(do('rtp_stream="tone.ulaw,-1,0"'), wait(200), REPLAY, wait(1200)))
    callee(pair.folder, SHARED)
    pair.we_call()
    replayed = {data for _, data in _replayed((pair.folder / "tone.ulaw").read_bytes())}
    kinds = [one.data in replayed for one in pair.to_them()]
    assert kinds.count(True) == CALLS * PACKETS
    assert not any(kinds[:5])
    assert not any(kinds[-5:])


def test_the_digits_that_they_play_are_heard(pair: Pair) -> None:
    require_root("SIPp's replay")
    caller(pair.folder, SIPP_EVENTS, talking(do('play_dtmf="1#"'), wait(2000)))
    callee(pair.folder, SIPP_EVENTS, '  <recv dtmf="1#" timeout="5000"/>')
    pair.they_call()
    assert pair.counted().digits_received == CALLS * 2
