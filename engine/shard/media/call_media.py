# SPDX-License-Identifier: AGPL-3.0-or-later
"""The media of one call: what the scenario asks of them (`engine.scenario.program.CallMedia`), handed to who does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.call import CallBase
from engine.errors import GossipperError
from engine.media.audio.expectation import Expected
from engine.media.kinds import MediaKind
from engine.media.sdp import MediaLine, read_sdp, sdp_of
from engine.media.srtp.crypto_words import CryptoWord
from engine.media.track import Track
from engine.messages import Failure
from engine.scenario.call_media import Condition, Prefix
from engine.scenario.program import Unsendable
from engine.shard.media.call_digits import CallDigits
from engine.shard.media.call_keys import CallKeys
from engine.shard.media.call_leg import CallLeg
from engine.shard.media.host import MediaHost
from engine.shard.media.ports import OwnPort

_NOTHING: Final = "none"
_OFFERING: Final = (b"INVITE ", b"UPDATE ")
"""Requests whose SDP is an offer (RFC 3261 section 13.2.1, RFC 3311)."""
_PORT_OF: Final[Mapping[MediaKind, int]] = {MediaKind.AUDIO: 0, MediaKind.VIDEO: 2, MediaKind.IMAGE: 4}
"""From [media_port] to the port of a kind, where no SDP of ours says."""


class CallMedia:
    """See the module."""

    __slots__ = ("_call", "_digits", "_host", "_keys", "_legs", "_own", "_trouble")

    def __init__(self, host: MediaHost, call: CallBase) -> None:
        self._host = host
        self._call = call
        self._legs: dict[MediaKind, CallLeg] = {}
        self._own: dict[MediaKind, OwnPort] = {}
        self._keys = CallKeys(host)
        self._digits = CallDigits()
        self._trouble: tuple[Failure, str] | None = None
        """What the call will have failed with, and why."""

    # --- what SDP says -------------------------------------------------------------------------------------------------

    def port(self, kind: MediaKind) -> int:
        """See `CallMedia`."""
        own = self._own.get(kind)
        if own is None:
            try:
                own = self._own[kind] = self._host.take()
            except GossipperError as error:
                self._host.tally.no_port += 1
                self._fail(Failure.NO_MEDIA_PORT, str(error))
                raise Unsendable(str(error), Failure.NO_MEDIA_PORT) from None
        return own.number

    def sdp_sent(self, message: bytes) -> None:
        """See `CallMedia`."""
        for kind, line in _lines(message):
            leg = self._leg(kind).leg
            if line.port and (leg.port is None or leg.agreement.local is None or leg.agreement.local.port != line.port):
                self._open(kind, line.port)
            leg.sent(line, offers=message.startswith(_OFFERING))

    def sdp_received(self, message: bytes) -> None:
        """See `CallMedia`."""
        for kind, line in _lines(message):
            self._leg(kind).leg.received(line, offers=message.startswith(_OFFERING))

    def _leg(self, kind: MediaKind) -> CallLeg:
        leg = self._legs.get(kind)
        if leg is None:
            leg = self._legs[kind] = CallLeg(self._host, self._call, kind, self._heard_digit)
        return leg

    def _ready(self, kind: MediaKind) -> CallLeg:
        """The leg of a kind, with a port: [media_port] where our SDP has said nothing of it."""
        leg = self._leg(kind)
        if leg.leg.port is None:
            self._open(kind, self._host.media_port + _PORT_OF[kind])
        return leg

    def _open(self, kind: MediaKind, number: int) -> None:
        """Give a leg the port that our SDP names."""
        leg = self._leg(kind).leg
        self._host.leave(leg)
        own = next((own for own in self._own.values() if own.number == number), None)
        try:
            (own or self._host.shared(number)).serve(leg)
        except GossipperError as error:
            self._fail(Failure.NO_MEDIA_PORT, str(error))

    def _fail(self, failure: Failure, reason: str) -> None:
        self._trouble = self._trouble or (failure, reason)

    # --- keys ----------------------------------------------------------------------------------------------------------

    def crypto(self, word: CryptoWord, again: bool) -> bytes:
        """See `CallMedia`."""
        leg = self._legs.get(word.kind)
        return self._keys.crypto(word, again, leg.leg.agreement if leg is not None else None)

    def fingerprint(self) -> bytes:
        """See `CallMedia`."""
        return self._keys.fingerprint()

    def setup(self, kind: MediaKind) -> bytes:
        """See `CallMedia`."""
        leg = self._legs.get(kind)
        return self._keys.setup(leg.leg.agreement if leg is not None else None)

    def ice_ufrag(self) -> bytes:
        """See `CallMedia`."""
        return self._host.ice_ufrag

    def ice_pwd(self) -> bytes:
        """See `CallMedia`."""
        return self._host.ice_pwd

    # --- what goes -----------------------------------------------------------------------------------------------------

    def play(self, kind: MediaKind, track: Track, loops: int, payload_type: int | None) -> None:
        """See `CallMedia`."""
        self._ready(kind).play(track, loops, payload_type)

    def pause(self, kind: MediaKind) -> None:
        """See `CallMedia`."""
        if kind in self._legs:
            self._legs[kind].pause()

    def resume(self, kind: MediaKind) -> None:
        """See `CallMedia`."""
        if kind in self._legs:
            self._legs[kind].resume()

    def stop(self, kind: MediaKind) -> None:
        """See `CallMedia`."""
        if kind in self._legs:
            self._legs[kind].stop()

    def send_digits(self, digits: str, tone_ms: int, gap_ms: int, payload_type: int | None) -> None:
        """See `CallMedia`."""
        self._ready(MediaKind.AUDIO).send_digits(digits, tone_ms, gap_ms, payload_type)

    def echo(self, kind: MediaKind, on: bool) -> None:
        """See `CallMedia`. Other media than audio have to be in an SDP first: else there is nothing to send back."""
        if on and (kind in self._legs or kind is MediaKind.AUDIO):
            self._ready(kind).leg.echoing = True
        elif kind in self._legs:
            self._legs[kind].leg.echoing = False

    def record(self, path: str, channels: int) -> None:
        """See `CallMedia`."""
        hearing = self._leg(MediaKind.AUDIO).hearing
        if hearing is not None:
            hearing.record(path, channels)

    def stop_recording(self) -> None:
        """See `CallMedia`."""
        leg = self._legs.get(MediaKind.AUDIO)
        if leg is not None and leg.hearing is not None:
            leg.hearing.stop_recording()

    # --- what comes ----------------------------------------------------------------------------------------------------

    def _heard_digit(self, digit: str) -> None:
        self._digits.add(digit)
        self._call.digits_arrived(self._host.now_ns())

    @property
    def digits(self) -> bytes:
        """See `CallMedia`."""
        return self._digits.told

    def take_digits(self, pattern: Prefix) -> bool:
        """See `CallMedia`."""
        return self._digits.take(pattern)

    def figures(self, kind: MediaKind) -> Mapping[str, float]:
        """See `CallMedia`."""
        return self._leg(kind).figures()

    def all_figures(self) -> dict[str, float]:
        """See `CallMedia`."""
        return {f"{kind}_{name}": value for kind, leg in self._legs.items() for name, value in leg.figures().items()}

    def check(self, kind: MediaKind, conditions: Sequence[Condition]) -> str:
        """See `CallMedia`."""
        figures = self.figures(kind)
        reason = "; ".join(filter(None, (condition.broken_by(figures) for condition in conditions)))
        self._host.tally.count_check(not reason)
        without_keys = self._leg(kind).leg.keying.failed
        return f"{without_keys}; {reason}" if reason and without_keys else reason

    # --- the end -------------------------------------------------------------------------------------------------------

    def judge(self) -> tuple[Failure, str] | None:
        """See `CallMedia`."""
        for leg in self._legs.values():
            self._fail_for(Failure.MEDIA_KEYS, leg.without_keys())
        expected = self._host.config.expect_audio
        if expected != _NOTHING and self._trouble is None:
            hearing = self._leg(MediaKind.AUDIO).hearing
            missing = hearing.missing(Expected(expected)) if hearing is not None else ""
            self._host.meter.counters.one_way += bool(missing)
            self._fail_for(Failure.ONE_WAY_AUDIO, missing)
        for leg in self._legs.values():
            self._fail_for(Failure.RTP_CHECK, leg.without_echo())
        return self._trouble

    def _fail_for(self, failure: Failure, reason: str) -> None:
        if reason:
            self._fail(failure, reason)

    def hang_up(self, now_ns: int) -> None:
        """See `CallMedia`."""
        for leg in self._legs.values():
            leg.hang_up(now_ns)

    def close(self, now_ns: int) -> None:
        """See `CallMedia`."""
        for leg in self._legs.values():
            leg.close(now_ns)
        self._legs.clear()
        for own in self._own.values():
            self._host.give_back(own)
        self._own.clear()


def _lines(message: bytes) -> list[tuple[MediaKind, MediaLine]]:
    """The first line of each kind of media in a message; of several the first that has a port."""
    body = sdp_of(message)
    if not body:
        return []
    description = read_sdp(body)
    found = ((kind, description.first(kind)) for kind in MediaKind)
    return [(kind, line) for kind, line in found if line is not None]
