# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a scenario consists of: commands and the attributes that only some have."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

CALL = tests_in("engine/call/test_call.py")
FLOW = tests_in("engine/call/test_flow.py")
DIALOG = tests_in("engine/call/test_dialog.py")
RETRANSMISSION = tests_in("engine/call/test_retransmission.py")
AUTHENTICATION = tests_in("engine/call/test_authentication.py")
TEMPLATE = tests_in("engine/scenario/test_template.py")
LOAD = tests_in("engine/scenario/test_load.py")
PARITY = tests_in("interop/test_wire_parity.py")
WAITING = tests_in("engine/call/test_waiting.py")
ELEMENTS = tests_in("engine/scenario/test_elements.py")
SHARED = tests_in("engine/transport/stream/test_shared.py")

SECTION = Section(
    title="Commands",
    rows=(
        Row(
            what="`<send>`",
            does="Sends the message in its CDATA. The first CDATA counts, wherever it stands in the element.",
            covers="element:send",
            tests=CALL("test_a_whole_call_succeeds_and_is_measured")
            + LOAD("test_the_first_cdata_of_a_send_is_the_message", "test_what_is_refused"),
        ),
        Row(
            what="The text of a message",
            does="Leading blank lines and the indentation of each line go, lines end in CRLF, the blank line before the body "
            "stays, a body ends as SIPp ends it.",
            tests=TEMPLATE("test_clean", "test_length") + PARITY("test_scenario_files[left_out]"),
        ),
        Row(
            what="`send retrans` (ms)",
            does="Over UDP the message is repeated after T1, 2 T1 … until it is answered.",
            covers="attribute:send.retrans",
            tests=RETRANSMISSION(
                "test_an_invite_doubles_from_t1_without_cap_and_gives_up_after_five",
                "test_other_requests_double_up_to_t2_and_give_up_after_seven",
                "test_nothing_is_retransmitted_over_a_reliable_transport",
            ),
        ),
        Row(
            what="`send start_txn`",
            does="The request begins a transaction of this name.",
            covers="attribute:send.start_txn",
            tests=FLOW("test_a_response_belongs_to_the_transaction_of_its_branch", "test_transactions_are_checked"),
        ),
        Row(
            what="`send ack_txn`",
            does="The ACK belongs to the transaction of this name.",
            covers="attribute:send.ack_txn",
            tests=FLOW("test_a_late_final_response_gets_the_ack_of_its_transaction", "test_transactions_are_checked"),
        ),
        Row(
            what="`send timeout` (ms)",
            does="The longest that the message waits to be sent, while the one before is repeated.",
            covers="attribute:send.timeout",
            tests=WAITING("test_a_message_waits_only_so_long_to_be_sent"),
        ),
        Row(
            what="`send ontimeout`",
            does="The label where the call goes then, or when the message was repeated in vain; without one it fails.",
            covers="attribute:send.ontimeout",
            tests=RETRANSMISSION("test_giving_up_may_jump_instead") + WAITING("test_a_message_waits_only_so_long_to_be_sent"),
        ),
        Row(
            what="`<recv>`",
            does="Waits for one message.",
            covers="element:recv",
            tests=CALL("test_a_whole_call_succeeds_and_is_measured") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`recv response`",
            does="The status code that is waited for.",
            covers="attribute:recv.response",
            tests=CALL("test_a_whole_call_succeeds_and_is_measured"),
        ),
        Row(
            what='`recv response="200,183"`',
            does="Any of several codes.",
            kind=Kind.OURS,
            tests=FLOW("test_any_of_several_responses_will_do"),
        ),
        Row(
            what="`recv request`",
            does="The method that is waited for.",
            covers="attribute:recv.request",
            tests=CALL("test_a_server_answers_and_waits_to_absorb_repetitions"),
        ),
        Row(
            what='`recv optional="true"`',
            does="The message need not come. A run of optionals belongs to the mandatory `recv` behind it.",
            covers="attribute:recv.optional",
            tests=CALL("test_optional_messages_may_be_missing")
            + FLOW("test_optionals_right_before_the_step_are_still_open")
            + LOAD("test_what_is_refused"),
        ),
        Row(
            what='`recv optional="global"`',
            does="Open from there to the end of the scenario.",
            tests=WAITING("test_a_global_optional_stays_open_to_the_end"),
        ),
        Row(
            what="`recv regexp_match`",
            does="`request` or `response` is a regular expression.",
            note="SIPp 3.6.1 takes one for requests only.",
            covers="attribute:recv.regexp_match",
            tests=FLOW(
                "test_a_request_may_be_given_as_an_expression",
                "test_responses_may_be_given_as_an_expression",
                "test_an_expression_keeps_its_place_among_other_steps",
            )
            + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`recv rrs`",
            does="Keeps the Record-Route set for `[routes]` and the Contact for `[next_url]`.",
            covers="attribute:recv.rrs",
            tests=CALL("test_the_route_set_is_kept_reversed_with_its_quoted_names")
            + DIALOG("test_a_server_keeps_the_routes_in_order_and_a_client_reversed")
            + PARITY("test_scenario_files[route_set]"),
        ),
        Row(
            what="`recv auth`",
            does="Keeps the challenge of a 401 or 407 for `[authentication]`.",
            covers="attribute:recv.auth",
            tests=AUTHENTICATION(
                "test_a_challenge_is_answered",
                "test_without_auth_the_challenge_is_not_kept",
                "test_a_challenge_without_a_header_fails_the_call",
            ),
        ),
        Row(
            what="`recv timeout` (ms)",
            does="The call fails when nothing came; with `ontimeout` it goes there instead. `-recv_timeout` is for all.",
            covers="attribute:recv.timeout",
            tests=CALL("test_a_receive_timeout_fails_or_jumps"),
        ),
        Row(
            what="`-send_timeout` (ms)",
            does="A message that the peer of a connection does not take for so long costs its call (FailedOutboundCongestion).",
            covers="flag:-send_timeout",
            tests=SHARED("test_a_message_that_waits_for_longer_than_it_may_costs_its_call_and_no_other"),
        ),
        Row(
            what="`recv ontimeout`",
            does="The label where the call goes then.",
            covers="attribute:recv.ontimeout",
            tests=CALL("test_a_receive_timeout_fails_or_jumps") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`recv response_txn`",
            does="The response must have the branch of the request that began this transaction.",
            covers="attribute:recv.response_txn",
            tests=FLOW(
                "test_a_response_belongs_to_the_transaction_of_its_branch",
                "test_a_response_to_another_transaction_is_unexpected",
                "test_transactions_are_checked",
            ),
        ),
        Row(
            what="`recv advance_state`",
            does='`"false"`: the optional that came leaves the call where it stands, whatever `next` says.',
            covers="attribute:recv.advance_state",
            tests=FLOW("test_without_advance_state_an_optional_never_leads_on") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`<nop>`",
            does="Does nothing itself; carries actions and leads on.",
            covers="element:nop",
            tests=CALL("test_next_jumps_and_test_decides") + PARITY("test_scenario_files[flow]"),
        ),
        Row(
            what="`<action>`",
            does="The actions of a step, in order. A second one in a step is ignored with a warning.",
            covers="element:action",
            tests=FLOW("test_jumps") + LOAD("test_what_is_only_warned_of"),
        ),
        Row(
            what="An action that fails a call",
            does="The other actions of its step are skipped, the scenario goes on, and the call counts as failed at its end.",
            tests=CALL(
                "test_a_failed_check_lets_the_scenario_go_on_and_fails_the_call",
                "test_a_second_failing_step_skips_the_rest_of_its_own_actions",
            ),
        ),
        Row(
            what='`<label id="…"/>`',
            does="Where a jump leads. Any name; each one once.",
            covers="element:label attribute:label.id",
            tests=CALL("test_next_jumps_and_test_decides") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`<sendCmd dest=…>`",
            does="Read and checked: its command needs a Call-ID. It runs when 3PCC is built.",
            covers="element:sendCmd attribute:sendCmd.dest",
            kind=Kind.REFUSED,
            tests=LOAD("test_a_command_of_3pcc_is_checked_though_it_cannot_run", "test_what_is_refused"),
        ),
        Row(
            what="`<recvCmd src=…>`",
            does="Read and checked. It runs when 3PCC is built.",
            covers="element:recvCmd attribute:recvCmd.src attribute:recvCmd.timeout attribute:recvCmd.ontimeout "
            "attribute:recvCmd.optional",
            kind=Kind.REFUSED,
            tests=LOAD("test_what_is_refused"),
        ),
    ),
)
