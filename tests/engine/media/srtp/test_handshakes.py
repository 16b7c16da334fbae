# SPDX-License-Identifier: AGPL-3.0-or-later
"""A burst of handshakes is done in turns, each of which is short."""

from __future__ import annotations

from engine.media.srtp.dtls import PATIENCE_NS, Dtls
from engine.media.srtp.handshakes import Handshakes
from engine.media.srtp.identity import Identity

_OURS, _THEIRS = Identity(), Identity()


def begin(count: int) -> dict[Dtls, Dtls]:
    """Servers of ours, each with the client that talks to it."""
    return {
        Dtls(_OURS, client=False, now_ns=0, fingerprints=[_THEIRS.fingerprint]): Dtls(
            _THEIRS, client=True, now_ns=0, fingerprints=[_OURS.fingerprint]
        )
        for _ in range(count)
    }


def test_a_burst_is_done_some_steps_a_turn() -> None:
    handshakes, peers = Handshakes(steps_a_turn=4), begin(25)
    for ours, theirs in peers.items():
        handshakes.watch(ours)
        for datagram in theirs.take():
            handshakes.feed(ours, datagram)
    turns = 0
    while handshakes.next_ns() == 0:
        turns += 1
        stepped = handshakes.run(1)
        assert 0 < len(stepped) <= 4
        for ours in stepped:
            for datagram in ours.take():
                peers[ours].feed(datagram, 1)
            for datagram in peers[ours].take():
                handshakes.feed(ours, datagram)
    assert all(ours.done and theirs.done for ours, theirs in peers.items())
    assert turns == -(-2 * 25 // 4)
    assert handshakes.next_ns() is None
    assert handshakes.lost == 0


def test_what_is_due_is_done_and_forgotten() -> None:
    handshakes = Handshakes()
    silent, closed = (Dtls(_OURS, client=False, now_ns=0, patience_ns=k) for k in (500, 400))
    for dtls in (silent, closed):
        handshakes.watch(dtls)
    closed.close(0)
    assert handshakes.next_ns() == 500
    assert handshakes.run(499) == []
    assert handshakes.run(500) == [silent]
    assert silent.failed is not None
    assert handshakes.next_ns() is None


def test_nobody_fills_the_queue_alone() -> None:
    handshakes = Handshakes()
    first, second = (Dtls(_OURS, client=False, now_ns=0) for _ in range(2))
    for _ in range(100):
        handshakes.feed(first, b"\x16" * 50)
    handshakes.feed(second, b"\x16" * 50)
    assert handshakes.lost == 84
    turns = 0
    while handshakes.next_ns() == 0:
        handshakes.run(0)
        turns += 1
    assert turns == 5
    handshakes.feed(first, b"\x16" * 50)
    assert handshakes.lost == 84


def test_many_steps_leave_few_times_behind() -> None:
    handshakes, dtls = Handshakes(), Dtls(_OURS, client=True, now_ns=0)
    handshakes.watch(dtls)
    for k in range(5000):
        handshakes.feed(dtls, b"\x16" * 50)
        handshakes.run(k)
        dtls.take()
    assert handshakes.next_ns() is not None
    assert len(handshakes._due) < 50
    dtls.close(0)
    handshakes.run(PATIENCE_NS)
    assert handshakes.next_ns() is None
