# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a codec is: how its packets are cut and timed and, where we can, how to make them of samples and samples of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Encoder(Protocol):
    """Makes payloads of samples, of one stream: it may remember what came before."""

    def encode(self, pcm: bytes) -> bytes:
        """A payload of whole frames of samples (16 bits, the machine's byte order, channels interleaved)."""


class Decoder(Protocol):
    """Makes samples of payloads, of one stream: it may remember what came before."""

    def decode(self, payload: bytes) -> bytes:
        """Samples of a payload, whatever bytes are in it; what is left over at its end is dropped."""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoding of RFC 3551 or its registry.

    `name` is the encoding name as SDP has it. `payload_type` is the one that it has when nothing else is said: the static one,
    else the one that SIPp or its namesake in Go take. `clock_rate` is that of RTP timestamps, in Hz; `sample_rate` that of the
    samples, which differs for G.722 (RFC 3551 section 4.5.2). `packet_ms` is what a packet holds when nothing else is said.
    `packet_bytes` is the size of its payload; None where packets differ in size. `frame_bytes` and `frame_ms` are of the least
    that a packet can hold. `adapts`: what a payload says depends on those before it. `make_encoder` and `make_decoder` give
    one for one stream; None: we cannot, payloads pass through.
    """

    name: str
    payload_type: int
    clock_rate: int
    sample_rate: int
    packet_bytes: int | None
    packet_ms: int = 20
    channels: int = 1
    frame_bytes: int = 1
    frame_ms: float = 0.125
    adapts: bool = False
    make_encoder: Callable[[], Encoder] | None = None
    make_decoder: Callable[[], Decoder] | None = None

    @property
    def samples_a_packet(self) -> int:
        """Samples of one channel in a packet."""
        return self.sample_rate * self.packet_ms // 1000

    def silence(self, duration_ms: int) -> bytes:
        """Samples that say nothing, encoded by a new encoder; b"" when we cannot encode."""
        if self.make_encoder is None:
            return b""
        return self.make_encoder().encode(bytes(2 * self.channels * (self.sample_rate * duration_ms // 1000)))
