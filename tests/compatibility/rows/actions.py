# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in an <action>."""

from __future__ import annotations

from tests.compatibility.table import Row, Section, tests_in

COMMANDS = tests_in("engine/scenario/actions/test_commands.py")
SHELL = tests_in("engine/shard/test_commands.py")
STOPPING = tests_in("engine/run/test_stopping.py")
HALTING = tests_in("engine/call/test_halting.py")
CONNECTIONS = tests_in("engine/scenario/actions/test_connections.py")
DESTINATIONS = tests_in("engine/shard/test_destinations.py")
REDIRECT = tests_in("engine/transport/test_redirect.py")
ELSEWHERE = tests_in("interop/test_destinations.py")
CLOCK = tests_in("engine/scenario/actions/test_clock.py")
EXPRESSIONS = tests_in("engine/scenario/actions/test_expressions.py")
LOGGING = tests_in("engine/scenario/actions/test_logging.py")
NUMBERS = tests_in("engine/scenario/actions/test_numbers.py")
TEXT = tests_in("engine/scenario/actions/test_text.py")
POSIX = tests_in("engine/scenario/test_posix_regex.py")
FLOW = tests_in("engine/call/test_flow.py")
LOAD = tests_in("engine/scenario/test_load.py")
OUTCOMES = tests_in("engine/run/test_outcomes.py")
VARIABLES = tests_in("engine/scenario/test_variables.py")
PARITY = tests_in("interop/test_wire_parity.py")
ELEMENTS = tests_in("engine/scenario/test_elements.py")

_TEXT = Section(
    title="Actions: text",
    rows=(
        Row(
            what="`ereg`",
            does="Searches with a regular expression and assigns the whole match, then the groups.",
            covers="action:ereg",
            tests=EXPRESSIONS("test_groups_go_to_variables_in_order", "test_what_does_not_match_leaves_its_variables")
            + PARITY("test_scenario_files[expressions]"),
        ),
        Row(
            what="Expressions of `ereg`",
            does="POSIX extended: the leftmost longest match, classes as `[[:alnum:]]`.",
            tests=POSIX("test_matches", "test_what_is_no_expression"),
        ),
        Row(
            what="`ereg search_in`, `header`, `variable`",
            covers="action:ereg.search_in action:ereg.header action:ereg.variable",
            does="In the whole message (`msg`), a header (`hdr`), the body or a variable (`var`).",
            tests=EXPRESSIONS("test_where_an_expression_is_searched", "test_a_variable_can_be_searched"),
        ),
        Row(
            what="`ereg occurrence`, `case_indep`, `start_line`",
            covers="action:ereg.occurrence action:ereg.occurence action:ereg.case_indep action:ereg.start_line",
            does="Which of several headers; in any case of letters; in the start line too.",
            tests=EXPRESSIONS("test_where_an_expression_is_searched", "test_occurrences_may_overlap"),
        ),
        Row(
            what="`ereg check_it`, `check_it_inverse`",
            covers="action:ereg.check_it action:ereg.check_it_inverse",
            does="The call fails when nothing was found, or when something was.",
            tests=EXPRESSIONS("test_checks_fail_the_call", "test_a_match_that_should_not_be_is_kept"),
        ),
        Row(
            what="`assignstr`",
            does="A text, in which keywords are filled in.",
            covers="action:assignstr",
            tests=TEXT("test_assignstr"),
        ),
        Row(
            what="`strcmp`",
            does="Compares two texts: 0 when they are the same, else the difference of the first bytes that differ.",
            covers="action:strcmp",
            tests=TEXT(
                "test_strcmp_subtracts_the_first_bytes_that_differ", "test_strcmp_of_two_variables", "test_a_checked_strcmp"
            ),
        ),
        Row(
            what="`trim`",
            does="White space at both ends goes.",
            covers="action:trim",
            tests=TEXT("test_trim"),
        ),
        Row(
            what="`urlencode`",
            does="In place: every byte that is not unreserved in a URI becomes `%XX`.",
            covers="action:urlencode",
            tests=TEXT("test_urlencode_and_urldecode"),
            note="Of SIPp 3.7.",
        ),
        Row(
            what="`urldecode`",
            does="In place: `%XX` becomes the byte.",
            covers="action:urldecode",
            tests=TEXT("test_urlencode_and_urldecode", "test_what_is_not_encoded_stays"),
            note="Of SIPp 3.7.",
        ),
    ),
)

