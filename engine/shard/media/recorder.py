# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records the audio of one call: what comes, or to the left what goes and to the right what comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.media.audio.decoding import Decoding
from engine.media.audio.recording import RECEIVED, SENT, Recording
from engine.media.codecs import pcm
from engine.media.rtp import read_rtp
from engine.media.sdp import Format
from engine.media.tap import SentTap, Tap
from engine.media.track import Track
from engine.shard.media.recordings import RecordedFile, Recordings

LONGEST_NS: Final = 4 * 3600 * 1_000_000_000
"""A recording of two channels at 16 kHz then has 900 MB, far below what a WAV can hold."""
Known = Callable[[int], Format | None]
"""What a payload type of ours stands for."""


class Recorder(Tap):
    """Writes to `path` from the first packet on that can be decoded; times are those of the monotonic clock."""

    __slots__ = (
        "_channels",
        "_decodings",
        "_file",
        "_known",
        "_path",
        "_recording",
        "_recordings",
        "_start_ns",
        "_told",
        "_warn",
    )

    def __init__(
        self, recordings: Recordings, path: str, channels: int, known: Known, warn: Callable[[str], None], start_ns: int
    ) -> None:
        self._recordings = recordings
        self._path = path
        self._channels = channels
        self._known = known
        self._warn = warn
        self._start_ns = start_ns
        self._decodings = (Decoding(), Decoding())
        self._recording: Recording | None = None
        self._file: RecordedFile | None = None
        self._told = False

    def heard(
        self, known: Format | None, payload_type: int, payload: bytes, sequence: int, timestamp: int, arrived_ns: int
    ) -> None:
        """See `Tap`."""
        self._put(RECEIVED, known, payload_type, payload, timestamp, arrived_ns)

    def sent(self, payload_type: int, payload: bytes, timestamp: int, now_ns: int) -> None:
        """A packet goes."""
        self._put(SENT, self._known(payload_type), payload_type, payload, timestamp, now_ns)

    def _put(self, side: int, known: Format | None, payload_type: int, payload: bytes, timestamp: int, now_ns: int) -> None:
        if self._file is not None and self._file.over:
            return  # it could not be written, and that was told
        decoding = self._decodings[side]
        samples = decoding.decode(known, payload_type, payload)
        codec = decoding.codec
        if codec is None:
            self._tell(known, payload_type)
            return
        samples = pcm.mixed(samples, pcm.WIDTH, codec.channels)
        recording = self._recording
        if recording is None:
            recording = self._recording = Recording(codec.sample_rate, self._channels, self._start_ns, LONGEST_NS)
            self._file = self._recordings.start(self._path, codec.sample_rate, self._channels)
        if recording.put(side, samples, codec.sample_rate, timestamp, codec.clock_rate, now_ns):
            self._write(recording)

    def _tell(self, known: Format | None, payload_type: int) -> None:
        if not self._told and (known is None or known.name not in _SOUNDLESS):
            self._told = True
            name = known.name if known is not None else f"payload type {payload_type}"
            self._warn(f"audio of {name} cannot be decoded here: it is silence in recordings")

    def _write(self, recording: Recording) -> None:
        if self._file is not None:
            self._recordings.add(self._file, recording.take())

    def close(self, now_ns: int) -> None:
        """See `Tap`."""
        if self._recording is not None:
            self._recording.close()
            self._write(self._recording)
            self._recording = None


class GoingTap(SentTap):
    """Hears for a recorder what goes."""

    __slots__ = ("_recorder",)

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def sent(self, track: Track, payload_type: int, payload: bytes, timestamp: int, now_ns: int) -> None:
        """See `SentTap`."""
        if track.whole:
            packet = read_rtp(payload)
            if packet is None:
                return
            payload_type, timestamp = packet.payload_type, packet.timestamp
            payload = payload[packet.payload_start : packet.payload_end]
        self._recorder.sent(payload_type, payload, timestamp, now_ns)


_SOUNDLESS: Final = frozenset({"TELEPHONE-EVENT", "CN"})
