# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the media of a call needs of its shard."""

from __future__ import annotations

from abc import abstractmethod

from engine.media.audio.speech import Sound
from engine.media.leg import Leg
from engine.media.leg_host import LegHost
from engine.options import RunConfig
from engine.shard.media.ports import OwnPort, SharedPort
from engine.shard.media.recordings import Recordings
from engine.shard.media.track_facts import TrackFacts
from engine.shard.notes import Notes
from engine.stats.media import MediaMeter


class MediaHost(LegHost):
    """Who has the sockets, and the pacer, and counts. `media_port` is what [media_port] says, bound and shared by all calls."""

    config: RunConfig
    meter: MediaMeter
    media_port: int
    notes: Notes
    recordings: Recordings
    sounds: TrackFacts[Sound | None]
    payloads: TrackFacts[frozenset[int]]
    """To know what was sent when it comes back (`EchoCheck`)."""
    ice_ufrag: bytes
    ice_pwd: bytes

    @abstractmethod
    def shared(self, number: int) -> SharedPort:
        """The port that calls share, bound when it is first asked for. Raises BindError, TransportError."""

    @abstractmethod
    def leave(self, leg: Leg) -> None:
        """A leg shares a port no more, if it did."""

    @abstractmethod
    def take(self) -> OwnPort:
        """A pair of ports of a call's own. Raises BindError, TransportError."""

    @abstractmethod
    def give_back(self, port: OwnPort) -> None:
        """A call needs its ports no more."""

    @abstractmethod
    def new_ssrc(self) -> int:
        """A synchronisation source for a stream."""

    @abstractmethod
    def begin(self, leg: Leg) -> None:
        """Send what the leg's stream plays."""

    @abstractmethod
    def end(self, leg: Leg) -> None:
        """Its stream plays nothing any more."""
