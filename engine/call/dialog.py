# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a call keeps of what it has sent and received, for the messages that it sends later (RFC 3261 section 12)."""

from __future__ import annotations

from engine.sip.authentication import CHALLENGES, Authentication, challenge_of
from engine.sip.message import Message
from engine.sip.parameters import entries


class Dialog:
    """The memory of a call. Its attributes are keywords: [cseq], [last_…], [peer_tag_param], [routes], [next_url]."""

    __slots__ = (
        "_peer_tag",
        "_peer_tag_of",
        "acknowledged",
        "authentication",
        "cseq",
        "last",
        "last_method",
        "next_url",
        "owes_ack",
        "routes",
        "tagged",
    )

    def __init__(self, cseq: int) -> None:
        self.cseq = cseq
        self.last: Message | None = None
        self.last_method = b""
        self.owes_ack = False
        self.acknowledged = False
        self.tagged: Message | None = None
        self._peer_tag = b""
        self._peer_tag_of: Message | None = None
        self.routes = b""
        self.next_url = b""
        self.authentication: Authentication | None = None

    @property
    def peer_tag(self) -> bytes:
        """`;tag=…` of the last To received that had one, or nothing."""
        tagged = self.tagged
        if tagged is not self._peer_tag_of and tagged is not None:
            self._peer_tag_of = tagged
            tag = tagged.to_tag
            if tag:
                self._peer_tag = b";tag=" + tag
        return self._peer_tag

    def note(self, message: Message) -> None:
        """Keep what a received message says about the dialog; `last` is set apart, once its actions are done."""
        status = message.status
        if status > 100:
            self.tagged = message
            self.owes_ack = 200 <= status < 300 and message.cseq_method == b"INVITE"
        elif message.method:
            self.cseq = max(self.cseq, message.cseq_number)

    def requested(self, method: bytes) -> None:
        """Keep that we sent a request."""
        self.last_method = method
        self.owes_ack = False
        if method == b"ACK":
            self.acknowledged = True

    def record_routes(self, message: Message) -> None:
        """`rrs`: the route set is the Record-Route in order for a server, reversed for a client (RFC 3261 section 12.1).

        As in SIPp a message without a Contact changes nothing. Where the first route is a strict router's, one without `;lr`,
        that is the next URL, and the Contact is the last route (section 12.2.1.1).
        """
        contact = message.value(b"Contact")
        if contact is None:
            return
        self.next_url = _uri_of(contact)
        routes = [route for line in message.values(b"Record-Route") for route in entries(line)]
        if not routes:
            return
        if message.status:
            routes.reverse()
        if routes[0].find(b";lr") < 0:
            self.next_url = _uri_of(routes[0])
            routes = [*routes[1:], contact]
        self.routes = b"Route: " + b", ".join(routes)

    def challenged(self, message: Message) -> bool:
        """`auth`: keep the challenge of a 401 or 407. False when that has none."""
        if message.status not in CHALLENGES:
            return True
        challenge = challenge_of(message, self.authentication)
        if challenge is None:
            return False
        self.authentication = challenge
        return True

    def forget(self) -> None:
        """Let go of messages: the call has been counted, but may be held on to for a while yet, with thousands of others."""
        self.last = self.tagged = self._peer_tag_of = None
        self.authentication = None


def _uri_of(address: bytes) -> bytes:
    """What stands between < and >; as in SIPp all of it when it does not begin with a <."""
    return address[1:].partition(b">")[0] if address.startswith(b"<") else address
