# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a call had the audio that it should have had: one-way audio found, and named."""

from __future__ import annotations

from enum import StrEnum


class Expected(StrEnum):
    """Which ways audio has to go, seen from us."""

    BOTH = "both"
    SEND = "send"
    RECEIVE = "recv"


def what_is_missing(expected: Expected, packets_sent: int, packets_received: int, has_sound: bool | None) -> str:
    """Why a call has not had its audio, for a person; "" when it has.

    `has_sound`: whether in what came there was any; None where we could not decode it, and then packets count as sound. What
    comes without being expected is no fault.
    """
    missing = []
    if expected is not Expected.RECEIVE and not packets_sent:
        missing.append("we sent no audio")
    if expected is not Expected.SEND:
        if not packets_received:
            missing.append("no audio came")
        elif has_sound is False:
            missing.append("what came was silence all along")
    return " and ".join(missing)
