# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media of a call that only remember what they are told, in words; the real ones are those of a shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from engine.media.kinds import MediaKind
from engine.media.srtp.crypto_places import CryptoPlaces
from engine.media.srtp.crypto_words import CryptoWord, Says
from engine.media.srtp.sdes import Crypto
from engine.media.track import Track
from engine.messages import Failure
from engine.scenario.call_media import Condition, Prefix
from engine.scenario.program import Unsendable

PORTS = {MediaKind.AUDIO: 6100, MediaKind.VIDEO: 6102, MediaKind.IMAGE: 6104}
FINGERPRINT = b"sha-256 12:DF:3E:5D"


@dataclass
class ToldMedia:
    """`told` is what happened; `figures_now` what a check sees; `digits_come` the digits that the peer sent."""

    told: list[str] = field(default_factory=list)
    figures_now: dict[str, float] = field(default_factory=dict)
    digits_come: bytes = b""
    digits_taken: bytes = b""
    has_ports: bool = True
    offered: list[Crypto] = field(default_factory=list)
    places: CryptoPlaces = field(default_factory=CryptoPlaces)
    random: Random = field(default_factory=lambda: Random(1))
    tracks: list[Track] = field(default_factory=list)

    def port(self, kind: MediaKind) -> int:
        if not self.has_ports:
            raise Unsendable("all ports for media are taken")
        return PORTS[kind]

    def crypto(self, word: CryptoWord, again: bool) -> bytes:
        if word.says is Says.TAG:
            return self.places.tag(word, self.offered).encode()
        if word.says is Says.SUITE:
            return self.places.suite(word).encode()
        if word.says is Says.KEY:
            return self.places.key(word, self.random.randbytes, again=again).encode()
        return self.places.unencrypted(word).encode()

    def fingerprint(self) -> bytes:
        return FINGERPRINT

    def setup(self, kind: MediaKind) -> bytes:
        return b"actpass"

    def ice_ufrag(self) -> bytes:
        return b"8hhY"

    def ice_pwd(self) -> bytes:
        return b"asd88fgpdd777uzjYhagZg"

    def sdp_sent(self, message: bytes) -> None:
        self.told.append("sdp sent")

    def sdp_received(self, message: bytes) -> None:
        self.told.append("sdp received")

    def play(self, kind: MediaKind, track: Track, loops: int, payload_type: int | None) -> None:
        self.tracks.append(track)
        times = "for ever" if loops < 0 else f"{loops} times" if loops > 1 else "once"
        ms = track.period_ns // 1_000_000
        self.told.append(f"plays {ms} ms of {track.codec or 'packets'} as {payload_type} on {kind}, {times}")

    def pause(self, kind: MediaKind) -> None:
        self.told.append(f"pauses {kind}")

    def resume(self, kind: MediaKind) -> None:
        self.told.append(f"resumes {kind}")

    def stop(self, kind: MediaKind) -> None:
        self.told.append(f"stops {kind}")

    def send_digits(self, digits: str, tone_ms: int, gap_ms: int, payload_type: int | None) -> None:
        kind = "" if payload_type is None else f" as {payload_type}"
        self.told.append(f"sends {digits}{kind}, {tone_ms} ms each, {gap_ms} ms between")

    def echo(self, kind: MediaKind, on: bool) -> None:
        self.told.append(f"{'echoes' if on else 'echoes no'} {kind}")

    def record(self, path: str, channels: int) -> None:
        self.told.append(f"records {path} with {channels} channel{'s' if channels > 1 else ''}")

    def stop_recording(self) -> None:
        self.told.append("stops recording")

    def figures(self, kind: MediaKind) -> Mapping[str, float]:
        return self.figures_now

    def all_figures(self) -> dict[str, float]:
        return {f"audio_{name}": value for name, value in self.figures_now.items()}

    def check(self, kind: MediaKind, conditions: Sequence[Condition]) -> str:
        self.told.append(f"checks {kind}")
        return "; ".join(filter(None, (condition.broken_by(self.figures_now) for condition in conditions)))

    @property
    def digits(self) -> bytes:
        return self.digits_taken or self.digits_come

    def take_digits(self, pattern: Prefix) -> bool:
        length = pattern.length_in(self.digits_come)
        if length:
            self.digits_taken, self.digits_come = self.digits_come[:length], self.digits_come[length:]
        return bool(length)

    def judge(self) -> tuple[Failure, str] | None:
        return None

    def hang_up(self, now_ns: int) -> None:
        self.told.append("hung up")

    def close(self, now_ns: int) -> None:
        self.told.append("closed")
