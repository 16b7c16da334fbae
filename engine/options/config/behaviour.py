# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Behaviour: what calls do where the scenario says nothing."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.load import LoadOptions
from engine.options.values import Group, Kind, Setting


class BehaviourOptions(LoadOptions, frozen=True, kw_only=True):
    """What calls do where the scenario says nothing."""

    pause_ms: Annotated[
        int,
        Setting(("-d",), Kind.DURATION, Group.BEHAVIOUR, "Length of a pause that names none: how long calls last.", "ms", 0),
    ] = 0
    lost: Annotated[
        float,
        Setting(
            ("-lost",), Kind.NUMBER, Group.BEHAVIOUR, "Share of messages, sent and received, to lose on purpose.", "%", 0, 100
        ),
    ] = 0.0
    auto_answer: Annotated[
        bool, Setting(("-aa",), Kind.SWITCH, Group.BEHAVIOUR, "Answer INFO, NOTIFY, OPTIONS and UPDATE with 200.")
    ] = False
    default_behaviors: Annotated[
        str,
        Setting(
            ("-default_behaviors",),
            Kind.TEXT,
            Group.BEHAVIOUR,
            "What is done by default: all, none, bye, abortunexp, pingreply, cseq; a leading - turns one off.",
        ),
    ] = "all"
    no_defaults: Annotated[
        bool, Setting(("-nd",), Kind.SWITCH, Group.BEHAVIOUR, "No default behaviour at all, as -default_behaviors none.")
    ] = False
    base_cseq: Annotated[
        int, Setting(("-base_cseq",), Kind.INTEGER, Group.BEHAVIOUR, "First value of [cseq] in each call.", "", 0)
    ] = 1
    call_id_format: Annotated[
        str,
        Setting(
            ("-cid_str",),
            Kind.TEXT,
            Group.BEHAVIOUR,
            "Form of [call_id]: %u call number, %p process, %s local address, %r random, %% a percent sign.",
        ),
    ] = "%u-%p@%s"
    call_id_type: Annotated[
        str,
        Setting(
            ("-cid_type",),
            Kind.CHOICE,
            Group.BEHAVIOUR,
            "What [call_id] is made of; all but default leave -cid_str aside.",
            choices=("default", "uuid", "uuid-compact", "random", "timestamp"),
            aliases={
                "format": "default",
                "legacy": "default",
                "uuidcompact": "uuid-compact",
                "uuid32": "uuid-compact",
                "random-hex": "random",
                "time": "timestamp",
            },
        ),
    ] = "default"
    ignore_call_id_slash: Annotated[
        bool,
        Setting(("-callid_slash_ign",), Kind.SWITCH, Group.BEHAVIOUR, "Do not cut a prefix ending in /// off a Call-ID."),
    ] = False
    ignore_in_pause: Annotated[
        bool, Setting(("-pause_msg_ign",), Kind.SWITCH, Group.BEHAVIOUR, "Ignore messages that come during a pause.")
    ] = False
    dead_call_wait_ms: Annotated[
        int,
        Setting(
            ("-deadcall_wait",), Kind.DURATION, Group.BEHAVIOUR, "How long an ended call's Call-ID is remembered.", "ms", 0
        ),
    ] = 33_000
