# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data files and their fields."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

LOADING = tests_in("engine/scenario/data_files/test_loading.py")
ORDER = tests_in("engine/scenario/data_files/test_order.py")
PRINTF = tests_in("engine/scenario/data_files/test_printf.py")
TABLE = tests_in("engine/scenario/data_files/test_table.py")
FIELDS = tests_in("engine/scenario/test_fields.py")
ACTIONS = tests_in("engine/scenario/test_data_actions.py")
RUN = tests_in("engine/run/test_data.py")
FILES = tests_in("interop/test_files.py")
MANY = tests_in("interop/test_many_addresses.py")
SOURCES = tests_in("engine/run/test_source_addresses.py")
PARITY = tests_in("interop/test_wire_parity.py")

SECTION = Section(
    title="Data files",
    rows=(
        Row(
            what="`-inf FILE`",
            does="A data file; several may be given, and the first serves fields that name none.",
            covers="flag:-inf",
            tests=FILES("test_a_data_file_gives_each_call_its_line")
            + FIELDS("test_the_first_data_file_serves_fields_that_name_none"),
        ),
        Row(
            what="Its lines",
            does="`;` between fields, `#` begins a comment, lines end in LF or CRLF; the first empty line ends the data.",
            tests=LOADING("test_lines_and_fields", "test_the_first_empty_line_ends_the_data_and_that_is_said")
            + PARITY("test_scenario_files[data]"),
        ),
        Row(
            what="`SEQUENTIAL`",
            does="Call after call takes the next line, and the first again after the last.",
            covers="order:SEQUENTIAL",
            tests=ORDER("test_calls_take_lines_in_turn") + FIELDS("test_fields"),
        ),
        Row(
            what="`RANDOM`",
            does="Each call takes any line; `-seed` repeats them.",
            covers="order:RANDOM",
            tests=ORDER(
                "test_random_lines_are_repeated_by_a_seed_and_all_come_up",
                "test_random_lines_are_evenly_spread_and_independent",
            )
            + FIELDS("test_a_call_has_one_random_line"),
        ),
        Row(
            what="`USER`",
            does="Each user of `-users` has a line.",
            covers="order:USER",
            tests=ORDER("test_users_have_their_line") + FIELDS("test_users_have_their_own_line"),
        ),
        Row(
            what="`PRINTF=n`, `PRINTFMULTIPLE=m`, `PRINTFOFFSET=o`",
            does="Few lines stand for many, in which `%d` is the line's number × m + o.",
            tests=PRINTF("test_numbers", "test_lines_are_made_of_patterns_in_turn", "test_what_is_no_number"),
        ),
        Row(
            what="`[field0]`, `[field1]` …",
            does="The fields of the call's line; a field's text may itself hold keywords.",
            covers="keyword:field",
            tests=FIELDS("test_fields"),
        ),
        Row(
            what="`[field0 file=… line=…]`",
            does="Of another file, by its base name, or of another line; both may hold keywords.",
            tests=FIELDS("test_fields"),
        ),
        Row(
            what="A field beyond the line, an unknown file, no file, an empty file",
            does="An error with the line of the data file, before the run where that can be.",
            tests=FIELDS("test_fields_that_are_not_there", "test_fields_without_a_data_file")
            + LOADING("test_what_is_no_data_file", "test_files_that_cannot_be_read"),
        ),
        Row(
            what="`-infindex FILE FIELD`",
            does="An index of a data file by one of its fields, for `lookup`.",
            covers="flag:-infindex",
            tests=TABLE("test_lines_are_found_by_a_field")
            + ACTIONS("test_a_lookup_needs_an_index")
            + RUN("test_what_is_inserted_is_seen_by_the_calls_of_the_same_worker"),
        ),
        Row(
            what="`lookup`",
            does="The number of the line with this key, or -1.",
            covers="action:lookup",
            tests=ACTIONS("test_the_number_of_a_line_is_looked_up", "test_the_file_may_be_told_by_keywords"),
        ),
        Row(
            what="`insert`",
            does="Adds a line, in memory, for later calls.",
            covers="action:insert",
            tests=ACTIONS("test_what_is_inserted_is_seen_by_later_calls"),
            note="With `-workers` each process has its own.",
        ),
        Row(
            what="`replace`",
            does="Replaces a line, in memory.",
            covers="action:replace",
            tests=ACTIONS("test_a_line_is_replaced"),
        ),
        Row(
            what="`-t ui`, `-ip_field N`",
            does="Each call comes from the address in a field of the line that it takes; the first field when none is named. "
            "A server listens on all of them. `[server_ip]` is the call's address, and `[local_ip]` that of `-i`.",
            tests=SOURCES(
                "test_a_field_tells_where_each_call_comes_from",
                "test_without_a_field_ui_takes_the_first_of_the_first_file",
                "test_the_line_of_the_address_is_the_line_of_the_messages",
            )
            + MANY("test_calls_look_the_same_on_the_wire", "test_a_server_looks_the_same_on_the_wire"),
            note="In 3.6.1 `[local_port]` is 0 in a client's first call and in each from an address that another had before.",
        ),
        Row(
            what="An address that cannot be bound to, or is none",
            does="Told with its line before the run starts.",
            kind=Kind.DIFFERS,
            tests=SOURCES("test_a_line_that_cannot_be_an_address_is_named_before_the_run"),
            note="SIPp's client ends in the middle of the run; it looks names up, and takes any address for an empty field.",
        ),
        Row(
            what="`-ip_field N` over TCP, TLS, WebSocket and `un`",
            does="Each call's own socket or connection is bound to its address.",
            kind=Kind.OURS,
            tests=SOURCES("test_a_field_tells_where_each_call_comes_from", "test_what_does_not_fit_is_told_of_its_option"),
            note="SIPp heeds it with `-t ui` only. Where calls share one socket or connection we refuse it.",
        ),
        Row(
            what="`-ip_list LIST`",
            does="Calls take addresses, ranges and networks (`10.0.0.1,10.0.0.8-20,10.0.1.0/28`) in turn. "
            "`[local_ip]` is the call's.",
            kind=Kind.OURS,
            tests=SOURCES("test_calls_take_a_list_in_turn", "test_a_server_listens_on_all_and_says_which_was_asked")
            + MANY("test_our_client_against_sipp"),
        ),
    ),
)