_NUMBERS = Section(
    title="Actions: numbers and the clock",
    about="Only numbers count as numbers: text is 0 until `todouble` has made a number of it, as in SIPp.",
    rows=(
        Row(
            what="`assign`",
            does="A number, or that of another variable.",
            covers="action:assign",
            tests=NUMBERS("test_assign", "test_what_is_no_number_is_assigned_as_0"),
        ),
        Row(
            what="`todouble`",
            does="The number that a text says. What says none leaves the variable as it is, with a warning.",
            covers="action:todouble",
            tests=NUMBERS("test_todouble", "test_text_that_is_no_number_leaves_the_variable_as_it_is"),
        ),
        Row(what="`add`", does="Adds.", covers="action:add", tests=NUMBERS("test_calculations")),
        Row(what="`subtract`", does="Subtracts.", covers="action:subtract", tests=NUMBERS("test_calculations")),
        Row(what="`multiply`", does="Multiplies.", covers="action:multiply", tests=NUMBERS("test_calculations")),
        Row(
            what="`divide`",
            does="Divides. By a constant 0 is refused; by a variable that is 0 leaves the value, with a warning.",
            covers="action:divide",
            tests=NUMBERS("test_calculations", "test_division_by_a_variable_that_is_0_is_warned_of"),
        ),
        Row(
            what="`sample`",
            does="A number drawn from a distribution.",
            covers="action:sample",
            tests=NUMBERS("test_sample_draws_from_the_chance_of_the_run", "test_a_sample_may_be_negative"),
        ),
        Row(
            what="`test`",
            does="Compares two numbers: `equal`, `not_equal`, `greater_than`, `less_than` and the two with `_equal`.",
            covers="action:test",
            tests=NUMBERS("test_test", "test_two_variables_are_compared"),
        ),
        Row(
            what="`test check_it`, `check_it_inverse`",
            covers="action:test.check_it action:test.check_it_inverse",
            does="The call fails when it is not so, or when it is.",
            tests=NUMBERS("test_checked_tests", "test_a_test_that_only_checks_needs_no_variable_for_its_result"),
        ),
        Row(
            what="`gettimeofday`",
            does="The seconds since 1970, and the microseconds beyond them, in two variables.",
            covers="action:gettimeofday",
            tests=CLOCK("test_gettimeofday"),
        ),
        Row(
            what="What counts as set (`test=`, `condexec=`)",
            does="A match that matched, a true boolean, or any other value that was set.",
            tests=VARIABLES("test_what_counts_as_set"),
        ),
    ),
)

