# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the media of a shard's calls did, counted where it happens: plain integers, since most of it runs once a packet."""

from __future__ import annotations


class Tally:
    """Counts of one shard, under the names that `engine.messages.MediaCounters` tells them by."""

    __slots__ = (
        "checks_failed",
        "checks_passed",
        "digits_received",
        "digits_sent",
        "dtls_failed",
        "duplicates",
        "foreign",
        "garbage",
        "kernel_drops",
        "keys_failed",
        "no_port",
        "octets_received",
        "octets_sent",
        "packets_echoed",
        "packets_received",
        "packets_sent",
        "reordered",
        "rtcp_received",
        "rtcp_sent",
        "send_errors",
        "skipped",
        "srtp_rejected",
        "srtp_replayed",
        "ssrc_changes",
        "streams_in",
        "unprotected",
    )

    def __init__(self) -> None:
        self.packets_sent = 0
        self.octets_sent = 0
        self.packets_received = 0
        self.octets_received = 0
        self.duplicates = 0
        self.reordered = 0
        self.garbage = 0
        self.foreign = 0
        self.ssrc_changes = 0
        self.rtcp_sent = 0
        self.rtcp_received = 0
        self.srtp_replayed = 0
        self.srtp_rejected = 0
        self.keys_failed = 0
        self.unprotected = 0
        self.dtls_failed = 0
        self.send_errors = 0
        self.skipped = 0
        self.packets_echoed = 0
        """Packets that were sent back; they are told with those that were sent."""
        self.streams_in = 0
        self.no_port = 0
        self.kernel_drops = 0
        self.digits_sent = 0
        self.digits_received = 0
        self.checks_passed = 0
        self.checks_failed = 0

    def count_check(self, passed: bool) -> None:
        """One of the checks that a scenario or an option asks for."""
        if passed:
            self.checks_passed += 1
        else:
            self.checks_failed += 1
