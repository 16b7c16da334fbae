# SPDX-License-Identifier: AGPL-3.0-or-later
"""The media of a shard: its sockets, the pacer of its streams, the times of its legs, and what is measured of all."""

from __future__ import annotations

import os
import socket
import time
from random import Random
from typing import TYPE_CHECKING, Final, cast

import msgspec

from engine.call import CallBase
from engine.errors import BindError
from engine.media.agreement import Place
from engine.media.audio.speech import Sound, sound_in
from engine.media.echo_check import payloads_of
from engine.media.leg import Leg
from engine.media.pacer import Pacer
from engine.media.srtp.handshakes import Handshakes
from engine.media.tally import Tally
from engine.media.wheel import Wheel
from engine.options import RunConfig
from engine.shard.media.call_media import CallMedia
from engine.shard.media.host import MediaHost
from engine.shard.media.ports import MediaSockets, OwnPort, SharedPort
from engine.shard.media.recordings import Recordings
from engine.shard.media.track_facts import TrackFacts
from engine.shard.notes import Notes
from engine.stats.media import MediaMeter
from engine.transport.addresses import Addresses
from engine.transport.poller import Poller
from engine.transport.rtp.ports import PortRange

if TYPE_CHECKING:
    from engine.media.srtp.identity import Identity

VIDEO_PORT: Final = 2
"""From [media_port] to that of video, as in SIPp's scenarios."""
TRIED_PORTS: Final = 60
DISPATCH_NS: Final = 300_000
"""How long packets may be received before it is the pacer's turn: as long as a turn, or what comes would hold up what goes."""
MOST_LEGS_A_TURN: Final = 32
"""Legs whose time has come that are looked at before calls have their turn: a report of RTCP takes some 50 µs."""
FIRST_SSRC: Final = 0xCA11_0000
"""SIPp's, of the first stream, when they are not drawn."""


