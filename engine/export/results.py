# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a call ended, in one word of a few, beside SIPp's many classes of failures. Words are those of the namesake in Go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.messages import Failure
from engine.messages.counts import MEDIA_FAILURES

RESULTS: Final[Mapping[Failure | None, str]] = {
    None: "success",
    **dict.fromkeys(Failure, "scenario_error"),
    **dict.fromkeys((Failure.TIMEOUT_ON_RECV, Failure.TIMEOUT_ON_SEND, Failure.MAX_RETRANSMISSIONS), "timeout"),
    **dict.fromkeys((Failure.UNEXPECTED_MESSAGE, Failure.CALL_REJECTED), "unexpected_sip"),
    **dict.fromkeys(
        (Failure.CANNOT_SEND, Failure.TCP_CONNECT, Failure.TCP_CLOSED, Failure.OUTBOUND_CONGESTION), "transport_error"
    ),
    **dict.fromkeys(MEDIA_FAILURES, "media_error"),
}
"""Of each class of failures, and of None, which is no failure."""
CANCELLED: Final = "cancelled"
"""Of a call that was cut off, because the run was stopped."""


def result_of(failure: Failure | None, *, cut_off: bool) -> str:
    """The word for a call."""
    return CANCELLED if cut_off else RESULTS[failure]
