# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who listens to the audio of a call, as options and actions ask: a listener for what is measured, recorders for files."""

from __future__ import annotations

from engine.media.audio.expectation import Expected, what_is_missing
from engine.media.audio.listener import Listener
from engine.media.audio.speech import Sound
from engine.media.leg import Leg
from engine.media.track import Track
from engine.shard.media.host import MediaHost
from engine.shard.media.recorder import GoingTap, Recorder


class Hearing:
    """The ears of one leg of audio."""

    __slots__ = ("_host", "_leg", "_said", "_sound", "listener", "recorder")

    def __init__(self, host: MediaHost, leg: Leg) -> None:
        self._host = host
        self._leg = leg
        self._sound: Sound | None = None
        self._said: Track | None = None
        self.listener: Listener | None = None
        self.recorder: Recorder | None = None

    def listen(self) -> None:
        """Measure what comes."""
        self.listener = Listener()
        self._leg.incoming.taps.append(self.listener)

    def record(self, path: str, channels: int) -> None:
        """Write a file, in place of one that is being written."""
        host, leg = self._host, self._leg
        self.stop_recording()
        recorder = Recorder(host.recordings, path, channels, leg.agreement.format_in, host.notes.warn, host.now_ns())
        self.recorder = recorder
        leg.incoming.taps.append(recorder)
        leg.stream.tap = GoingTap(recorder) if channels > 1 else None

    def stop_recording(self) -> None:
        """Finish the file."""
        recorder = self.recorder
        if recorder is not None:
            recorder.close(self._host.now_ns())
            self._leg.incoming.taps.remove(recorder)
            self._leg.stream.tap = None
            self.recorder = None

    def says(self, track: Track) -> None:
        """The leg plays this from now on."""
        if self.listener is not None:
            self._said = track
            self._host.sounds.look_at(track)

    def has_said(self, end_ns: int) -> None:
        """The track was played to its end, which was then: what was heard of it ended with its last sound."""
        track, self._said = self._said, None
        if track is None or self.listener is None:
            return
        sound = self._host.sounds.of(track)
        if sound is not None:
            self.listener.latency.said_until(end_ns - track.period_ns + sound.end_ns)

    def stopped(self, now_ns: int) -> None:
        """What was played was cut off, or digits have been sent until then."""
        self._said = None
        if self.listener is not None:
            self.listener.latency.said_until(now_ns)

    def take_latencies(self) -> list[int]:
        """How long answers let us wait, since this was last asked."""
        return self.listener.latency.take() if self.listener is not None else []

    def missing(self, expected: Expected) -> str:
        """Which of the audio that should go and come did not."""
        leg, listener = self._leg, self.listener
        sent = leg.stream.packets_sent + leg.echoed
        return what_is_missing(expected, sent, leg.incoming.packets, listener.has_sound if listener is not None else None)

    def close(self, now_ns: int) -> None:
        """The call is over: count what was heard, and finish the file."""
        self.stop_recording()
        listener, counters = self.listener, self._host.meter.counters
        if listener is None:
            return
        self._host.meter.audio_latency.pending.extend(listener.latency.take())
        if self._leg.incoming.packets and listener.has_sound is False:
            counters.silent += 1
        if listener.energy.clips:
            counters.clipped += 1
