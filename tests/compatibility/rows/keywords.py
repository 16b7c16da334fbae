# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords, in messages and in the values of actions."""

from __future__ import annotations

from tests.compatibility.table import Row, Section, tests_in

KEYWORDS = tests_in("engine/scenario/test_keywords.py")
TEMPLATE = tests_in("engine/scenario/test_template.py")
CALL_ID = tests_in("engine/scenario/test_call_id.py")
COMPILE = tests_in("engine/scenario/test_compile.py")
OPTIONS = tests_in("engine/shard/test_options.py")
PARITY = tests_in("interop/test_wire_parity.py")

_FACTS = KEYWORDS("test_without_a_message_received")
_CONSTANTS = _FACTS + PARITY("test_scenario_files[every_constant]")

_ADDRESSES = Section(
    title="Keywords: addresses",
    about="Only numbers heed an offset (`[cseq+1]`, `[local_port-2]`); on anything else SIPp ignores it, and so do we.",
    rows=(
        Row(what="`[service]`", does="What `-s` says.", covers="keyword:service", tests=_CONSTANTS),
        Row(
            what="`[remote_host]`",
            does="The peer as it was named.",
            covers="keyword:remote_host",
            tests=_FACTS + KEYWORDS("test_ipv6_has_brackets_where_sipp_has_them"),
        ),
        Row(
            what="`[remote_ip]`",
            does="The peer's address, IPv6 in brackets.",
            covers="keyword:remote_ip",
            tests=_FACTS + KEYWORDS("test_ipv6_has_brackets_where_sipp_has_them"),
        ),
        Row(what="`[remote_port]`", does="The peer's port.", covers="keyword:remote_port", tests=_CONSTANTS),
        Row(what="`[transport]`", does="`UDP`, `TCP`, `TLS`, `WS` or `WSS`.", covers="keyword:transport", tests=_CONSTANTS),
        Row(
            what="`[local_ip]`",
            does="Our address, IPv6 in brackets.",
            covers="keyword:local_ip",
            tests=_FACTS + KEYWORDS("test_ipv6_has_brackets_where_sipp_has_them"),
        ),
        Row(
            what="`[local_ip_type]`",
            does="`4` or `6`.",
            covers="keyword:local_ip_type",
            tests=_FACTS + KEYWORDS("test_ipv6_has_brackets_where_sipp_has_them"),
        ),
        Row(
            what="`[local_port]`",
            does="Our port; of a call that has a socket of its own, that one's.",
            covers="keyword:local_port",
            tests=_CONSTANTS + KEYWORDS("test_the_port_of_a_call_that_has_a_socket_of_its_own"),
        ),
        Row(
            what="`[server_ip]`",
            does="The address that the message came to.",
            covers="keyword:server_ip",
            tests=_FACTS + KEYWORDS("test_ipv6_has_brackets_where_sipp_has_them"),
        ),
        Row(
            what="`[media_ip]`",
            does="What `-mi` says, else our address.",
            covers="keyword:media_ip",
            tests=_FACTS + KEYWORDS("test_the_media_address_is_its_own"),
        ),
        Row(
            what="`[media_ip_type]`",
            does="`4` or `6`.",
            covers="keyword:media_ip_type",
            tests=_FACTS + KEYWORDS("test_the_media_address_is_its_own"),
        ),
        Row(
            what="`[media_port]`",
            does="What `-mp` says, with an offset; wherever it stands.",
            covers="keyword:media_port",
            tests=_FACTS + PARITY("test_scenario_files[media_ports]"),
        ),
        Row(
            what="`[auto_media_port]`",
            does="Four ports further with each call.",
            covers="keyword:auto_media_port",
            tests=_FACTS + PARITY("test_scenario_files[media_ports]"),
        ),
    ),
)

