# SPDX-License-Identifier: AGPL-3.0-or-later
"""What keywords and actions need of the media of a call: the contract with `engine.shard.media`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.media.kinds import MediaKind
from engine.media.srtp.crypto_words import CryptoWord
from engine.media.track import Track
from engine.messages import Failure


class CallMedia(Protocol):
    """What keywords and actions see of the media of a call.

    Each kind of media is one `m=` line of the call. Where media goes, in which formats and with which keys is what the SDP says
    that the call has sent and received, so a call hands on both.
    """

    def port(self, kind: MediaKind) -> int:
        """The call's own RTP port, taken when it is first asked for. Raises Unsendable when none is left."""

    def crypto(self, word: CryptoWord, again: bool) -> bytes:
        """What a keyword of an `a=crypto` line stands for; `again`: the key of before (`[cryptokeyparams1audio-1]`)."""

    def fingerprint(self) -> bytes:
        """[dtls_fingerprint]: that of our certificate, `sha-256 AB:CD…` (RFC 8122 section 5)."""

    def setup(self, kind: MediaKind) -> bytes:
        """[dtls_setup]: `actpass` in an offer, in an answer what fits the offer (RFC 5763 section 5)."""

    def ice_ufrag(self) -> bytes:
        """[ice_ufrag] (RFC 8839 section 5.4)."""

    def ice_pwd(self) -> bytes:
        """[ice_pwd]."""

    def sdp_sent(self, message: bytes) -> None:
        """The call sends this message; an SDP in it says where it hears."""

    def sdp_received(self, message: bytes) -> None:
        """The call has received this message; an SDP in it says where to send."""

    def play(self, kind: MediaKind, track: Track, loops: int, payload_type: int | None) -> None:
        """Send a track from now on, so many times (-1: until it is stopped); `payload_type` None: the track's, or the SDP's."""

    def pause(self, kind: MediaKind) -> None:
        """Hold what is played."""

    def resume(self, kind: MediaKind) -> None:
        """Go on with what was paused."""

    def stop(self, kind: MediaKind) -> None:
        """Send no more."""

    def send_digits(self, digits: str, tone_ms: int, gap_ms: int, payload_type: int | None) -> None:
        """Send digits as telephone events (RFC 4733), in place of the audio; `payload_type` None: the SDP's."""

    def echo(self, kind: MediaKind, on: bool) -> None:
        """Send back what comes, or do no more."""

    def record(self, path: str, channels: int) -> None:
        """Write the audio to a WAV file from now on: what comes; of two channels what goes is the left."""

    def stop_recording(self) -> None:
        """Finish the file."""

    def figures(self, kind: MediaKind) -> Mapping[str, float]:
        """What there is to be checked: packets, parts of 1, ms, and a score, by name."""

    def all_figures(self) -> dict[str, float]:
        """Those of all kinds that the call has, each with its kind before its name: `audio_packets`."""

    def check(self, kind: MediaKind, conditions: Sequence[Condition]) -> str:
        """Why the media so far is not as it should be; "" when it is."""

    @property
    def digits(self) -> bytes:
        """[dtmf_digits]: those that the call's last `recv dtmf` took; before the first, all that were received."""

    def take_digits(self, pattern: Prefix) -> bool:
        """Whether the digits received begin as it says; if they do, so many are taken, and `digits` says which."""

    def judge(self) -> tuple[Failure, str] | None:
        """What a call that would have succeeded has failed with for its media, and why; None when all is well."""

    def hang_up(self, now_ns: int) -> None:
        """The call has been counted and only waits for what comes late: nothing is sent any more."""

    def close(self, now_ns: int) -> None:
        """The call is over."""


class Prefix(Protocol):
    """What a text may begin with."""

    def length_in(self, text: bytes, /) -> int:
        """How much of the text that is, the most that may be; 0 when it begins otherwise."""


class Condition(Protocol):
    """What media should be like."""

    def broken_by(self, figures: Mapping[str, float]) -> str:
        """What is not as it should be, for a person; "" when all is."""
