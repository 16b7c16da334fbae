# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is counted: per run, per step, and in which class a failed call falls. All of it adds."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec


class Failure(StrEnum):
    """Why a call failed: SIPp's classes, under the names of its `-trace_stat` columns, and after them our own, of media."""

    CANNOT_SEND = "FailedCannotSendMessage"
    MAX_RETRANSMISSIONS = "FailedMaxUDPRetrans"
    TCP_CONNECT = "FailedTcpConnect"
    TCP_CLOSED = "FailedTcpClosed"
    UNEXPECTED_MESSAGE = "FailedUnexpectedMessage"
    CALL_REJECTED = "FailedCallRejected"
    COMMAND_NOT_SENT = "FailedCmdNotSent"
    REGEXP_DOES_NOT_MATCH = "FailedRegexpDoesntMatch"
    REGEXP_SHOULD_NOT_MATCH = "FailedRegexpShouldntMatch"
    REGEXP_HEADER_NOT_FOUND = "FailedRegexpHdrNotFound"
    OUTBOUND_CONGESTION = "FailedOutboundCongestion"
    TIMEOUT_ON_RECV = "FailedTimeoutOnRecv"
    TIMEOUT_ON_SEND = "FailedTimeoutOnSend"
    TEST_DOES_NOT_MATCH = "FailedTestDoesntMatch"
    TEST_SHOULD_NOT_MATCH = "FailedTestShouldntMatch"
    STRCMP_DOES_NOT_MATCH = "FailedStrcmpDoesntMatch"
    STRCMP_SHOULD_NOT_MATCH = "FailedStrcmpShouldntMatch"
    NO_MEDIA_PORT = "FailedNoMediaPort"
    MEDIA_KEYS = "FailedMediaKeys"
    RTP_CHECK = "FailedRTPCheck"
    ONE_WAY_AUDIO = "FailedOneWayAudio"


MEDIA_FAILURES: Final = frozenset((Failure.NO_MEDIA_PORT, Failure.MEDIA_KEYS, Failure.RTP_CHECK, Failure.ONE_WAY_AUDIO))
SIPP_FAILURES: Final = tuple(failure for failure in Failure if failure not in MEDIA_FAILURES)
"""The classes that SIPp's table has columns for, in its order; `FailedCall` counts the others too."""


MOST_REASONS: Final = 100
"""Texts of reasons that are kept apart."""
OTHER_REASONS: Final = "other"


class StepCounts(msgspec.Struct, kw_only=True):
    """What one step did. For a pause, `messages` counts the calls that entered it and `open` those in it now."""

    messages: int = 0
    retransmissions: int = 0
    timeouts: int = 0
    unexpected: int = 0
    lost: int = 0
    open: int = 0

    def plus(self, other: StepCounts) -> StepCounts:
        """Both together."""
        return StepCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Counters(msgspec.Struct, kw_only=True):
    """What a run did. Always `incoming + outgoing == successful + failed + open + lost_with_shard`.

    `failures` counts failed calls by class. `reasons` counts them by what a person wants to read (`unexpected 486 in
    step 3 (200)`), at most 100 texts, the rarest of more under `other`. `scenario` holds the counters that the scenario names.
    `kernel_drops` are datagrams that the kernel threw away, unread or unsent. `without_socket` are calls that got
    no socket, and connections that had to wait for one, because there was none to be had. `lost_on_purpose` are messages
    that `-lost` or `lost=` took. `lost_with_shard` are calls that ended unseen with a child process.
    `held_back` are due starts that passed by because `-l` calls were open: traffic is decreased, not made up for.
    """

    incoming: int = 0
    outgoing: int = 0
    successful: int = 0
    failed: int = 0
    open: int = 0
    peak_open: int = 0
    retransmissions: int = 0
    out_of_call: int = 0
    dead_call: int = 0
    auto_answered: int = 0
    warnings: int = 0
    fatal_errors: int = 0
    garbage: int = 0
    kernel_drops: int = 0
    without_socket: int = 0
    trace_drops: int = 0
    lost_on_purpose: int = 0
    lost_with_shard: int = 0
    held_back: int = 0
    late_starts: int = 0
    cpu_ns: int = 0
    failures: dict[Failure, int] = {}
    reasons: dict[str, int] = {}
    scenario: dict[str, int] = {}

    @property
    def created(self) -> int:
        """Calls that began, from either side."""
        return self.incoming + self.outgoing

    def plus(self, other: Counters) -> Counters:
        """Both together. Peaks add too: an upper bound of the true peak of the sum."""
        sums: dict[str, Any] = {}
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, dict):
                sums[name] = {key: mine.get(key, 0) + theirs.get(key, 0) for key in {**mine, **theirs}}
            else:
                sums[name] = mine + theirs
        sums["reasons"] = _fewer(sums["reasons"])
        return msgspec.convert(sums, Counters)


def _fewer(reasons: dict[str, int]) -> dict[str, int]:
    """The most frequent reasons, in their order, and the sum of the others."""
    if len(reasons) <= MOST_REASONS:
        return reasons
    named = [text for text in reasons if text != OTHER_REASONS]
    kept = set(sorted(named, key=reasons.__getitem__, reverse=True)[:MOST_REASONS])
    fewer = {text: number for text, number in reasons.items() if text in kept}
    others = sum(reasons.values()) - sum(fewer.values())
    return {**fewer, OTHER_REASONS: others} if others else fewer
