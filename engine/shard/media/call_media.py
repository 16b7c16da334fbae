# SPDX-License-Identifier: AGPL-3.0-or-later
"""The media of one call: its legs and ports, and what the scenario asks of them (`engine.scenario.program.CallMedia`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.call import CallBase
from engine.errors import GossipperError
from engine.media.agreement import Place
from engine.media.audio.expectation import Expected
from engine.media.echo_check import EchoCheck
from engine.media.events import digits_track
from engine.media.kinds import MediaKind
from engine.media.leg import Leg
from engine.media.mos import mos_of_reception
from engine.media.pacer import phase_ns
from engine.media.reception import ReceptionSummary
from engine.media.rtp import HEADER_BYTES
from engine.media.sdp import MediaLine, read_sdp, sdp_of
from engine.media.srtp.crypto_words import CryptoPlaces, CryptoWord, Says
from engine.media.srtp.sdes import Crypto, SdesError, read_crypto
from engine.media.srtp.setup import ACTPASS, answer_to
from engine.media.track import Track
from engine.messages import Failure
from engine.scenario.program import Condition, Prefix, Unsendable
from engine.shard.media.hearing import Hearing
from engine.shard.media.host import MediaHost
from engine.shard.media.ports import OwnPort, SharedPort
from engine.shard.media.recordings import recording_name
from engine.shard.mishap import end_spoiled
from engine.stats.media import LegMeter, Reported

MOST_DIGITS: Final = 1000
"""Digits that wait for a `recv dtmf`; of more the oldest are forgotten."""
_NOTHING: Final = "none"
_NS_A_MS: Final = 1_000_000
_OFFERING: Final = (b"INVITE ", b"UPDATE ")
"""Requests whose SDP is an offer (RFC 3261 section 13.2.1, RFC 3311)."""
_PORT_OF: Final[Mapping[MediaKind, int]] = {MediaKind.AUDIO: 0, MediaKind.VIDEO: 2, MediaKind.IMAGE: 4}
"""From [media_port] to the port of a kind, where no SDP of ours says."""


class CallMedia:
    """See the module."""

    __slots__ = (
        "_call",
        "_codecs",
        "_crypto",
        "_desk",
        "_digits",
        "_echo_checks",
        "_hearing",
        "_legs",
        "_meters",
        "_octets",
        "_own",
        "_taken_digits",
        "trouble",
    )

    def __init__(self, desk: MediaHost, call: CallBase) -> None:
        self._desk = desk
        self._call = call
        self._legs: dict[MediaKind, Leg] = {}
        self._own: dict[MediaKind, OwnPort] = {}
        self._meters: dict[MediaKind, LegMeter] = {}
        self._octets: dict[MediaKind, int] = {}
        self._codecs: dict[MediaKind, str] = {}
        self._hearing: Hearing | None = None
        self._crypto: CryptoPlaces | None = None
        self._echo_checks: dict[MediaKind, EchoCheck] | None = None
        self._digits = ""
        self._taken_digits = ""
        self.trouble: tuple[Failure, str] | None = None
        """What the call has failed with, in the end, and why."""

    # --- what SDP says -------------------------------------------------------------------------------------------------

    def port(self, kind: MediaKind) -> int:
        """See `CallMedia`."""
        own = self._own.get(kind)
        if own is None:
            try:
                own = self._own[kind] = self._desk.take()
            except GossipperError as error:
                self._desk.tally.no_port += 1
                self.trouble = Failure.NO_MEDIA_PORT, str(error)
                raise Unsendable(str(error), Failure.NO_MEDIA_PORT) from None
        return own.number

    def sdp_sent(self, message: bytes) -> None:
        """See `CallMedia`."""
        for line in _lines(message):
            kind = _kind_of(line)
            if kind is None:
                continue
            leg = self._leg(kind)
            if line.port and (leg.port is None or leg.agreement.local is None or leg.agreement.local.port != line.port):
                self._open(leg, line.port)
            leg.sent(line, offers=message.startswith(_OFFERING))

    def sdp_received(self, message: bytes) -> None:
        """See `CallMedia`."""
        for line in _lines(message):
            kind = _kind_of(line)
            if kind is not None:
                self._leg(kind).received(line, offers=message.startswith(_OFFERING))

    def _leg(self, kind: MediaKind) -> Leg:
        leg = self._legs.get(kind)
        if leg is None:
            desk = self._desk
            leg = self._legs[kind] = Leg(desk, self, kind, desk.new_ssrc())
            self._meters[kind] = desk.meter.leg_opened()
            self._octets[kind] = 0
            leg.stream.on_end = lambda: self._played(leg)
            if kind is MediaKind.AUDIO:
                self._hear(leg)
            if self._tolerance(kind) < 1:
                self._check_echo(leg)
        return leg

    def _hear(self, leg: Leg) -> None:
        """Listen and record as options ask."""
        config = self._desk.config
        self._hearing = hearing = Hearing(self._desk, leg)
        if config.measure_audio or config.expect_audio in (Expected.RECEIVE, Expected.BOTH):
            hearing.listen()
        if config.record_wav_dir:
            name = recording_name(self._call.number, self._call.call_id.decode("latin-1"))
            hearing.record(f"{config.record_wav_dir}/{name}", 2 if config.record_wav_duplex else 1)

    def _tolerance(self, kind: MediaKind) -> float:
        """Which part of what is sent need not come back; 1: nobody looks."""
        config = self._desk.config
        return config.audio_tolerance if kind is MediaKind.AUDIO else config.video_tolerance

    def _check_echo(self, leg: Leg) -> None:
        check = EchoCheck()
        self._echo_checks = {**(self._echo_checks or {}), leg.kind: check}
        leg.incoming.taps.append(check)

    def _played(self, leg: Leg) -> None:
        """A stream has come to its end."""
        if self._hearing is not None and leg.kind is MediaKind.AUDIO:
            self._hearing.has_said(self._desk.now_ns())
        self._desk.end(leg)

    def _open(self, leg: Leg, number: int) -> None:
        """Give a leg the port that our SDP names."""
        self._desk.leave(leg)
        own = next((own for own in self._own.values() if own.number == number), None)
        if own is not None:
            own.serve(leg)
            leg.open(own)
            return
        try:
            shared = self._desk.shared(number)
        except GossipperError as error:
            self._fail(Failure.NO_MEDIA_PORT, str(error))
            return
        shared.legs.join(leg, leg.stream.ssrc)
        leg.open(shared)

    def moved(self, leg: Leg, place: Place) -> None:
        """The peer of a leg is there."""
        if isinstance(leg.port, SharedPort):
            leg.port.legs.expect(leg, place, self._desk.now_ns())

    def _fail(self, failure: Failure, reason: str) -> None:
        self.trouble = self.trouble or (failure, reason)

    # --- keys ----------------------------------------------------------------------------------------------------------

    def crypto(self, word: CryptoWord, again: bool) -> bytes:
        """See `CallMedia`."""
        if self._crypto is None:
            self._crypto = CryptoPlaces()
        places = self._crypto
        if word.says is Says.TAG:
            return places.tag(word, self._offered(word.kind)).encode("ascii")
        if word.says is Says.SUITE:
            return places.suite(word).encode("ascii")
        if word.says is Says.KEY:
            return places.key(word, self._desk.random.randbytes, again=again).encode("ascii")
        return places.unencrypted(word).encode("ascii")

    def _offered(self, kind: MediaKind) -> list[Crypto]:
        """The peer's lines, when we are answering them."""
        leg = self._legs.get(kind)
        if leg is None or leg.agreement.remote is None or not leg.agreement.is_ours_to_answer:
            return []
        found: list[Crypto] = []
        for text in leg.agreement.remote.crypto:
            try:
                found.append(read_crypto(text))
            except SdesError:
                continue
        return found

    def fingerprint(self) -> bytes:
        """See `CallMedia`."""
        identity = self._desk.identity
        if identity is None:
            raise Unsendable("no certificate was made for DTLS")
        return str(identity.fingerprint).encode("ascii")

    def setup(self, kind: MediaKind) -> bytes:
        """See `CallMedia`."""
        leg = self._legs.get(kind)
        remote = leg.agreement.remote if leg is not None and leg.agreement.is_ours_to_answer else None
        try:
            return (answer_to(remote.setup) if remote is not None else ACTPASS).encode("ascii")
        except ValueError as error:
            raise Unsendable(str(error)) from None

    def ice_ufrag(self) -> bytes:
        """See `CallMedia`."""
        return self._desk.ice_ufrag

    def ice_pwd(self) -> bytes:
        """See `CallMedia`."""
        return self._desk.ice_pwd

    # --- what goes -----------------------------------------------------------------------------------------------------

    def play(self, kind: MediaKind, track: Track, loops: int, payload_type: int | None) -> None:
        """See `CallMedia`."""
        leg = self._ready(kind)
        if track.whole and leg.stream.plays_own:
            self._replay_beside(leg, track)
            return
        if payload_type is None and track.codec and not track.whole:
            payload_type = leg.agreement.payload_type_out(track.codec, track.clock_rate)
        self._codecs[kind] = track.codec
        leg.plays(track.clock_rate)
        if self._hearing is not None and kind is MediaKind.AUDIO:
            self._hearing.says(track)
        if self._echo_checks is not None and kind in self._echo_checks:
            self._echo_checks[kind].plays(self._desk.payloads_of(track))
        leg.stream.play(track, self._desk.now_ns() + phase_ns(self._call.number), loops, payload_type)
        self._desk.begin(leg)

    def _replay_beside(self, leg: Leg, track: Track) -> None:
        """Replay a capture without an end to what is streamed, as in SIPp; what is streamed is silent meanwhile."""
        if leg.stream.insert(track, self._desk.now_ns()):
            self._desk.begin(leg)
        else:
            self._call.warn("a capture is not replayed: too many wait for that")

    def _ready(self, kind: MediaKind) -> Leg:
        """The leg of a kind, with a port: [media_port] where our SDP has said nothing of it."""
        leg = self._leg(kind)
        if leg.port is None:
            self._open(leg, self._desk.media_port + _PORT_OF[kind])
        return leg

    def pause(self, kind: MediaKind) -> None:
        """See `CallMedia`."""
        if kind in self._legs:
            self._legs[kind].stream.pause(self._desk.now_ns())

    def resume(self, kind: MediaKind) -> None:
        """See `CallMedia`."""
        if kind in self._legs:
            self._legs[kind].stream.resume(self._desk.now_ns())

    def stop(self, kind: MediaKind) -> None:
        """See `CallMedia`."""
        leg = self._legs.get(kind)
        if leg is not None:
            if self._hearing is not None and kind is MediaKind.AUDIO and leg.stream.playing:
                self._hearing.stopped(self._desk.now_ns())
            leg.stream.stop()
            self._desk.end(leg)

    def send_digits(self, digits: str, tone_ms: int, gap_ms: int, payload_type: int | None) -> None:
        """See `CallMedia`."""
        leg = self._ready(MediaKind.AUDIO)
        payload_type = leg.agreement.events_out if payload_type is None else payload_type
        try:
            track = digits_track(digits, payload_type, tone_ms=tone_ms, gap_ms=gap_ms)
        except ValueError as error:
            self._call.fail(Failure.CANNOT_SEND, str(error))
            return
        if leg.stream.insert(track, self._desk.now_ns(), payload_type):
            self._desk.tally.digits_sent += len(digits)
            self._desk.begin(leg)
            if self._echo_checks is not None and MediaKind.AUDIO in self._echo_checks:
                self._echo_checks[MediaKind.AUDIO].excused += len(track)
        else:
            self._call.warn("digits are not sent: too many wait for that")

    def echo(self, kind: MediaKind, on: bool) -> None:
        """See `CallMedia`. Other media than audio have to be in an SDP first: else there is nothing to send back."""
        leg = self._legs.get(kind)
        if on and (leg is not None or kind is MediaKind.AUDIO):
            self._ready(kind).echoing = True
        elif leg is not None:
            leg.echoing = False

    def record(self, path: str, channels: int) -> None:
        """See `CallMedia`."""
        self._leg(MediaKind.AUDIO)
        if self._hearing is not None:
            self._hearing.record(path, channels)

    def stop_recording(self) -> None:
        """See `CallMedia`."""
        if self._hearing is not None:
            self._hearing.stop_recording()

    # --- what comes ----------------------------------------------------------------------------------------------------

    def heard_digit(self, digit: str) -> None:
        """The peer has sent a digit."""
        self._digits = (self._digits + digit)[-MOST_DIGITS:]
        now_ns = self._desk.now_ns()
        try:
            self._call.digits_arrived(now_ns)
        except Exception as error:
            end_spoiled(self._call, error, now_ns)

    @property
    def digits(self) -> bytes:
        """See `CallMedia`."""
        return (self._taken_digits or self._digits).encode("ascii")

    def take_digits(self, pattern: Prefix) -> bool:
        """See `CallMedia`."""
        length = pattern.length_in(self._digits.encode("ascii"))
        if not length:
            return False
        self._taken_digits, self._digits = self._digits[:length], self._digits[length:]
        return True

    def figures(self, kind: MediaKind) -> Mapping[str, float]:
        """See `CallMedia`."""
        return self._figures(self._leg(kind))

    def check(self, kind: MediaKind, conditions: Sequence[Condition]) -> str:
        """See `CallMedia`."""
        figures = self._figures(self._leg(kind))
        reason = "; ".join(filter(None, (condition.broken_by(figures) for condition in conditions)))
        if reason:
            self._desk.tally.checks_failed += 1
        else:
            self._desk.tally.checks_passed += 1
        return reason

    def _figures(self, leg: Leg) -> dict[str, float]:
        """What conditions may ask for: packets, parts of 1, ms, and a score."""
        received = leg.figures()
        return {
            "packets": received.packets + leg.whole_packets,
            "sent": leg.stream.packets_sent,
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
            "digits": len(self._digits),
        }

    def seen(self, leg: Leg, received: ReceptionSummary, jitter_ns: int, score: float) -> None:
        """What a leg received so far, and what it sent."""
        self._meters[leg.kind].seen(received.expected, received.lost, jitter_ns, score)
        self._count_octets(leg)
        if self._hearing is not None and leg.kind is MediaKind.AUDIO:
            self._desk.meter.audio_latency.pending.extend(self._hearing.take_latencies())

    def _count_octets(self, leg: Leg) -> None:
        now, before = leg.stream.octets_sent + HEADER_BYTES * leg.stream.packets_sent, self._octets[leg.kind]
        self._octets[leg.kind] = now
        self._desk.tally.octets_sent += now - before

    # --- the end -------------------------------------------------------------------------------------------------------

    def judge(self) -> tuple[Failure, str] | None:
        """See `CallMedia`."""
        for leg in self._legs.values():
            if leg.keying.failed:
                self._fail(Failure.MEDIA_KEYS, f"{leg.kind}: {leg.keying.failed}")
        if self._desk.config.expect_audio != _NOTHING and self.trouble is None:
            self._judge_audio(Expected(self._desk.config.expect_audio))
        if self._echo_checks is not None:
            self._judge_echoes(self._echo_checks)
        return self.trouble

    def _judge_echoes(self, checks: dict[MediaKind, EchoCheck]) -> None:
        tally = self._desk.tally
        for kind, check in checks.items():
            reason = check.broken_by(self._legs[kind].stream.packets_sent, self._tolerance(kind))
            if reason:
                tally.checks_failed += 1
                self._fail(Failure.RTP_CHECK, f"{kind}: {reason}")
            else:
                tally.checks_passed += 1

    def _judge_audio(self, expected: Expected) -> None:
        self._leg(MediaKind.AUDIO)
        missing = self._hearing.missing(expected) if self._hearing is not None else ""
        if missing:
            self._desk.meter.counters.one_way += 1
            self._fail(Failure.ONE_WAY_AUDIO, missing)

    def close(self, now_ns: int) -> None:
        """See `CallMedia`."""
        desk = self._desk
        if self._hearing is not None:
            self._hearing.close(now_ns)
        for kind, leg in self._legs.items():
            if leg.closed:
                continue
            self._tell_unsent(kind, leg)
            leg.close(now_ns)
            desk.end(leg)
            desk.leave(leg)
            received = leg.figures() if leg.incoming.packets else None
            self._meters[kind].closed(received, _reported(leg, self._codecs.get(kind, "")))
            self._count_octets(leg)
            if leg.incoming.first_ns:
                desk.tally.streams_in -= 1
            leg.owner = None
        for own in self._own.values():
            desk.give_back(own)
        self._own.clear()

    def _tell_unsent(self, kind: MediaKind, leg: Leg) -> None:
        """Say that all that was played went nowhere; where keys are missing, that is said already."""
        stream = leg.stream
        if stream.unaddressed and not stream.packets_sent and not leg.keying.wanted:
            self._call.warn(f"{kind} was played and not sent: the peer's SDP has no m={kind} line with a port to send it to")


def _lines(message: bytes) -> list[MediaLine]:
    """The first line of each kind of media in a message; of several the first that has a port."""
    body = sdp_of(message)
    if not body:
        return []
    description = read_sdp(body)
    found = (description.first(kind) for kind in MediaKind)
    return [line for line in found if line is not None]


def _kind_of(line: MediaLine) -> MediaKind | None:
    return MediaKind(line.kind) if line.kind in _KINDS else None


_KINDS: Final = frozenset(kind.value for kind in MediaKind)


def _reported(leg: Leg, codec: str) -> Reported | None:
    """What the peer's RTCP told of our stream, and how good that is with this codec."""
    rtcp = leg.rtcp
    sent = leg.stream.packets_sent
    if rtcp is None or rtcp.peer_lost < 0 or not sent:
        return None
    lost, jitter_ns = max(0, rtcp.peer_lost), max(0, rtcp.peer_jitter_ns)
    score = 0.0
    if leg.kind is MediaKind.AUDIO:
        as_received = ReceptionSummary(packets=sent, expected=sent, lost=lost, jitter_mean_ns=jitter_ns)
        score = mos_of_reception(codec, as_received, rtcp.round_trip_ns)
    return Reported(lost / sent, jitter_ns, score)
