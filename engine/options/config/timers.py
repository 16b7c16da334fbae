# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Timers: how long things may take, and what is sent again."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.behaviour import BehaviourOptions
from engine.options.values import Group, Kind, Setting


class TimersOptions(BehaviourOptions, frozen=True, kw_only=True):
    """How long things may take, and what is sent again."""

    run_timeout_ms: Annotated[
        int | None, Setting(("-timeout",), Kind.DURATION, Group.TIMERS, "End the run after this time.", "s", 0)
    ] = None
    timeout_error: Annotated[
        bool, Setting(("-timeout_error",), Kind.SWITCH, Group.TIMERS, "The run fails when -timeout ends it.")
    ] = False
    recv_timeout_ms: Annotated[
        int | None,
        Setting(("-recv_timeout",), Kind.DURATION, Group.TIMERS, "Longest wait for a message before the call fails.", "ms", 0),
    ] = None
    send_timeout_ms: Annotated[
        int | None,
        Setting(
            ("-send_timeout",),
            Kind.DURATION,
            Group.TIMERS,
            "Longest that a message waits for a peer that takes none, over a connection, before its call fails.",
            "ms",
            1,
        ),
    ] = None
    max_retransmissions: Annotated[
        int | None,
        Setting(("-max_retrans",), Kind.INTEGER, Group.TIMERS, "Most retransmissions of any message over UDP.", "", 0),
    ] = None
    max_invite_retransmissions: Annotated[
        int, Setting(("-max_invite_retrans",), Kind.INTEGER, Group.TIMERS, "Most retransmissions of an INVITE over UDP.", "", 0)
    ] = 5
    max_non_invite_retransmissions: Annotated[
        int,
        Setting(
            ("-max_non_invite_retrans",), Kind.INTEGER, Group.TIMERS, "Most retransmissions of anything else over UDP.", "", 0
        ),
    ] = 7
    no_retransmissions: Annotated[bool, Setting(("-nr",), Kind.SWITCH, Group.TIMERS, "Retransmit nothing over UDP.")] = False
    retransmission_check: Annotated[
        str,
        Setting(
            ("-rtcheck",),
            Kind.CHOICE,
            Group.TIMERS,
            "What makes a message a retransmission: the same bytes, or the same place in the call.",
            choices=("full", "loose"),
        ),
    ] = "full"
    t2_ms: Annotated[
        int,
        Setting(("-T2",), Kind.DURATION, Group.TIMERS, "Longest interval between retransmissions of a non-INVITE.", "ms", 1),
    ] = 4000
