# SPDX-License-Identifier: AGPL-3.0-or-later
"""What arrives while a transport opens: kept, bounded, told once."""

from __future__ import annotations

from engine.transport.stream.early import MOST_EARLY, EarlyReceiver
from tests.engine.transport.sides import Inbox


def test_what_was_kept_is_told_once_and_in_its_order() -> None:
    early, inbox = EarlyReceiver(), Inbox()
    early.received(b"1", "there", 1, 2)
    early.received(b"2", "there", 3, 4)
    early.garbled("no SIP")
    early.warned("look")
    early.tell(inbox)
    early.tell(inbox)
    assert (inbox.messages, inbox.sources, inbox.arrived_ns) == ([b"1", b"2"], ["there", "there"], [1, 3])
    assert (inbox.garbage, inbox.warnings, inbox.ended) == (["no SIP"], ["look"], [])


def test_a_peer_that_talks_on_is_not_kept_for_ever() -> None:
    early, inbox = EarlyReceiver(), Inbox()
    for _ in range(MOST_EARLY + 5):
        early.received(b"1", "there", 1, 2)
        early.garbled("no SIP")
        early.warned("look")
    early.tell(inbox)
    assert (len(inbox.messages), len(inbox.garbage), len(inbox.warnings)) == (MOST_EARLY, MOST_EARLY, MOST_EARLY)
