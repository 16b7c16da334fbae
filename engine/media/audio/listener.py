# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hears the audio that comes to a call: whether there is any, how long its answers let us wait."""

from __future__ import annotations

from engine.media.audio.decoding import Decoding
from engine.media.audio.energy import EnergyDetector
from engine.media.audio.latency import AudioLatency
from engine.media.sdp import Format
from engine.media.tap import Tap


class Listener(Tap):
    """See the module. `energy` and `latency` say what was heard."""

    __slots__ = ("_decoding", "_undecoded", "energy", "latency")

    def __init__(self) -> None:
        self._decoding = Decoding()
        self._undecoded = False
        self.energy = EnergyDetector()
        self.latency = AudioLatency(self.energy)

    @property
    def has_sound(self) -> bool | None:
        """Whether there was any; None where some could not be decoded and the rest was silent."""
        if self.energy.sounds:
            return True
        return None if self._undecoded else False

    def heard(
        self, known: Format | None, payload_type: int, payload: bytes, sequence: int, timestamp: int, arrived_ns: int
    ) -> None:
        """See `Tap`."""
        samples = self._decoding.decode(known, payload_type, payload)
        codec = self._decoding.codec
        if codec is None:
            self._undecoded = True
        elif samples and self.energy.fed(samples, codec.sample_rate * codec.channels, arrived_ns):
            self.latency.heard(self.energy.sound_began_ns)

    def close(self, now_ns: int) -> None:
        """See `Tap`."""
        self.energy.close(now_ns)
        self.latency.close()