class MediaDesk(MediaHost):
    """See the module. Of several shards this is `index` of `count`: each has a port for all calls and a range of its own."""

    def __init__(
        self,
        config: RunConfig,
        addresses: Addresses,
        poller: Poller,
        notes: Notes,
        random: Random,
        *,
        index: int = 0,
        count: int = 1,
    ) -> None:
        self.config = config
        self.tally = Tally()
        self.meter = MediaMeter(self.tally)
        self.random = random
        self.identity: Identity | None = None
        self.rtcp_interval_ms = config.rtcp_interval_ms
        self.cname = f"gossipper-{os.getpid()}-{index}"
        self.ice_ufrag = random.randbytes(4).hex().encode("ascii")
        self.ice_pwd = random.randbytes(16).hex().encode("ascii")
        self.notes = notes
        self.recordings = Recordings(notes.warn)
        self.sounds: TrackFacts[Sound | None] = TrackFacts(sound_in)
        self.payloads = TrackFacts(payloads_of)
        self.wheel = Wheel()
        self.handshakes: Handshakes[Leg] = Handshakes()
        bound = config.media_ip or addresses.bind_ip
        self._addresses = msgspec.structs.replace(addresses, bind_ip=bound, local_ip=bound or addresses.local_ip, sources=())
        self._sockets = MediaSockets(self._addresses, poller, config.buffer_size)
        self._ports = PortRange(self._addresses, config.media_port, config.max_media_port, 0, index=index, count=count)
        self._shared: dict[int, SharedPort] = {}
        self._pacer = Pacer(self._sockets.sender, time.monotonic_ns)
        poller.longest_ns = min(poller.longest_ns, DISPATCH_NS)
        self._streams = index
        self._count = count
        self.media_port = config.media_port

    # --- sockets -------------------------------------------------------------------------------------------------------

    def open(self, index: int) -> None:
        """Bind the port that all calls share. Raises BindError, TransportError.

        Where it was not asked for by number, and in shards after the first, another program or shard may have it: then the
        next free one is taken.
        """
        config = self.config
        tries = TRIED_PORTS if index or config.media_port == RunConfig().media_port else 1
        first = config.media_port + 2 * VIDEO_PORT * index
        for number in range(first, first + 2 * VIDEO_PORT * tries, 2 * VIDEO_PORT):
            try:
                self.shared(number)
            except BindError as error:
                if not error.taken_port or number + 2 * VIDEO_PORT >= first + 2 * VIDEO_PORT * tries:
                    raise
                continue
            self.media_port = number
            break
        if config.rtp_echo:
            self._shared[self.media_port].echoing = True
            self.shared(self.media_port + VIDEO_PORT).echoing = True
        for number in self._shared:
            self._ports.keep(number)
            self._ports.keep(number + 1)  # that of RTCP: of another pair, after an odd -mp

    def shared(self, number: int) -> SharedPort:
        """The port that calls share, bound when it is first asked for. Raises BindError, TransportError."""
        port = self._shared.get(number)
        if port is None:
            port = self._shared[number] = SharedPort(number, self._sockets, self.tally)
        return port

    def leave(self, leg: Leg) -> None:
        """A leg shares a port no more. One that nobody shares now is closed: `[auto_media_port]` has another with each call."""
        port = leg.port
        if not isinstance(port, SharedPort):
            return
        port.legs.leave(leg)
        if self._shared.get(port.number) is not port:
            return  # it is closed: the leg has left it before, and got no other
        if not len(port.legs) and not port.echoing and port.number != self.media_port:
            del self._shared[port.number]
            self.tally.kernel_drops += port.drops()
            port.close()

    def take(self) -> OwnPort:
        """A pair of ports of a call's own. Raises BindError, TransportError."""
        return OwnPort(self._ports.take(), self._sockets)

    def give_back(self, port: OwnPort) -> None:
        """A call needs its ports no more."""
        self.tally.kernel_drops += port.drops()
        port.close()

    def new_ssrc(self) -> int:
        """A synchronisation source for a stream."""
        if self.config.random_ssrc:
            return self.random.getrandbits(32)
        self._streams += self._count
        return FIRST_SSRC + self._streams - self._count

    # --- calls ---------------------------------------------------------------------------------------------------------

    def media_of(self, call: CallBase) -> CallMedia:
        """Media for a call."""
        return CallMedia(self, call)

    def begin(self, leg: Leg) -> None:
        """Send what the leg's stream plays."""
        self._pacer.add(leg.stream)
        self.meter.counters.streams_out = self._pacer.streams

    def end(self, leg: Leg) -> None:
        """Its stream plays nothing any more."""
        self._pacer.remove(leg.stream)
        self.meter.counters.streams_out = self._pacer.streams

    # --- LegHost -------------------------------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """The monotonic clock."""
        return time.monotonic_ns()

    def unix_ns(self) -> int:
        """The wall's clock."""
        return time.time_ns()

    def address(self, place: Place) -> object:
        """An address as sockets have it. Raises OSError when it is none of this run's family."""
        try:
            socket.inet_pton(self._addresses.family, place[0])
        except ValueError as error:
            raise OSError(str(error)) from None  # a null byte in it
        return self._addresses.place(*place)

    def timed(self, round_trip_ns: int) -> None:
        """RTCP has measured a round trip."""
        self.meter.round_trip.pending.append(round_trip_ns)

    # --- the loop ------------------------------------------------------------------------------------------------------

    @property
    def events(self) -> int:
        """Packets so far, in both directions."""
        return self._pacer.events

    def run(self, now_ns: int) -> int:
        """Send what is due, and look after the legs whose time has come; when there is more to do."""
        next_ns = self._pacer.run(now_ns)
        self._run_legs(now_ns)
        self._shake_hands()
        return now_ns if self.handshakes else min(next_ns, self.wheel.next_ns())

    def _shake_hands(self) -> None:
        for leg, datagram in self.handshakes.turn():
            try:
                leg.handshake(datagram)
            except Exception as error:
                leg.spoiled(error)

    def _run_legs(self, now_ns: int) -> None:
        wheel = self.wheel
        if wheel.next_ns() > now_ns:
            return
        wheel.come(now_ns)
        for _ in range(MOST_LEGS_A_TURN):
            due = wheel.take(now_ns)
            if due is None:
                return
            if due.due_ns > now_ns:
                wheel.put(due, due.due_ns)
            else:
                _run(cast(Leg, due), now_ns)

    def fold(self) -> None:
        """Hand on what was measured; to be called once a tick."""
        self.meter.lateness.pending.extend(self._pacer.take_lateness())
        self.meter.fold()
        self.recordings.flush()

    def count(self) -> None:
        """Bring the counts to where things stand, before they are told."""
        tally, losses = self.tally, self._sockets.sender.losses
        tally.send_errors = losses.packets
        tally.skipped = self._pacer.skipped
        tally.packets_sent = self._pacer.sent + tally.packets_echoed - losses.packets
        self.meter.counters.kernel_drops = sum(port.drops() for port in self._shared.values())
        self.meter.counters.recordings = self.recordings.started
        self.meter.counters.recording_drops = self.recordings.dropped
        self.fold()

    def close(self) -> None:
        """Finish recordings, and close the sockets."""
        self.recordings.close()
        for port in self._shared.values():
            port.close()
        self._shared.clear()


def _run(leg: Leg, now_ns: int) -> None:
    """Have a leg do what is due; what it raises costs its call."""
    try:
        leg.run(now_ns)
    except Exception as error:
        leg.spoiled(error)
