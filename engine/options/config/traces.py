# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Traces: what is written down."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.data import DataOptions
from engine.options.values import Group, Kind, Setting


class TracesOptions(DataOptions, frozen=True, kw_only=True):
    """What is written down."""

    trace_messages: Annotated[
        bool, Setting(("-trace_msg",), Kind.SWITCH, Group.TRACES, "Write every message sent and received to a file.")
    ] = False
    message_file: Annotated[str, Setting(("-message_file",), Kind.PATH, Group.TRACES, "Name of the message log.")] = ""
    message_overwrite: Annotated[
        bool, Setting(("-message_overwrite",), Kind.SWITCH, Group.TRACES, "Start the message log anew; false appends to it.")
    ] = True
    trace_call_debug: Annotated[
        bool,
        Setting(("-trace_calldebug",), Kind.SWITCH, Group.TRACES, "Follow calls that fail, and write what each did to a file."),
    ] = False
    call_debug_file: Annotated[
        str, Setting(("-calldebug_file",), Kind.PATH, Group.TRACES, "Name of the log of failed calls.")
    ] = ""
    call_debug_overwrite: Annotated[
        bool,
        Setting(
            ("-calldebug_overwrite",), Kind.SWITCH, Group.TRACES, "Start the log of failed calls anew; false appends to it."
        ),
    ] = True
    trace_pcap: Annotated[
        str,
        Setting(
            ("-trace_pcap",),
            Kind.PATH,
            Group.TRACES,
            "Write the messages of followed calls to this capture (pcapng); without -follow, of every call.",
        ),
    ] = ""
    trace_statistics: Annotated[
        bool, Setting(("-trace_stat",), Kind.SWITCH, Group.TRACES, "Write a table of statistics, a row each -fd.")
    ] = False
    statistics_file: Annotated[str, Setting(("-stf",), Kind.PATH, Group.TRACES, "Name of the table of statistics.")] = ""
    statistics_period_ms: Annotated[
        int, Setting(("-fd",), Kind.DURATION, Group.TRACES, "Time between two rows of the table of statistics.", "s", 1)
    ] = 60_000
    statistics_delimiter: Annotated[
        str, Setting(("-stat_delimiter",), Kind.TEXT, Group.TRACES, "What separates the columns of the table of statistics.")
    ] = ";"
    rfc3339: Annotated[bool, Setting(("-rfc3339",), Kind.SWITCH, Group.TRACES, "Write times in traces as RFC 3339 says.")] = (
        False
    )
    summary_json: Annotated[
        str, Setting(("-summary_json",), Kind.PATH, Group.TRACES, "Write the run's summary to this file as JSON.")
    ] = ""
    events_file: Annotated[
        str, Setting(("-events",), Kind.PATH, Group.TRACES, "Record the run's events, for gossipper tui --replay.")
    ] = ""
