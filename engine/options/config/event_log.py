# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Observability: the event log and the records of calls."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.following import FollowingOptions
from engine.options.values import Group, Kind, Setting


class EventLogOptions(FollowingOptions, frozen=True, kw_only=True):
    """The event log and the records of calls."""

    call_records: Annotated[
        str,
        Setting(
            ("-call_records",),
            Kind.PATH,
            Group.OBSERVABILITY,
            "Write a line for every call that has ended to this file, as JSON.",
            placeholder="calls.jsonl",
        ),
    ] = ""
    log_to_stderr: Annotated[
        bool,
        Setting(
            ("-log_stdout",),
            Kind.SWITCH,
            Group.OBSERVABILITY,
            "Write the event log to standard error, a JSON object a line.",
        ),
    ] = False
    log_json_file: Annotated[
        str,
        Setting(
            ("-log_file_jsonl",),
            Kind.PATH,
            Group.OBSERVABILITY,
            "Write the event log to this file, a JSON object a line.",
            placeholder="events.jsonl",
        ),
    ] = ""
    log_level: Annotated[
        str,
        Setting(
            ("-log_level",),
            Kind.CHOICE,
            Group.OBSERVABILITY,
            "The least that an event of the event log matters.",
            choices=("info", "warn", "error"),
            meanings={
                "info": "every message and every call",
                "warn": "what is unexpected, late or sent again, warnings, and errors",
                "error": "calls that fail, and what ends the run",
            },
            aliases={"debug": "info", "warning": "warn"},
        ),
    ] = "info"
    log_samples: Annotated[
        tuple[str, ...],
        Setting(
            ("-log_sample",),
            Kind.TEXTS,
            Group.OBSERVABILITY,
            "Of one kind of events, tell only every Nth.",
            placeholder="sip.send=100",
        ),
    ] = ()
    log_attributes: Annotated[
        tuple[str, ...],
        Setting(
            ("-log_attr",),
            Kind.TEXTS,
            Group.OBSERVABILITY,
            "An attribute that all events of the event log have.",
            placeholder="name=value",
        ),
    ] = ()
    log_buffer_size: Annotated[
        int,
        Setting(
            ("-log_buffer_size",),
            Kind.INTEGER,
            Group.OBSERVABILITY,
            "Events that wait for each output of the event log at most; what comes beyond is dropped and counted.",
            unit="events",
            minimum=1,
            maximum=10_000_000,
        ),
    ] = 16_384
