# SPDX-License-Identifier: AGPL-3.0-or-later
"""The attributes that every command may have."""

from __future__ import annotations

from tests.compatibility.table import Row, Section, tests_in

CALL = tests_in("engine/call/test_call.py")
FLOW = tests_in("engine/call/test_flow.py")
LOAD = tests_in("engine/scenario/test_load.py")
WAITING = tests_in("engine/call/test_waiting.py")
ELEMENTS = tests_in("engine/scenario/test_elements.py")
PARITY = tests_in("interop/test_wire_parity.py")

SECTION = Section(
    title="Attributes of every command",
    rows=(
        Row(
            what="`start_rtd`",
            does="Starts response timers of these names; one that nobody stops is an error. A timer that nobody starts begins "
            "with the call.",
            covers="attribute:*.start_rtd",
            tests=CALL("test_timers_start_and_stop_where_the_scenario_says") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`rtd`",
            does='Takes the time of these timers; `"true"` is the timer `1`.',
            covers="attribute:*.rtd",
            tests=CALL("test_timers_start_and_stop_where_the_scenario_says", "test_a_whole_call_succeeds_and_is_measured"),
        ),
        Row(
            what="`repeat_rtd`",
            does="The timer may be taken again in the same call.",
            covers="attribute:*.repeat_rtd",
            tests=WAITING("test_a_timer_is_taken_once_unless_it_repeats") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`crlf`",
            does="A blank line below the step on the screens; any value.",
            covers="attribute:*.crlf",
            tests=LOAD("test_a_run_of_every_attribute"),
        ),
        Row(
            what="`next`",
            does="The label where the call goes from here.",
            covers="attribute:*.next",
            tests=CALL("test_next_jumps_and_test_decides") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="`test`",
            does="`next` is followed only when this variable is set.",
            covers="attribute:*.test",
            tests=CALL("test_next_jumps_and_test_decides"),
        ),
        Row(
            what="`chance`",
            does="`next` is followed with this probability, from 0 to 1.",
            covers="attribute:*.chance",
            tests=FLOW(
                "test_chance_is_that_of_following_next", "test_a_chance_that_fails_lets_an_optional_lead_to_the_next_step"
            ),
        ),
        Row(
            what="`condexec`",
            does="The step is passed over when this variable is not set.",
            covers="attribute:*.condexec",
            tests=FLOW("test_condexec"),
        ),
        Row(
            what="`condexec_inverse`",
            does="The step is passed over when the variable of `condexec` is set.",
            covers="attribute:*.condexec_inverse",
            tests=FLOW("test_condexec"),
        ),
        Row(
            what="`counter`",
            does="Counts how often calls come by, under this name.",
            covers="attribute:*.counter",
            tests=CALL("test_next_jumps_and_test_decides"),
        ),
        Row(
            what="`display`",
            does="The text that screens show for the step.",
            covers="attribute:*.display",
            tests=ELEMENTS("test_what_screens_show_of_a_step") + LOAD("test_a_run_of_every_attribute"),
        ),
        Row(
            what="`hide`",
            does="Screens leave the step out.",
            covers="attribute:*.hide",
            tests=ELEMENTS("test_what_screens_show_of_a_step") + LOAD("test_a_run_of_every_attribute"),
        ),
        Row(
            what="`hiderest`",
            does="Screens leave out this step and all behind it, to the one that says otherwise.",
            covers="attribute:*.hiderest",
            tests=ELEMENTS("test_what_screens_show_of_a_step"),
        ),
        Row(
            what="`lost` (%)",
            does="So many of the messages are lost on purpose, sent or received.",
            covers="attribute:*.lost",
            tests=CALL("test_a_lost_message_is_counted_and_not_sent", "test_a_received_message_that_is_lost_never_came"),
        ),
        Row(
            what="What a step that is passed over still does",
            does="Its `next` is followed, as in SIPp.",
            tests=FLOW("test_condexec") + PARITY("test_scenario_files[branches]"),
        ),
    ),
)
