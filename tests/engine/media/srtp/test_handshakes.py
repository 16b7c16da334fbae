# SPDX-License-Identifier: AGPL-3.0-or-later
"""A burst of handshakes is done in turns, and nobody fills the queue alone."""

from __future__ import annotations

from engine.media.srtp.dtls import Dtls
from engine.media.srtp.handshakes import Handshakes
from engine.media.srtp.identity import Identity

_OURS, _THEIRS = Identity(), Identity()


def test_a_burst_is_done_some_steps_a_turn() -> None:
    handshakes: Handshakes[Dtls] = Handshakes()
    peers: dict[Dtls, Dtls] = {}
    for _ in range(25):
        ours = Dtls(_OURS, client=False, now_ns=0, fingerprints=[_THEIRS.fingerprint])
        peers[ours] = Dtls(_THEIRS, client=True, now_ns=0, fingerprints=[_OURS.fingerprint])
    for ours, theirs in peers.items():
        for datagram in theirs.take():
            handshakes.put(ours, datagram)
    turns = 0
    while handshakes:
        turns += 1
        for ours, datagram in handshakes.turn(4):
            ours.feed(datagram, 0)
            for answer in ours.take():
                peers[ours].feed(answer, 0)
            for datagram in peers[ours].take():
                handshakes.put(ours, datagram)
    assert all(ours.done and theirs.done for ours, theirs in peers.items())
    assert turns == -(-2 * 25 // 4)
    assert handshakes.lost == 0


def test_what_came_first_is_done_first() -> None:
    handshakes: Handshakes[str] = Handshakes()
    for owner, datagram in (("a", b"1"), ("b", b"2"), ("a", b"3")):
        handshakes.put(owner, datagram)
    assert handshakes.turn(2) == [("a", b"1"), ("b", b"2")]
    assert handshakes.turn(2) == [("a", b"3")]
    assert handshakes.turn(2) == []


def test_nobody_fills_the_queue_alone() -> None:
    handshakes: Handshakes[int] = Handshakes()
    for _ in range(100):
        handshakes.put(1, b"x")
    handshakes.put(2, b"x")
    assert (len(handshakes), handshakes.lost) == (17, 84)
    while handshakes:
        handshakes.turn()
    handshakes.put(1, b"x")
    assert handshakes.lost == 84


def test_the_queue_has_an_end() -> None:
    handshakes: Handshakes[int] = Handshakes()
    for owner in range(10_000):
        handshakes.put(owner, b"x")
    assert len(handshakes) == 4096
    assert handshakes.lost == 10_000 - 4096