_CALL = Section(
    title="Keywords: the call and its messages",
    rows=(
        Row(
            what="`[len]`",
            does="The length of the body in bytes, right-aligned in five columns as SIPp writes it.",
            covers="keyword:len",
            tests=TEMPLATE("test_length"),
        ),
        Row(
            what="`[len]` without a body",
            does="Overwrites what stands behind it, as in SIPp; a warning says so when it is certain.",
            tests=TEMPLATE(
                "test_without_a_body_the_length_overwrites_what_is_behind_it", "test_that_is_a_warning_when_it_is_certain"
            ),
        ),
        Row(what="`[call_number]`", does="From 1.", covers="keyword:call_number", tests=_FACTS),
        Row(
            what="`[call_id]`",
            does="The call's Call-ID.",
            covers="keyword:call_id",
            tests=_FACTS + PARITY("test_scenario_files[every_constant]"),
        ),
        Row(
            what="`-cid_str`",
            does="Its form: `%u` call number, `%p` process, `%s` address, `%r` a random number, `%%` a percent sign. A form "
            "that would be the same for all calls is refused.",
            covers="flag:-cid_str",
            tests=CALL_ID("test_forms", "test_forms_that_differ") + OPTIONS("test_what_messages_say_is_told_by_options"),
        ),
        Row(
            what="`-cid_type`",
            does="`uuid`, `uuid-compact`, `random` or `timestamp` instead of a form.",
            covers="flag:-cid_type",
            tests=CALL_ID("test_types", "test_a_uuid_is_one") + OPTIONS("test_the_type_of_call_ids"),
            note="Of SIPp 3.7.",
        ),
        Row(
            what="`[cseq]`",
            does="Rises with each request that is no ACK or CANCEL; a server follows the request that it received.",
            covers="keyword:cseq",
            tests=_FACTS + COMPILE("test_which_requests_raise_the_cseq") + PARITY("test_scenario_files[offsets]"),
        ),
        Row(
            what="`-base_cseq`",
            does="The first value of `[cseq]`, 1 by default.",
            covers="flag:-base_cseq",
            tests=OPTIONS("test_what_messages_say_is_told_by_options"),
        ),
        Row(
            what="`[branch]`, `[branch-5]`",
            does="`z9hG4bK-` process, call number and index of the message; with an offset that of a message so many steps on.",
            covers="keyword:branch",
            tests=_FACTS + COMPILE("test_branches_in_messages_and_actions"),
        ),
        Row(what="`[msg_index]`", does="The index of the message.", covers="keyword:msg_index", tests=_FACTS),
        Row(what="`[pid]`", does="The number of the process.", covers="keyword:pid", tests=_FACTS),
        Row(
            what="`[users]`",
            does="What `-users` says, or -1.",
            covers="keyword:users",
            tests=_FACTS + KEYWORDS("test_users"),
        ),
        Row(what="`[userid]`", does="The call's user, or 0.", covers="keyword:userid", tests=KEYWORDS("test_users")),
        Row(
            what="`[dynamic_id]`",
            does="A number that rises wherever it stands, by `-dynamicStep` from `-dynamicStart` to `-dynamicMax`, and starts "
            "again.",
            covers="keyword:dynamic_id flag:-dynamicStart flag:-dynamicMax flag:-dynamicStep",
            tests=KEYWORDS("test_dynamic_ids_start_again_after_their_maximum")
            + OPTIONS("test_what_messages_say_is_told_by_options"),
        ),
        Row(
            what="`[tdmmap]`, `-tdmmap`",
            does="The circuit of the call; each open call has one of its own.",
            covers="keyword:tdmmap flag:-tdmmap",
            tests=KEYWORDS("test_circuits", "test_circuits_need_a_map") + OPTIONS("test_what_messages_say_is_told_by_options"),
        ),
        Row(
            what="`[clock_tick]`",
            does="The ms since the run began.",
            covers="keyword:clock_tick",
            tests=KEYWORDS("test_time"),
        ),
        Row(
            what="`[timestamp]`",
            does="Date, time and seconds since 1970, with tabs between them.",
            covers="keyword:timestamp",
            tests=KEYWORDS("test_time"),
        ),
        Row(
            what="`[date]`",
            does="As in a Date header.",
            covers="keyword:date",
            tests=KEYWORDS("test_time"),
        ),
        Row(
            what="`[sipp_version]`",
            does="3.6.1: that of the SIPp whose bytes we match.",
            covers="keyword:sipp_version",
            tests=_FACTS,
        ),
        Row(
            what="`[$name]`",
            does="The value of a variable; a number with six digits behind the point. A line without a value is left out.",
            covers="keyword:$",
            tests=KEYWORDS("test_variables_and_fill") + PARITY("test_scenario_files[variables]"),
        ),
        Row(
            what='`[fill text="…" variable="n"]`',
            does="The text repeated to as many bytes as the variable says.",
            covers="keyword:fill",
            tests=KEYWORDS("test_variables_and_fill"),
        ),
        Row(
            what='`[file name="…"]`',
            does="The bytes of a file as they are, at most 1 MiB of a regular file. It is read when the run starts.",
            covers="keyword:file",
            tests=KEYWORDS("test_a_file_is_copied_as_it_is", "test_what_cannot_be_a_keyword")
            + tests_in("engine/run/test_browsing.py")("test_a_file_is_read_when_the_run_starts"),
        ),
        Row(
            what="`-key name value`",
            does="A keyword of your own. One that no `-key` gives is an unknown keyword, and the hint says so.",
            covers="flag:-key",
            tests=KEYWORDS("test_keywords_of_the_run", "test_what_cannot_be_a_keyword")
            + OPTIONS("test_what_messages_say_is_told_by_options"),
        ),
        Row(
            what="Offsets: `[cseq+1]`, `[local_port-2]`",
            does="Only numbers heed one.",
            tests=_FACTS + TEMPLATE("test_words") + PARITY("test_scenario_files[offsets]"),
        ),
        Row(
            what="Keywords in the values of actions",
            does="As in messages; `[last_…]` is the message before the one at hand.",
            tests=tests_in("engine/scenario/actions/test_text.py")("test_assignstr")
            + tests_in("engine/scenario/actions/test_logging.py")("test_log"),
        ),
        Row(
            what=r"`\x5b`",
            does="A byte by its number; so a plain `[` is written.",
            tests=TEMPLATE("test_bytes_by_number") + _FACTS,
        ),
        Row(
            what="Brackets that hold no keyword",
            does="`[::1]` and what else cannot be one stays as it is; what looks like one and is none is an error.",
            tests=TEMPLATE(
                "test_what_cannot_be_a_keyword_stays_as_it_is", "test_what_looks_like_a_keyword_and_is_none_is_refused"
            ),
        ),
    ),
)

