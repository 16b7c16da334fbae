# SPDX-License-Identifier: AGPL-3.0-or-later
"""One RTP stream that is sent (RFC 3550): what it plays, and the sequence numbers and timestamps of that.

Sequence numbers count what was sent. Timestamps follow the clock: a pause, packets that were left out because the process had
been stopped, another track that is played later move them by the time that went by. Another track may have another clock rate;
then timestamps go on from where they were, at the new rate (RFC 7160 section 4.1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from engine.media.outlet import MediaSocket, Outlet
from engine.media.playback import Playback
from engine.media.rtp import HEADER, HEADER_BYTES, MARKER, VERSION_BITS
from engine.media.tap import SentTap
from engine.media.track import NS_A_SECOND, Track
from engine.media.wheel import Due, Wheel

MOST_INSERTS: Final = 100
"""Tracks that wait to be inserted into one stream."""

NOTHING: Final = 0
LEFT: Final = 1
GATHERED: Final = 2
"""What `send_due` has done: no packet was due, or it has left (or was lost), or it leaves with the next flush."""

_VERSION_MASK: Final = 0xC0
_RTCP_TYPES: Final = range(64, 96)
"""Payload types that RTP does not have, so that RTCP may be told from it (RFC 5761 section 4)."""
_32_BITS: Final = 0xFFFF_FFFF
_16_BITS: Final = 0xFFFF
_HALF: Final = 0x8000_0000


class OutStream(Due):
    """A stream: `play` what it is to say, give it a `socket` and a `destination`, and have a `Pacer` look after it.

    `ssrc`, `sequence` and `timestamp` are what its first packet has. `protect` makes SRTP of a whole packet. `on_end` is called
    at the end of the last loop, when the next track may be played without a gap, and at that of what is inserted while no track
    is played; something may be `inserting` still.
    """

    __slots__ = (
        "_anchor_ns",
        "_anchor_timestamp",
        "_base",
        "_destination",
        "_inserts",
        "_lost",
        "_lost_octets",
        "_octets",
        "_outlet",
        "_packets",
        "_paused_ns",
        "_rate",
        "_socket",
        "last_sent_ns",
        "last_timestamp",
        "on_end",
        "protect",
        "sequence",
        "skipped",
        "ssrc",
        "tap",
        "unaddressed",
        "wheel",
    )

    def __init__(self, ssrc: int, sequence: int = 0, timestamp: int = 0) -> None:
        super().__init__()
        self.ssrc = ssrc & _32_BITS
        self.sequence = sequence & _16_BITS
        """Of the next packet."""
        self.last_timestamp = timestamp & _32_BITS
        """Of the last packet that was sent."""
        self.last_sent_ns = 0
        """When that was; 0 before the first."""
        self.protect: Callable[[bytes], bytes] | None = None
        self.on_end: Callable[[], None] | None = None
        self.tap: SentTap | None = None
        """Hears what is sent; most streams have none."""
        self.skipped = 0
        """Packets that were left out because their time had long passed."""
        self.unaddressed = 0
        """Packets that were due while there was no destination."""
        self.wheel: Wheel | None = None
        """Where the pacer keeps it; the pacer's to set."""
        self._anchor_ns = 0
        self._anchor_timestamp = timestamp & _32_BITS
        self._rate = 0
        self._base: Playback | None = None
        self._inserts: deque[Playback] = deque()
        self._paused_ns = 0
        self._socket: MediaSocket | None = None
        self._destination: object = None
        self._outlet: Outlet | None = None
        self._packets = self._octets = self._lost = self._lost_octets = 0

    # --- where it goes -------------------------------------------------------------------------------------------------

    @property
    def socket(self) -> MediaSocket | None:
        """What it is sent from."""
        return self._socket

    @socket.setter
    def socket(self, socket: MediaSocket | None) -> None:
        """Raises an error of one line when the destination cannot be reached from there."""
        if socket is not self._socket:
            self._socket = socket
            self._aim()

    @property
    def destination(self) -> object:
        """Where it is sent, an address as sockets have it; None: nowhere yet."""
        return self._destination

    @destination.setter
    def destination(self, destination: object) -> None:
        """Raises an error of one line when it cannot be reached from the socket."""
        if destination != self._destination:
            self._destination = destination
            self._aim()

    def _aim(self) -> None:
        if self._outlet is not None:
            self._lost += self._outlet.lost
            self._lost_octets += self._outlet.lost_octets
            self._outlet = None
        if self._socket is not None and self._destination is not None:
            self._outlet = self._socket.outlet(self._destination)

    # --- what was sent -------------------------------------------------------------------------------------------------

    @property
    def lost(self) -> int:
        """Packets that this machine could not send."""
        return self._lost + (self._outlet.lost if self._outlet is not None else 0)

    @property
    def packets_sent(self) -> int:
        """Packets sent, for sender reports (RFC 3550 section 6.4.1)."""
        return self._packets - self.lost

    @property
    def octets_sent(self) -> int:
        """Bytes of payload sent, without headers and padding."""
        lost_octets = self._lost_octets + (self._outlet.lost_octets if self._outlet is not None else 0)
        return max(0, self._octets - lost_octets)

    def timestamp_at(self, now_ns: int) -> int:
        """The RTP timestamp that belongs to this time, whether or not a packet is sent then."""
        if not self._rate:
            return self._anchor_timestamp
        return (self._anchor_timestamp + (now_ns - self._anchor_ns) * self._rate // NS_A_SECOND) & _32_BITS

    # --- what it plays -------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether a track is being played and not paused; what was inserted does not count."""
        return self._base is not None and not self._paused_ns

    @property
    def plays_own(self) -> bool:
        """Whether a track is played, or paused, whose packets get their headers here; a replayed capture has its own."""
        return self._base is not None and not self._base.track.whole

    @property
    def inserting(self) -> bool:
        """Whether something inserted is being played or waits for that."""
        return bool(self._inserts)

    def play(self, track: Track, now_ns: int, loops: int = 1, payload_type: int | None = None) -> None:
        """Play a track from now on, so many times (-1: for ever), instead of what is played."""
        self._paused_ns = 0
        timestamp = self._next_timestamp(now_ns)
        if self._rate != track.clock_rate:
            self._anchor(now_ns, timestamp, track.clock_rate)
        self._base = Playback(track, now_ns, timestamp, loops, payload_type)
        self._queue()

    def pause(self, now_ns: int) -> None:
        """Hold the track where it is."""
        if self._base is not None and not self._paused_ns:
            self._paused_ns = now_ns
            self._queue()

    def resume(self, now_ns: int) -> None:
        """Go on with a track that was paused, where it was."""
        if self._base is not None and self._paused_ns:
            self._base.shift(now_ns - self._paused_ns)
            self._paused_ns = 0
            self._queue()

    def stop(self) -> None:
        """Send nothing any more, until something is played again; `on_end` is not called."""
        self._base = None
        self._inserts.clear()
        self._paused_ns = 0
        self._queue()

    def insert(self, track: Track, now_ns: int, payload_type: int | None = None) -> bool:
        """Send a track in place of what is played meanwhile (RFC 4733 section 2.5); it waits for those inserted before.

        Of a replayed capture that is inserted the stream learns nothing: its own numbers go on after it. False when too many
        wait.
        """
        if len(self._inserts) >= MOST_INSERTS:
            return False
        start_ns = max(now_ns, self._inserts[-1].end_ns) if self._inserts else now_ns
        timestamp = self._next_timestamp(start_ns)
        if not self._rate:
            self._anchor(start_ns, timestamp, track.clock_rate)
        self._inserts.append(Playback(track, start_ns, timestamp, 1, payload_type))
        self._queue()
        return True

    def _next_timestamp(self, start_ns: int) -> int:
        """The timestamp of something that begins then: never before what was sent."""
        timestamp = self.timestamp_at(start_ns)
        if self.last_sent_ns and (timestamp - self.last_timestamp) & _32_BITS >= _HALF:
            return self.last_timestamp
        return timestamp

    def _anchor(self, at_ns: int, timestamp: int, clock_rate: int) -> None:
        """From then on timestamps grow from this one at this rate."""
        self._anchor_ns, self._anchor_timestamp, self._rate = at_ns, timestamp, clock_rate

    # --- by the clock --------------------------------------------------------------------------------------------------

    def _current(self) -> Playback | None:
        """What the next packet comes from."""
        base = self._base if not self._paused_ns else None
        if not self._inserts:
            return base
        insert = self._inserts[0]
        return base if base is not None and base.due_ns() < insert.start_ns else insert

    def _queue(self) -> None:
        """Be due when the next packet is."""
        wheel = self.wheel
        if wheel is None:
            return
        current = self._current()
        if current is None:
            self.due_ns = 0
            wheel.remove(self)
        else:
            wheel.put(self, current.due_ns())

    def attach(self, wheel: Wheel | None) -> None:
        """Be kept in this wheel, or in none any more. The pacer's to call."""
        if self.wheel is not None:
            self.wheel.remove(self)
        self.wheel = wheel
        self._queue()

    def skip(self, now_ns: int) -> int:
        """Leave out what was due before now, and be due again; how many packets that were."""
        current = self._current()
        if current is None:
            return 0
        skipped = current.skip_to(now_ns)
        self.skipped += skipped
        if current.ended:
            self._over(current)
        else:
            self._queue()
        return skipped

    def send_due(self, now_ns: int) -> int:
        """Send the packet that is due, and be due again for the next: `NOTHING`, `LEFT` or `GATHERED`."""
        current = self._current()
        if current is None:
            return NOTHING
        if current.ended:
            self._over(current)
            return NOTHING
        index = current.index
        done = self._send(current, index, now_ns)
        current.advance()
        self._queue()
        return done

    def _over(self, ended: Playback) -> None:
        """The end of what was played or inserted."""
        if ended is self._base:
            self._base = None
        else:
            self._inserts.popleft()
            if self._base is not None and not self._paused_ns:
                self._base.skip_to(ended.end_ns)
        self._queue()
        if self._base is None and self.on_end is not None:
            self.on_end()

    def _send(self, current: Playback, index: int, now_ns: int) -> int:
        outlet = self._outlet
        if outlet is None:
            self.unaddressed += 1
            return NOTHING
        track = current.track
        payloads, start, size = track.payloads, track.starts[index], track.sizes[index]
        if self.tap is not None:
            self._tell(self.tap, current, index, now_ns)
        if track.whole:
            if current is self._base:
                self._note_whole(track, start, size, now_ns)
            else:
                self._octets += size - HEADER_BYTES if _is_rtp(payloads, start, size) else size
            if self.protect is not None and _is_rtp(payloads, start, size):
                done = self._send_protected(outlet, payloads[start : start + size], size - HEADER_BYTES)
            else:
                done = outlet.send_whole(payloads, start, size)
        else:
            timestamp = (current.timestamp + track.timestamps[index]) & _32_BITS
            second = current.payload_type | MARKER if track.markers[index] else current.payload_type
            sequence = self.sequence
            self.sequence = (sequence + 1) & _16_BITS
            self.last_timestamp = timestamp
            self._octets += size
            if self.protect is None:
                done = outlet.send_rtp(second, sequence, timestamp, self.ssrc, payloads, start, size)
            else:
                header = HEADER.pack(VERSION_BITS, second, sequence, timestamp, self.ssrc)
                done = self._send_protected(outlet, header + payloads[start : start + size], size)
        self._packets += 1
        self.last_sent_ns = now_ns
        return LEFT if done else GATHERED

    def _tell(self, tap: SentTap, current: Playback, index: int, now_ns: int) -> None:
        """Have the packet heard that is sent now."""
        track = current.track
        start = track.starts[index]
        payload = track.payloads[start : start + track.sizes[index]]
        timestamp = 0 if track.whole else (current.timestamp + track.timestamps[index]) & _32_BITS
        tap.sent(track, current.payload_type, payload, timestamp, now_ns)

    def _note_whole(self, track: Track, start: int, size: int, now_ns: int) -> None:
        """Learn from a datagram that is sent as it is, when it is RTP."""
        if not _is_rtp(track.payloads, start, size):
            self._octets += size
            return
        _, _, sequence, self.last_timestamp, self.ssrc = HEADER.unpack_from(track.payloads, start)
        self.sequence = (sequence + 1) & _16_BITS
        self._anchor(now_ns, self.last_timestamp, track.clock_rate)
        self._octets += size - HEADER_BYTES

    def _send_protected(self, outlet: Outlet, packet: bytes, octets: int) -> bool:
        """Send SRTP. What cannot be made is lost, as what cannot be sent: it must not end those of the other streams."""
        protect = self.protect
        try:
            protected = protect(packet) if protect is not None else packet
        except Exception:
            protected = b""
        if not protected:
            self._lost += 1
            self._lost_octets += octets
            return True
        return outlet.send_made(protected)


def _is_rtp(payloads: bytes, start: int, size: int) -> bool:
    """Whether a datagram may be RTP and is not RTCP."""
    if size < HEADER_BYTES or payloads[start] & _VERSION_MASK != VERSION_BITS:
        return False
    return payloads[start + 1] & ~MARKER not in _RTCP_TYPES