_FLOW = Section(
    title="Actions: the flow of a call, and what people are told",
    rows=(
        Row(
            what="`jump`",
            does="To the step with this number. It counts when the step is done; a `recv` that was satisfied leads on.",
            covers="action:jump",
            tests=FLOW("test_jumps", "test_a_jump_to_where_a_variable_says_may_lead_nowhere")
            + PARITY("test_scenario_files[branches]"),
        ),
        Row(
            what="`index`",
            does="The number of the step.",
            covers="action:index",
            tests=FLOW("test_jumps") + PARITY("test_scenario_files[branches]"),
        ),
        Row(
            what="`pauserestore`",
            does="Takes up the pause that an unexpected message interrupted.",
            covers="action:pauserestore",
            tests=FLOW("test_a_pause_is_taken_up_where_an_unexpected_message_interrupted_it")
            + tests_in("compatibility/test_language.py")("test_actions[pauserestore]"),
        ),
        Row(
            what="`log`",
            does="A line for the log of the scenario; `level`, `name` and `attr.NAME` are for the event log.",
            covers="action:log",
            tests=LOGGING(
                "test_log",
                "test_each_of_them_alone",
                "test_a_log_tells_a_level_a_name_and_attributes_of_its_own_beside_its_text",
            )
            + OUTCOMES("test_what_a_scenario_logs_is_told"),
        ),
        Row(
            what="`warning`",
            does="A line for whoever watches the run.",
            covers="action:warning",
            tests=LOGGING("test_warning"),
        ),
        Row(
            what="`error`",
            does="Ends the run with this text, where it stands.",
            covers="action:error",
            tests=LOGGING("test_error_ends_the_run_with_its_text")
            + OUTCOMES("test_an_error_action_ends_the_run_and_every_worker"),
        ),
        Row(
            what="`exec command`",
            does="A command of the shell, keywords filled in. Runs beside the load, bounded in number; what fails is told.",
            covers="action:exec",
            tests=COMMANDS("test_what_is_handed_on")
            + SHELL(
                "test_starting_waits_for_nothing_and_children_are_reaped",
                "test_what_fails_is_told_by_its_name_and_status_and_counted",
                "test_only_so_many_run_and_only_so_many_wait",
            )
            + STOPPING("test_commands_are_run_and_what_fails_is_a_warning"),
        ),
        Row(
            what='`exec int_cmd="stop_call"`',
            covers="action:exec.int_cmd",
            does="The call ends as failed; its peer is not told.",
            tests=HALTING("test_a_call_that_is_stopped_has_failed_and_its_peer_is_not_told")
            + STOPPING("test_calls_that_are_stopped_fail_the_run")
            + PARITY("test_scenario_files[stop_call]"),
        ),
        Row(
            what='`exec int_cmd="stop_gracefully"`',
            does="The run ends when its open calls have ended.",
            tests=STOPPING("test_a_scenario_may_end_its_run_when_its_calls_have_ended")
            + PARITY("test_scenario_files[stop_gracefully]"),
        ),
        Row(
            what='`exec int_cmd="stop_now"`',
            does="The run ends at once.",
            tests=STOPPING("test_a_scenario_may_end_its_run_at_once") + PARITY("test_scenario_files[stop_now]"),
        ),
        Row(
            what="`setdest`",
            does="What the call sends from here on goes to this host and port; the protocol stays that of the run.",
            covers="action:setdest",
            tests=CONNECTIONS("test_what_is_handed_on", "test_the_protocol_stays_that_of_the_run")
            + DESTINATIONS("test_an_address_is_taken_at_once", "test_a_name_is_looked_up_and_what_is_sent_meanwhile_waits")
            + ELSEWHERE("test_the_same_goes_to_the_same_places"),
        ),
        Row(
            what="`closecon`",
            does="Closes the connection, or the socket, that only this call uses; the next message opens another.",
            covers="action:closecon",
            tests=CONNECTIONS("test_what_is_handed_on")
            + REDIRECT(
                "test_a_call_whose_connection_was_closed_connects_again_when_it_sends",
                "test_a_socket_of_its_own_is_renewed_and_goes_on_to_where_it_sent",
                "test_what_calls_share_is_not_closed",
            )
            + ELSEWHERE("test_the_same_goes_to_the_same_places"),
        ),
        Row(
            what="An action that there is not, or that lacks something",
            does="An error with its line and a hint.",
            tests=EXPRESSIONS("test_what_is_no_action")
            + NUMBERS("test_what_is_no_action")
            + TEXT("test_what_is_no_action")
            + LOAD("test_what_is_refused"),
        ),
    ),
)

SECTIONS = (_TEXT, _NUMBERS, _FLOW)