_RECEIVED = Section(
    title="Keywords: what was received",
    rows=(
        Row(
            what="`[last_Via:]`, `[last_Via]`",
            does="The whole header line of the last message, with its name as it came; of several the first, with the values "
            "of the others behind it. Compact names count.",
            covers="keyword:last_",
            tests=KEYWORDS("test_headers_of_the_last_message")
            + TEMPLATE("test_a_response_made_of_the_request_keeps_its_lines")
            + PARITY("test_scenario_files[callee]"),
        ),
        Row(
            what="A header that the last message has not",
            does="The whole line is left out.",
            tests=TEMPLATE("test_lines_that_are_left_out") + PARITY("test_scenario_files[left_out]"),
        ),
        Row(
            what="`[last_message]`",
            does="The whole last message.",
            covers="keyword:last_message",
            tests=KEYWORDS("test_other_parts_of_the_last_message"),
        ),
        Row(
            what="`[last_Request_URI]`",
            does="What stands between `<` and `>` of its To.",
            covers="keyword:last_Request_URI",
            tests=KEYWORDS("test_other_parts_of_the_last_message", "test_a_to_without_a_uri_in_brackets_has_no_request_uri"),
        ),
        Row(
            what="`[last_cseq_number]`",
            does="The number in its CSeq.",
            covers="keyword:last_cseq_number",
            tests=KEYWORDS("test_other_parts_of_the_last_message") + PARITY("test_scenario_files[offsets]"),
        ),
        Row(
            what="`[peer_tag_param]`",
            does="`;tag=…` of the last To, or nothing.",
            covers="keyword:peer_tag_param",
            tests=KEYWORDS("test_the_dialog")
            + tests_in("engine/call/test_call.py")("test_the_peers_tag_goes_into_later_requests"),
        ),
        Row(
            what="`[routes]`",
            does="The Route header for the set that `rrs` kept: reversed for a client, in order for a server. Without one the "
            "line is left out.",
            covers="keyword:routes",
            tests=KEYWORDS("test_the_dialog") + PARITY("test_scenario_files[route_set]"),
        ),
        Row(
            what="`[next_url]`",
            does="What stands in the brackets of the Contact that `rrs` kept.",
            covers="keyword:next_url",
            tests=KEYWORDS("test_the_dialog")
            + tests_in("engine/call/test_dialog.py")("test_the_next_url_is_what_the_brackets_of_the_contact_hold"),
        ),
    ),
)

SECTIONS = (_ADDRESSES, _CALL, _RECEIVED)
