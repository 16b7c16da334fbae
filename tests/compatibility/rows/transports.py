# SPDX-License-Identifier: AGPL-3.0-or-later
"""How messages travel: the transports, sockets, connections that are lost, TLS and WebSocket."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

ARGUMENTS = tests_in("gossipper_tui/cli/test_arguments.py")
BOTH_ROLES = tests_in("interop/test_both_roles.py")
CHECKS = tests_in("engine/run/test_transport_checks.py")
DESCRIPTORS = tests_in("engine/transport/test_descriptors.py")
FAULTS = tests_in("interop/test_bad_network.py")
PAGE = tests_in("interop/test_transports_page.py")
PER_CALL = tests_in("engine/transport/stream/test_per_call.py")
SHARED = tests_in("engine/transport/stream/test_shared.py")
SOCKETS = tests_in("interop/test_socket_per_call.py")
TLS = tests_in("engine/transport/stream/test_tls.py")
TLS_PEERS = tests_in("interop/test_tls.py")
WEBSOCKET = tests_in("engine/transport/stream/test_websocket.py")
WEBSOCKET_PEERS = tests_in("interop/test_kamailio_ws.py")

SECTION = Section(
    title="Transports",
    about="[transports.md](transports.md) explains them. `-t ui` stands with the data files, and TLS's files with the options.",
    rows=(
        Row(
            what="`-t u1`, `un`, `t1`, `tn`",
            does="UDP and TCP, with one socket for all calls or one a call, which is closed with its call.",
            tests=BOTH_ROLES("test_uac_against_sipp", "test_uas_against_sipp")
            + SOCKETS("test_all_calls_are_successful_whatever_they_share")
            + PER_CALL("test_each_call_has_a_connection_and_closes_it"),
        ),
        Row(
            what="`-t l1`, `ln`",
            does="The same over TLS.",
            tests=TLS_PEERS("test_ours_with_ours_both_verified", "test_openssl_calls_us"),
        ),
        Row(
            what="`-t w1`, `wn`, `ws1`, `wsn`, `-ws_path PATH`",
            does="WebSocket (RFC 7118), plain and over TLS, with one connection or one a call.",
            kind=Kind.OURS,
            tests=PAGE("test_the_command_lines_work")
            + WEBSOCKET("test_a_server_is_asked_for_the_path_and_a_client_asks_for_it")
            + WEBSOCKET_PEERS("test_phones_register_with_a_password_and_sign_off"),
        ),
        Row(
            what="`-t s1`, `sn`, `sl`, `cl`, `cln`",
            does="`u1`, `un` and `l1` of a server, `l1` and `ln` of a client; refused for the other side.",
            kind=Kind.OURS,
            note="SIPp's `s1` and `sn` are SCTP.",
            tests=ARGUMENTS("test_an_alias_of_a_transport_stays_as_it_was_typed")
            + CHECKS(
                "test_an_alias_fits_its_own_side",
                "test_an_alias_for_the_other_side_is_refused_and_says_what_it_stands_for",
            ),
        ),
        Row(
            what="`-t i1`, `in`, `c1`, `cn`",
            does="SCTP and compression.",
            kind=Kind.REFUSED,
            tests=ARGUMENTS("test_a_transport_that_is_not_built_is_refused_by_name"),
        ),
        Row(
            what="Answers of a server",
            does="They go by the connection that asked last (RFC 3261 section 18.2.2).",
            kind=Kind.DIFFERS,
            note="SIPp answers on the call's first connection.",
            tests=SHARED("test_a_call_answers_on_the_connection_that_asked"),
        ),
        Row(
            what="What is no SIP in a stream",
            does="It ends its connection and is counted; others go on. Pings (RFC 5626) are answered.",
            kind=Kind.DIFFERS,
            note="SIPp skips it, or glues it to the next message, and answers no pings.",
            tests=SHARED(
                "test_a_stream_of_rubbish_is_closed_and_the_others_go_on",
                "test_pings_are_answered_also_between_messages",
            ),
        ),
        Row(
            what="`-max_reconnect N`, `-reconnect_close BOOL`, `-reconnect_sleep TIME`",
            does="How often the one connection of a client is made again when it is lost, what becomes of open calls, and "
            "after what time.",
            kind=Kind.DIFFERS,
            note="3.6.1 does not come to it in most cases, and after a reset it ends. -1 is no number here.",
            tests=SHARED(
                "test_a_lost_connection_is_made_again_as_often_as_it_may",
                "test_a_reconnect_that_is_refused_is_tried_again_and_then_the_run_ends",
                "test_a_server_that_closes_ends_the_calls_and_the_run",
            ),
        ),
        Row(
            what="A connection of a call that does not come about, or ends",
            does="Only its calls fail: `FailedTcpConnect`, `FailedTcpClosed`.",
            kind=Kind.DIFFERS,
            note="SIPp says `FailedTcpClosed` of both, and a reset ends the whole run.",
            tests=PER_CALL(
                "test_a_refused_connection_costs_its_call",
                "test_a_peer_that_closes_costs_only_the_call_that_it_was",
            )
            + SHARED("test_a_client_that_goes_ends_its_calls_and_not_the_server"),
        ),
        Row(
            what="`-max_socket N`",
            does="The most sockets of calls; beyond it calls share those that there are, in turn.",
            kind=Kind.DIFFERS,
            note="SIPp counts its own sockets as well; over TCP its sharing fails.",
            tests=SOCKETS("test_all_calls_are_successful_whatever_they_share", "test_how_many_ports_calls_have"),
        ),
        Row(
            what="`-keep_sockets`",
            does="A call's socket is kept for later calls.",
            kind=Kind.OURS,
            tests=SOCKETS("test_how_many_ports_calls_have")
            + PER_CALL("test_a_kept_connection_is_there_for_the_next_call_unless_it_is_renewed"),
        ),
        Row(
            what="`-skip_rlimit`",
            does="The limit of open files stays as it is. Without it, it is raised where that is allowed.",
            kind=Kind.DIFFERS,
            note="SIPp ends when the limit is below `-max_socket`.",
            tests=DESCRIPTORS("test_it_is_raised_to_what_we_may_have", "test_it_can_be_left_as_it_is"),
        ),
        Row(
            what="`-tls_skip_verify`",
            does="No server is verified, also with `-tls_ca`; the run says so.",
            kind=Kind.OURS,
            tests=TLS("test_verification_can_be_left_out") + TLS_PEERS("test_a_client_that_verifies_nobody_says_so"),
        ),
        Row(
            what="An option that changes nothing over this transport",
            does="A warning when the run starts, as of `-tls_ca` with `-t t1`.",
            kind=Kind.DIFFERS,
            note="SIPp says nothing.",
            tests=CHECKS("test_options_that_change_nothing_are_told", "test_a_run_tells_it_once"),
        ),
        Row(
            what="What the network answers over UDP",
            does="Told once for each destination; it fails no call.",
            tests=FAULTS("test_a_peer_that_goes_and_comes_again_costs_no_call", "test_nobody_at_the_other_end"),
        ),
    ),
)
