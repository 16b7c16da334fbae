# SPDX-License-Identifier: AGPL-3.0-or-later
"""`RunConfig`: every option of a run, once.

A field is an option: its name, its type and its default here, the rest in the `Setting` beside it. The command line,
the form, the profile schema and the reference are made from this table (`engine.options.OPTIONS`). To add an option,
add a field. Durations are whole milliseconds and their names end in `_ms`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.options.values import Group, Kind, Setting

UAC = ("uac",)
UAS = ("uas",)


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do; immutable, made by `engine.options.parse` or by hand. `None` means «not given»."""

    remote: Annotated[
        str, Setting((), Kind.TEXT, Group.TARGET, "Where calls are sent.", placeholder="host[:port]", roles=UAC)
    ] = ""
    service: Annotated[
        str, Setting(("-s",), Kind.TEXT, Group.TARGET, "User part of the request URI, the keyword [service].", roles=UAC)
    ] = "service"

    scenario_file: Annotated[
        str, Setting(("-sf",), Kind.PATH, Group.SCENARIO, "Scenario file to run.", placeholder="scenario.xml")
    ] = ""
    scenario_name: Annotated[
        str, Setting(("-sn",), Kind.TEXT, Group.SCENARIO, "Built-in scenario to run; uac when none is given.")
    ] = ""

    incoming_file: Annotated[
        str,
        Setting(
            ("-rxsf",),
            Kind.PATH,
            Group.SCENARIO,
            "A client's second, server scenario, for calls that come in. With -workers each has a port of its own to call.",
            placeholder="scenario.xml",
            roles=UAC,
        ),
    ] = ""
    incoming_name: Annotated[
        str,
        Setting(("-rxsn",), Kind.TEXT, Group.SCENARIO, "Built-in scenario for calls that come in to a client.", roles=UAC),
    ] = ""
    out_of_call_file: Annotated[
        str,
        Setting(
            ("-oocsf",),
            Kind.PATH,
            Group.SCENARIO,
            "Scenario for requests to a client that belong to no call.",
            placeholder="scenario.xml",
            roles=UAC,
        ),
    ] = ""
    out_of_call_name: Annotated[
        str,
        Setting(
            ("-oocsn",),
            Kind.TEXT,
            Group.SCENARIO,
            "Built-in scenario for requests that belong to no call, such as ooc_default.",
            roles=UAC,
        ),
    ] = ""

    rate: Annotated[
        float, Setting(("-r",), Kind.NUMBER, Group.LOAD, "Calls started per rate period.", "calls", 0, 1_000_000, roles=UAC)
    ] = 10.0
    rate_period_ms: Annotated[
        int, Setting(("-rp",), Kind.DURATION, Group.LOAD, "Rate period: -r calls are started in each.", "ms", 1, roles=UAC)
    ] = 1000
    rate_scale: Annotated[
        float, Setting(("-rate_scale",), Kind.NUMBER, Group.LOAD, "Step of the keys + and - in calls a period.", "calls", 0)
    ] = 1.0
    call_limit: Annotated[
        int | None,
        Setting(("-l",), Kind.INTEGER, Group.LOAD, "Most calls open at once; 3 × duration × rate by default.", "calls", 1),
    ] = None
    max_calls: Annotated[
        int | None, Setting(("-m",), Kind.INTEGER, Group.LOAD, "End the run after this many calls.", "calls", 1)
    ] = None
    users: Annotated[
        int | None,
        Setting(("-users",), Kind.INTEGER, Group.LOAD, "Keep this many calls open instead of a rate.", "calls", 1, roles=UAC),
    ] = None
    workers: Annotated[
        int, Setting(("-workers",), Kind.INTEGER, Group.LOAD, "Processes that share the load.", "processes", 1, 64, roles=UAC)
    ] = 1

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

    transport: Annotated[
        str,
        Setting(
            ("-t",),
            Kind.CHOICE,
            Group.TRANSPORT,
            "u1: UDP on one socket; un: UDP, a socket a call; t1: TCP, one connection.",
            choices=("u1", "un", "t1"),
        ),
    ] = "u1"
    local_ip: Annotated[
        str, Setting(("-i",), Kind.TEXT, Group.TRANSPORT, "Local address, the keyword [local_ip].", placeholder="address")
    ] = ""
    local_port: Annotated[
        int | None,
        Setting(("-p",), Kind.INTEGER, Group.TRANSPORT, "Local port; 5060 or the next free one by default.", "", 0, 65535),
    ] = None
    buffer_size: Annotated[
        int,
        Setting(("-buff_size",), Kind.INTEGER, Group.TRANSPORT, "Send and receive buffer asked of the kernel.", "bytes", 1024),
    ] = 8_388_608
    media_ip: Annotated[
        str,
        Setting(("-mi",), Kind.TEXT, Group.TRANSPORT, "Local media address, the keyword [media_ip].", placeholder="address"),
    ] = ""
    media_port: Annotated[
        int,
        Setting(
            ("-mp", "-min_rtp_port"), Kind.INTEGER, Group.TRANSPORT, "First media port, the keyword [media_port].", "", 1, 65535
        ),
    ] = 6000

    data_files: Annotated[
        tuple[str, ...],
        Setting(("-inf",), Kind.PATHS, Group.DATA, "Data file whose lines fill [field0], [field1] …", placeholder="file.csv"),
    ] = ()
    incoming_data_files: Annotated[
        tuple[str, ...],
        Setting(
            ("-rxinf",),
            Kind.PATHS,
            Group.DATA,
            "Data file for the scenario of incoming calls (-rxsf), which finds those of -inf by name.",
            placeholder="file.csv",
            roles=UAC,
        ),
    ] = ()
    data_indexes: Annotated[
        tuple[tuple[str, str], ...],
        Setting(
            ("-infindex",),
            Kind.PAIRS,
            Group.DATA,
            "Index a data file by one of its fields, for the action lookup.",
            placeholder="file.csv field",
        ),
    ] = ()
    keywords: Annotated[
        tuple[tuple[str, str], ...],
        Setting(
            ("-key",), Kind.PAIRS, Group.DATA, "A keyword of your own: [name] becomes the value.", placeholder="name value"
        ),
    ] = ()
    global_values: Annotated[
        tuple[tuple[str, str], ...],
        Setting(
            ("-set",),
            Kind.PAIRS,
            Group.DATA,
            "The value that a variable begins with which the scenario declares in <Global>.",
            placeholder="variable value",
        ),
    ] = ()
    auth_username: Annotated[
        str, Setting(("-au",), Kind.TEXT, Group.DATA, "Who answers challenges in [authentication]; as -s when none is given.")
    ] = ""
    auth_password: Annotated[
        str, Setting(("-ap",), Kind.TEXT, Group.DATA, "The password that answers challenges in [authentication].")
    ] = "password"
    auth_uri: Annotated[
        str,
        Setting(
            ("-auth_uri",),
            Kind.TEXT,
            Group.DATA,
            "The URI in [authentication], the peer's when none is given.",
            placeholder="example.com",
        ),
    ] = ""
    tdm_map: Annotated[
        str,
        Setting(("-tdmmap",), Kind.TEXT, Group.DATA, "Circuits for [tdmmap], one a call.", placeholder="{0-3}{99}{5-8}{1-31}"),
    ] = ""
    dynamic_start: Annotated[int, Setting(("-dynamicStart",), Kind.INTEGER, Group.DATA, "First value of [dynamic_id].")] = (
        10_000
    )
    dynamic_max: Annotated[
        int, Setting(("-dynamicMax",), Kind.INTEGER, Group.DATA, "Value of [dynamic_id] after which it starts again.")
    ] = 12_000
    dynamic_step: Annotated[
        int, Setting(("-dynamicStep",), Kind.INTEGER, Group.DATA, "What is added to [dynamic_id] each time.", "", 1)
    ] = 4

    seed: Annotated[
        int | None,
        Setting(("-seed",), Kind.INTEGER, Group.DATA, "Draw the same random numbers as another run with this seed.", "", 0),
    ] = None

    trace_messages: Annotated[
        bool, Setting(("-trace_msg",), Kind.SWITCH, Group.TRACES, "Write every message sent and received to a file.")
    ] = False
    message_file: Annotated[str, Setting(("-message_file",), Kind.PATH, Group.TRACES, "Name of the message log.")] = ""
    message_overwrite: Annotated[
        bool, Setting(("-message_overwrite",), Kind.SWITCH, Group.TRACES, "Start the message log anew; false appends to it.")
    ] = True
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

    no_stdin: Annotated[bool, Setting(("-nostdin",), Kind.SWITCH, Group.INTERFACE, "Do not read keys from standard input.")] = (
        False
    )
