# SPDX-License-Identifier: AGPL-3.0-or-later
"""One kind of media of one call in a shard: its leg, what listens to it, what is measured of it, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.call import CallBase
from engine.media.agreement import Place
from engine.media.audio.expectation import Expected
from engine.media.echo_check import EchoCheck
from engine.media.events import digits_track
from engine.media.kinds import MediaKind
from engine.media.leg import Leg
from engine.media.leg_host import LegOwner
from engine.media.mos import mos_of_reception
from engine.media.pacer import phase_ns
from engine.media.reception import ReceptionSummary
from engine.media.rtp import HEADER_BYTES
from engine.media.track import Track
from engine.messages import Failure
from engine.shard.media.hearing import Hearing
from engine.shard.media.host import MediaHost
from engine.shard.media.ports import SharedPort
from engine.shard.media.recordings import recording_name
from engine.shard.mishap import end_spoiled
from engine.stats.media import Reported

_NS_A_MS: Final = 1_000_000


class CallLeg(LegOwner):
    """See the module. `heard` is called with each digit that comes."""

    __slots__ = (
        "_call",
        "_codec",
        "_echo_check",
        "_heard",
        "_host",
        "_meter",
        "_octets",
        "_tolerance",
        "hearing",
        "kind",
        "leg",
    )

    def __init__(self, host: MediaHost, call: CallBase, kind: MediaKind, heard: Callable[[str], None]) -> None:
        self._host = host
        self._call = call
        self._heard = heard
        self.kind = kind
        self.leg = leg = Leg(host, self, kind, host.new_ssrc())
        self._meter = host.meter.leg_opened()
        self._octets = 0
        self._codec = ""
        self.hearing = Hearing(host, leg) if kind is MediaKind.AUDIO else None
        config = host.config
        self._tolerance = config.audio_tolerance if kind is MediaKind.AUDIO else config.video_tolerance
        self._echo_check: EchoCheck | None = None
        leg.stream.on_end = self._played
        if self.hearing is not None:
            self._listen(self.hearing)
        if self._tolerance < 1:
            self._echo_check = EchoCheck(host.payloads.of)
            leg.incoming.taps.append(self._echo_check)

    def _listen(self, hearing: Hearing) -> None:
        """Listen and record as options ask."""
        config, call = self._host.config, self._call
        if config.measure_audio or config.expect_audio in (Expected.RECEIVE, Expected.BOTH):
            hearing.listen()
        if config.record_wav_dir:
            name = recording_name(call.number, call.call_id.decode("latin-1"))
            hearing.record(f"{config.record_wav_dir}/{name}", 2 if config.record_wav_duplex else 1)

    # --- LegOwner ------------------------------------------------------------------------------------------------------

    def moved(self, place: Place) -> None:
        """Packets from there are the leg's."""
        if isinstance(self.leg.port, SharedPort):
            self.leg.port.legs.expect(self.leg, place, self._host.now_ns())

    def heard_digit(self, digit: str) -> None:
        """The peer has sent a digit."""
        self._heard(digit)

    def seen(self, received: ReceptionSummary, jitter_ns: int, score: float) -> None:
        """What came so far, and what went."""
        self._meter.seen(received.expected, received.lost, jitter_ns, score)
        self._count_octets()
        if self.hearing is not None:
            self._host.meter.audio_latency.pending.extend(self.hearing.take_latencies())

    def troubled(self, reason: str) -> None:
        """Tell a person."""
        self._call.warn(f"{self.kind}: {reason}")

    def spoiled(self, error: Exception) -> None:
        """End the call."""
        end_spoiled(self._call, error, self._host.now_ns())

    # --- what goes -----------------------------------------------------------------------------------------------------

    def play(self, track: Track, loops: int, payload_type: int | None) -> None:
        """See `CallMedia.play`."""
        leg, host = self.leg, self._host
        if track.whole and leg.stream.plays_own:
            self._replay_beside(track)
            return
        if payload_type is None and track.codec and not track.whole:
            payload_type = leg.agreement.payload_type_out(track.codec, track.clock_rate)
        self._codec = track.codec
        leg.plays(track.clock_rate)
        if self.hearing is not None:
            self.hearing.says(track)
        if self._echo_check is not None:
            host.payloads.look_at(track)
            self._echo_check.plays(track)
        leg.stream.play(track, host.now_ns() + phase_ns(self._call.number), loops, payload_type)
        host.begin(leg)

    def _replay_beside(self, track: Track) -> None:
        """Replay a capture without an end to what is streamed, as in SIPp; what is streamed is silent meanwhile."""
        if self.leg.stream.insert(track, self._host.now_ns()):
            self._host.begin(self.leg)
        else:
            self._call.warn("a capture is not replayed: too many wait for that")

    def _played(self) -> None:
        """A stream has come to its end, but for digits that wait still."""
        if self.hearing is not None:
            self.hearing.has_said(self._host.now_ns())
        if not self.leg.stream.inserting:
            self._host.end(self.leg)

    def pause(self) -> None:
        """See `CallMedia.pause`."""
        self.leg.stream.pause(self._host.now_ns())

    def resume(self) -> None:
        """See `CallMedia.resume`."""
        self.leg.stream.resume(self._host.now_ns())

    def stop(self) -> None:
        """See `CallMedia.stop`."""
        stream = self.leg.stream
        if self.hearing is not None and stream.playing:
            self.hearing.stopped(self._host.now_ns())
        stream.stop()
        self._host.end(self.leg)

    def send_digits(self, digits: str, tone_ms: int, gap_ms: int, payload_type: int | None) -> None:
        """See `CallMedia.send_digits`."""
        payload_type = self.leg.agreement.events_out if payload_type is None else payload_type
        try:
            track = digits_track(digits, payload_type, tone_ms=tone_ms, gap_ms=gap_ms)
        except ValueError as error:
            self._call.fail(Failure.CANNOT_SEND, str(error))
            return
        if not self.leg.stream.insert(track, self._host.now_ns(), payload_type):
            self._call.warn("digits are not sent: too many wait for that")
            return
        self._host.tally.digits_sent += len(digits)
        self._host.begin(self.leg)
        if self._echo_check is not None:
            self._echo_check.excused += len(track)

    # --- what came of it -----------------------------------------------------------------------------------------------

    def figures(self) -> dict[str, float]:
        """What conditions may ask for: packets, parts of 1, ms, and a score."""
        received = self.leg.figures()
        return {
            "packets": received.packets + self.leg.whole_packets,
            "sent": self.leg.stream.packets_sent,
            "expected": received.expected,
            "lost": received.lost,
            "loss": received.lost / received.expected if received.expected else 0.0,
            "duplicates": received.duplicates,
            "reordered": received.reordered,
            "jitter": received.jitter_mean_ns / _NS_A_MS,
            "jitter_max": received.jitter_max_ns / _NS_A_MS,
            "gap": received.longest_gap_ns / _NS_A_MS,
            "gaps": received.gaps,
            "mos": received.mos,
        }

    def without_keys(self) -> str:
        """Why it got none of the keys that it should have; "" where there is nothing wrong."""
        return f"{self.kind}: {self.leg.keying.failed}" if self.leg.keying.failed else ""

    def without_echo(self) -> str:
        """Why too little of what was sent has come back; "" when enough has, or nobody asks. To be asked once."""
        if self._echo_check is None:
            return ""
        reason = self._echo_check.broken_by(self.leg.stream.packets_sent, self._tolerance)
        self._host.tally.count_check(not reason)
        return f"{self.kind}: {reason}" if reason else ""

    def _count_octets(self) -> None:
        stream = self.leg.stream
        now, before = stream.octets_sent + HEADER_BYTES * stream.packets_sent, self._octets
        self._octets = now
        self._host.tally.octets_sent += now - before

    def hang_up(self, now_ns: int) -> None:
        """See `CallMedia.hang_up`."""
        self.stop()
        self.leg.hang_up(now_ns)

    def close(self, now_ns: int) -> None:
        """The call is over."""
        leg, host = self.leg, self._host
        if leg.closed:
            return
        if self.hearing is not None:
            self.hearing.close(now_ns)
        self._tell_unsent()
        leg.close(now_ns)
        host.end(leg)
        host.leave(leg)
        self._meter.closed(leg.figures() if leg.incoming.packets else None, self._reported())
        self._count_octets()
        if leg.incoming.first_ns:
            host.tally.streams_in -= 1

    def _tell_unsent(self) -> None:
        """Say that all that was played went nowhere; where keys are missing, that is said already."""
        stream, kind = self.leg.stream, self.kind
        if stream.unaddressed and not stream.packets_sent and not self.leg.keying.wanted:
            self._call.warn(f"{kind} was played and not sent: the peer's SDP has no m={kind} line with a port to send it to")

    def _reported(self) -> Reported | None:
        """What the peer's RTCP told of our stream, and how good that is with its codec."""
        rtcp, sent = self.leg.rtcp, self.leg.stream.packets_sent
        if rtcp is None or rtcp.peer_lost < 0 or not sent:
            return None
        lost, jitter_ns = max(0, rtcp.peer_lost), max(0, rtcp.peer_jitter_ns)
        score = 0.0
        if self.kind is MediaKind.AUDIO:
            as_received = ReceptionSummary(packets=sent, expected=sent, lost=lost, jitter_mean_ns=jitter_ns)
            score = mos_of_reception(self._codec, as_received, rtcp.round_trip_ns)
        return Reported(lost / sent, jitter_ns, score)
