# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of a message that arrives."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

CALL = tests_in("engine/call/test_call.py")
CALLS = tests_in("engine/shard/test_calls.py")
DEFAULTS = tests_in("engine/call/test_defaults.py")
FLOW = tests_in("engine/call/test_flow.py")
OPTIONS = tests_in("engine/shard/test_options.py")
RETRANSMISSION = tests_in("engine/call/test_retransmission.py")
MESSAGE = tests_in("engine/sip/test_message.py")
WAITING = tests_in("engine/call/test_waiting.py")

SECTION = Section(
    title="Matching what arrives",
    rows=(
        Row(
            what="Call-ID",
            does="A message belongs to the call with its Call-ID; what stands before `///` is cut off.",
            tests=CALLS(
                "test_a_message_belongs_to_the_call_with_its_call_id",
                "test_a_prefix_of_the_call_id_is_cut_off_unless_told_otherwise",
            ),
        ),
        Row(
            what="A response",
            does="Matched by its code and by the method in its CSeq, which the scenario must have sent.",
            covers="behaviour:cseq",
            tests=WAITING("test_a_response_must_be_to_a_method_that_was_sent")
            + DEFAULTS("test_the_list_of_behaviours_is_sipps"),
        ),
        Row(
            what="A late response to an older transaction",
            does="A repetition when it was waited for before, and unexpected otherwise.",
            tests=RETRANSMISSION(
                "test_an_old_response_in_other_bytes_is_known_by_its_transaction",
                "test_a_late_response_that_was_never_waited_for_is_unexpected",
            ),
        ),
        Row(
            what="A request that is repeated",
            does="Gets the last response to that request again, and is counted.",
            tests=RETRANSMISSION(
                "test_a_repeated_request_gets_the_last_response_to_it",
                "test_a_repeated_request_gets_the_last_response_to_that_request",
            ),
            kind=Kind.DIFFERS,
            note="SIPp sends what it sent last, whatever that answers.",
        ),
        Row(
            what="A response that is repeated",
            does="Gets what acknowledged it again; a provisional one is only counted.",
            tests=RETRANSMISSION(
                "test_a_repeated_final_response_gets_its_ack_again",
                "test_a_repeated_response_gets_what_acknowledged_it",
                "test_a_repeated_provisional_response_is_counted_and_ignored",
            ),
        ),
        Row(
            what="`-rtcheck full`, `loose`",
            does="A repetition has the same bytes, or the same place in the call.",
            covers="flag:-rtcheck",
            tests=RETRANSMISSION("test_loosely_checked_the_place_in_the_call_makes_a_repetition")
            + OPTIONS("test_an_option_reaches_the_calls"),
        ),
        Row(
            what="An optional that does not match",
            does="Is passed over and blocks nothing.",
            tests=CALL("test_optional_messages_may_be_missing"),
        ),
        Row(
            what="`_unexp.main`",
            does="Where a call goes with a message that nobody expects; `$_unexp.retaddr` has the step where it stood, "
            "`$_unexp.pausedaddr` the end of its pause.",
            tests=FLOW(
                "test_an_unexpected_message_jumps_to_its_handler_and_back",
                "test_a_pause_is_taken_up_where_an_unexpected_message_interrupted_it",
                "test_what_the_handler_does_not_expect_either_ends_the_call",
            ),
        ),
        Row(
            what="`-default_behaviors`, `-nd`",
            does="Which default behaviours are on: `all`, `none`, `bye`, `abortunexp`, `pingreply`, `cseq`; a `-` before one "
            "turns it off; `-nd` is `none`.",
            covers="flag:-default_behaviors flag:-nd",
            tests=DEFAULTS(
                "test_the_list_of_behaviours_is_sipps",
                "test_an_unknown_behaviour_is_refused_by_name",
            )
            + OPTIONS("test_an_option_reaches_the_calls"),
        ),
        Row(
            what="`bye`",
            does="An unexpected BYE or CANCEL gets 200 and ends its call as failed; an aborted call ends with BYE or CANCEL.",
            covers="behaviour:bye",
            tests=DEFAULTS(
                "test_the_peers_bye_is_answered_and_fails_the_call",
                "test_without_the_bye_behaviour_the_peer_is_told_nothing_more",
            ),
        ),
        Row(
            what="`abortunexp`",
            does="A message that nobody expects ends its call as failed.",
            covers="behaviour:abortunexp",
            tests=DEFAULTS("test_an_error_response_gets_its_ack_and_fails_the_call")
            + CALL("test_without_default_behaviours_an_unexpected_message_changes_nothing"),
        ),
        Row(
            what="`pingreply`",
            does="PING gets 200, and the call goes on.",
            covers="behaviour:pingreply",
            tests=DEFAULTS("test_ping_is_answered_and_the_call_goes_on"),
        ),
        Row(
            what="`-aa`",
            does="INFO, NOTIFY, OPTIONS and UPDATE get 200, and the call goes on.",
            covers="flag:-aa",
            tests=DEFAULTS("test_only_with_auto_answer_these_leave_the_call_alone")
            + OPTIONS("test_an_option_reaches_the_calls"),
        ),
        Row(
            what="How a call is aborted",
            does="CANCEL before an answer, nothing when no reply ever came; an ACK for an error response; ACK and BYE when a "
            "2xx waits for its ACK; BYE once it is established.",
            tests=DEFAULTS(
                "test_before_an_answer_an_aborted_call_is_cancelled",
                "test_an_unanswered_invite_needs_no_cancel",
                "test_an_error_response_gets_its_ack_and_fails_the_call",
                "test_a_call_whose_ack_is_due_is_acknowledged_and_ended",
                "test_an_established_call_is_ended_with_bye",
                "test_whoever_has_acknowledged_anything_says_bye",
            ),
            note="SIPp cancels after a 3xx too.",
        ),
        Row(
            what="A new Call-ID at a server",
            does="Begins a call when its first `recv` matches.",
            tests=CALLS("test_a_server_takes_no_call_that_does_not_begin_as_its_scenario_does"),
        ),
        Row(
            what="A new Call-ID at a client",
            does="With `-aa` it is answered; else it is counted as out of call.",
            tests=CALLS("test_requests_out_of_call_are_answered_when_asked_for"),
        ),
        Row(
            what="`-deadcall_wait`",
            does="So long a call that has ended is remembered; what comes for it is counted as for a dead call.",
            covers="flag:-deadcall_wait",
            tests=CALLS("test_a_call_that_has_ended_is_remembered_and_then_forgotten")
            + OPTIONS("test_how_long_a_call_that_has_ended_is_remembered"),
        ),
        Row(
            what="`-callid_slash_ign`",
            does="What stands before `///` in a Call-ID is a part of it.",
            covers="flag:-callid_slash_ign",
            tests=CALLS("test_a_prefix_of_the_call_id_is_cut_off_unless_told_otherwise")
            + OPTIONS("test_a_prefix_of_the_call_id_may_be_a_part_of_it"),
        ),
        Row(
            what="`-pause_msg_ign`",
            does="What comes during a pause is passed over.",
            covers="flag:-pause_msg_ign",
            tests=FLOW("test_pause_msg_ign_lets_a_pause_pass_undisturbed") + OPTIONS("test_an_option_reaches_the_calls"),
        ),
        Row(
            what="What is no message",
            does="Is counted as garbage and told; keep-alives are passed over.",
            tests=CALLS("test_garbage_is_counted_and_told", "test_a_keep_alive_is_no_garbage")
            + MESSAGE("test_what_is_no_message_is_refused"),
        ),
    ),
)
