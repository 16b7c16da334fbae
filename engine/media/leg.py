# SPDX-License-Identifier: AGPL-3.0-or-later
"""One kind of media of one call: a stream that goes, one that comes, and what belongs to both.

A `Leg` is told both descriptions of the session, the datagrams that come to its port, and when its time has come (`due_ns`). It
says where its stream goes, answers RTCP, DTLS and STUN, and measures. Sockets, clocks and the other legs are its host's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.media.agreement import Agreement, Place
from engine.media.demux import is_dtls, is_rtcp, is_rtp, is_stun
from engine.media.incoming import DEFAULT_CLOCK_RATE, Incoming
from engine.media.keying import Keying
from engine.media.kinds import MediaKind
from engine.media.leg_host import NOBODY, LegHost, LegOwner
from engine.media.leg_port import Address, LegPort
from engine.media.mos import mos_of_reception
from engine.media.reception import ReceptionSummary
from engine.media.rtcp_session import RtcpSession
from engine.media.sdp import MediaLine
from engine.media.sharing import source_in
from engine.media.srtp.session import Refused
from engine.media.stream import OutStream
from engine.media.stun import answer_binding, nominates
from engine.media.wheel import NEVER_NS, Due

STRETCH_NS: Final = 5_000_000_000
"""How long what comes is looked at for a figure of that time, as in the verdict of a run."""


class Leg(Due):
    """See the module. `trouble` is why it cannot be as both sides want it, or ""; `echoing`: what comes is sent back."""

    __slots__ = (
        "_chosen",
        "_host",
        "_owner",
        "_seen",
        "_stretch_ns",
        "agreement",
        "closed",
        "echoed",
        "echoing",
        "incoming",
        "keying",
        "kind",
        "port",
        "rtcp",
        "stream",
        "trouble",
        "whole_packets",
    )

    def __init__(self, host: LegHost, owner: LegOwner, kind: MediaKind, ssrc: int) -> None:
        super().__init__()
        self._host = host
        self._owner = owner
        self.kind = kind
        self.agreement = Agreement()
        self.incoming = Incoming(self.agreement, host.tally)
        self.keying = Keying(host.tally)
        self.stream = OutStream(ssrc, host.random.getrandbits(15), host.random.getrandbits(31))
        self.port: LegPort | None = None
        self.rtcp: RtcpSession | None = None
        self.echoing = False
        self.echoed = 0
        """Packets that were sent back."""
        self.trouble = ""
        self.closed = False
        self.whole_packets = 0
        """Datagrams that came and are no RTP, of a kind of media that need not be (T.38 over UDPTL)."""
        self._chosen: Address | None = None
        self._stretch_ns = 0
        self._seen = ReceptionSummary()

    # --- what both sides say -------------------------------------------------------------------------------------------

    def sent(self, line: MediaLine, *, offers: bool = False) -> None:
        """We have sent this description; `offers`: in a request that offers."""
        self.agreement.sent(line, offers=offers)
        self._settle()

    def received(self, line: MediaLine, *, offers: bool = False) -> None:
        """The peer has sent this description; `offers` as above."""
        self.agreement.received(line, offers=offers)
        self._settle()

    def open(self, port: LegPort) -> None:
        """Send from there."""
        self.port = port
        self.stream.socket = port.socket
        self._settle()

    def _settle(self) -> None:
        """Do as both descriptions say now."""
        host, now_ns = self._host, self._host.now_ns()
        self.incoming.renew()
        self.keying.agree(self.agreement, host.identity, now_ns)
        place = self.agreement.place
        if place is not None and self._chosen is None:
            self._owner.moved(place)
        self._key(now_ns)
        self._begin_rtcp(now_ns)
        if not self._stretch_ns:
            self._stretch_ns = now_ns + STRETCH_NS
        self._wait()

    def _begin_rtcp(self, now_ns: int) -> None:
        """Tell by RTCP how it goes, once there is somebody to tell."""
        host = self._host
        if self.rtcp is not None or not host.rtcp_interval_ms or self.kind is MediaKind.IMAGE:
            return
        if self.agreement.place is not None or self._chosen is not None:
            self.rtcp = RtcpSession(host.cname, self._clock_rate(), host.random, now_ns, host.rtcp_interval_ms)

    def plays(self, clock_rate: int) -> None:
        """Its stream has timestamps of this rate, in Hz, from now on."""
        if self.rtcp is not None:
            self.rtcp.clock_rate = clock_rate

    def _clock_rate(self) -> int:
        remote = self.agreement.remote
        first = remote.format_of(remote.formats[0]) if remote is not None and remote.formats else None
        return first.clock_rate if first is not None else DEFAULT_CLOCK_RATE

    def _key(self, now_ns: int) -> None:
        """Send the handshake on, and the stream where it is to go: nowhere as long as keys are missing."""
        keying, port = self.keying, self.port
        destination = self._destination(self.agreement.place)
        if port is not None and destination is not None:
            for datagram in keying.take():
                port.send(datagram, destination)
        if keying.failed and not self.trouble:
            self._fail(keying.failed)
        srtp = keying.srtp
        self.stream.protect = srtp.protect if srtp is not None else None
        self.stream.destination = None if keying.wanted and srtp is None else destination
        if keying.kept and not keying.pending:
            for data, source, arrived_ns, is_rtcp_port in keying.take_kept():
                if is_rtcp_port:
                    self.rtcp_datagram(data, source, arrived_ns)
                else:
                    self._rtp(data, source, arrived_ns)

    def _destination(self, place: Place | None) -> object:
        """An address as sockets have it: the one that ICE has chosen, or else that of the SDP."""
        if self._chosen is not None:
            return self._chosen
        return self._address(place) if place is not None else None

    def _address(self, place: Place) -> object:
        try:
            return self._host.address(place)
        except OSError:
            self._fail(f"media cannot be sent to '{place[0]}' port {place[1]}, as the SDP says: it is no address")
            return None

    def _fail(self, reason: str) -> None:
        if not self.trouble:
            self.trouble = reason
            self._owner.troubled(reason)

    def spoiled(self, error: Exception) -> None:
        """What its host had it do has raised this: that may cost the leg's call, and never the run."""
        self._owner.spoiled(error)

    # --- what comes ----------------------------------------------------------------------------------------------------

    def datagram(self, data: bytes, source: Address, arrived_ns: int) -> None:
        """What came to the port of RTP."""
        if is_rtp(data):
            self._rtp(data, source, arrived_ns)
        elif is_rtcp(data):
            self.rtcp_datagram(data, source, arrived_ns)
        elif is_dtls(data):
            self._host.handshakes.put(self, data)
        elif is_stun(data):
            self._stun(data, source)
        elif self.kind is MediaKind.IMAGE:
            self._whole(data, source)
        else:
            self._host.tally.garbage += 1

    def handshake(self, datagram: bytes) -> None:
        """Go on with the handshake of DTLS."""
        if self.closed:
            return
        now_ns = self._host.now_ns()
        self.keying.handshake(datagram, now_ns)
        self._key(now_ns)
        self._wait()

    def _rtp(self, data: bytes, source: Address, arrived_ns: int) -> None:
        if self.keying.pending:
            self.keying.keep((data, source, arrived_ns, False))
            return
        if self.keying.wanted:
            read = self.keying.unprotect(data)
            if isinstance(read, Refused):
                self._count_refused(read, data)
                return
            data = read
        digit = self.incoming.packet(data, arrived_ns)
        if self.echoing:
            self._echo(data, source)
        if digit:
            self._owner.heard_digit(digit)

    def _count_refused(self, why: Refused, packet: bytes) -> None:
        """A packet was not believed. Sound in the clear is a mistake of its own, and often made."""
        tally = self._host.tally
        if why is Refused.REPLAYED:
            tally.srtp_replayed += 1
        elif why is Refused.MALFORMED:
            tally.garbage += 1
        elif self.incoming.is_plain(packet):
            tally.unprotected += 1
        else:
            tally.srtp_rejected += 1

    def _echo(self, data: bytes, source: Address) -> None:
        """Send back what came, but for what we have sent ourselves: two echoes would send one packet for ever."""
        if self.port is None or self.is_own(data):
            return
        srtp = self.keying.srtp
        if srtp is not None:
            data = srtp.protect(data)
            if not data:
                return
        self._note_echo(len(data))
        self.port.send(data, source)

    def _note_echo(self, size: int) -> None:
        """A packet of so many bytes was sent back."""
        self.echoed += 1
        self._host.tally.packets_echoed += 1
        self._host.tally.octets_sent += size

    def is_own(self, data: bytes) -> bool:
        """Whether we have sent this packet ourselves, and it has come back."""
        stream = self.stream
        return (stream.playing or stream.packets_sent > 0) and source_in(data) == stream.ssrc

    def _whole(self, data: bytes, source: Address) -> None:
        self.whole_packets += 1
        tally = self._host.tally
        tally.packets_received += 1
        tally.octets_received += len(data)
        if self.echoing and self.port is not None:
            self._note_echo(len(data))
            self.port.send(data, source)

    def _stun(self, data: bytes, source: Address) -> None:
        """A browser asks whether we are there before it sends anything, and says which way it has chosen (RFC 8445 2.5, 8.1).

        That is where media goes from then on: what its SDP says may be an address that nobody can send to.
        """
        local = self.agreement.local
        answer = answer_binding(data, local.ice_pwd, (source[0], source[1])) if local is not None and local.ice_pwd else None
        if answer is None or self.port is None:
            return
        self.port.send(answer, source)
        if nominates(data) and source != self._chosen:
            self._chosen = source
            now_ns = self._host.now_ns()
            self._owner.moved((source[0], source[1]))
            self._key(now_ns)
            self._begin_rtcp(now_ns)
            self._wait()

    def rtcp_datagram(self, data: bytes, source: Address, arrived_ns: int) -> None:
        """What came to the port of RTCP. There a handshake would be of that port alone; it is let be."""
        if is_dtls(data):
            return
        if self.keying.pending:
            self.keying.keep((data, source, arrived_ns, True))
            return
        if self.keying.wanted:
            read = self.keying.unprotect_rtcp(data)
            if isinstance(read, Refused):
                self._count_refused(read, data)
                return
            data = read
        tally, rtcp = self._host.tally, self.rtcp
        tally.rtcp_received += 1
        if rtcp is None:
            return
        trips = rtcp.round_trips
        if not rtcp.received(data, arrived_ns, self.stream.ssrc):
            tally.garbage += 1
        elif rtcp.round_trips > trips:
            self._host.timed(rtcp.round_trip_ns)

    # --- by the clock --------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> None:
        """`due_ns` may have come."""
        if self.keying.due_ns and now_ns >= self.keying.due_ns:
            self.keying.run(now_ns)
            self._key(now_ns)
        rtcp = self.rtcp
        if rtcp is not None and now_ns >= rtcp.due_ns:
            incoming = self.incoming
            self._send_rtcp(rtcp.report(now_ns, self._host.unix_ns(), self.stream, incoming.current, incoming.current_ssrc))
        if now_ns >= self._stretch_ns:
            self._stretch_ns = now_ns + STRETCH_NS
            self._tell_stretch()
        self._wait()

    def _wait(self) -> None:
        """Ask for the earliest of the times that matter."""
        due_ns = self._stretch_ns
        if self.rtcp is not None:
            due_ns = min(due_ns, self.rtcp.due_ns)
        if self.keying.due_ns:
            due_ns = min(due_ns, self.keying.due_ns)
        if not self.closed and (not self.slot or due_ns != self.due_ns):
            self._host.wheel.put(self, due_ns)

    def _tell_stretch(self) -> None:
        if self.incoming.current is None:
            return
        now, before = self.incoming.summary(), self._seen
        self._seen = now
        self._owner.seen(now, self.incoming.current.jitter_ns, self._score(now.since(before)))

    def _score(self, received: ReceptionSummary) -> float:
        """The mean opinion score of that; 0 for what nobody hears."""
        if self.kind is not MediaKind.AUDIO:
            return 0.0
        trip_ns = self.rtcp.round_trip_ns if self.rtcp is not None else -1
        return mos_of_reception(self.incoming.codec, received, trip_ns)

    def _send_rtcp(self, data: bytes) -> None:
        port, srtp, muxes = self.port, self.keying.srtp, self.agreement.muxes
        if port is None or self.trouble or (self.keying.wanted and srtp is None):
            return
        if self.keying.dtls is not None and not muxes:
            return  # A port of its own has a handshake of its own (RFC 5764 section 3), which we do not hold.
        place = self.agreement.rtcp_place
        destination = self._destination(place) if muxes else self._address(place) if place is not None else None
        if destination is None:
            return
        if srtp is not None:
            data = srtp.protect_rtcp(data)
        self._host.tally.rtcp_sent += 1
        if muxes:
            port.send(data, destination)
        else:
            port.send_rtcp(data, destination)

    # --- the end -------------------------------------------------------------------------------------------------------

    def hang_up(self, now_ns: int) -> None:
        """Play nothing any more, and say goodbye to a peer that has heard of us; what still comes is taken."""
        self.stream.stop()
        rtcp = self.rtcp
        if rtcp is None or rtcp.due_ns == NEVER_NS or not (self.stream.packets_sent or self.incoming.packets):
            return
        incoming = self.incoming
        self._send_rtcp(rtcp.farewell(now_ns, self._host.unix_ns(), self.stream, incoming.current, incoming.current_ssrc))
        rtcp.due_ns = NEVER_NS
        self._wait()

    def close(self, now_ns: int) -> None:
        """Say goodbye, and do no more."""
        if self.closed:
            return
        self.hang_up(now_ns)
        self.keying.close(now_ns)
        self._key(now_ns)
        self.closed = True
        self._host.wheel.remove(self)
        for tap in self.incoming.taps:
            tap.close(now_ns)
        self.stream.on_end = None
        self._owner = NOBODY

    def figures(self) -> ReceptionSummary:
        """What it received, with its score where it is audio."""
        received = self.incoming.summary()
        return replace(received, mos=self._score(received))
