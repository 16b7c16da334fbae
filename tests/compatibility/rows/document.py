# SPDX-License-Identifier: AGPL-3.0-or-later
"""The file: what XML is taken, and what stands beside the commands."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

XML = tests_in("engine/scenario/test_document.py")
LOAD = tests_in("engine/scenario/test_load.py")
VARIABLES = tests_in("engine/scenario/test_variables.py")
INIT = tests_in("engine/shard/test_init.py")
DEFAULTS = tests_in("engine/call/test_defaults.py")
PARITY = tests_in("interop/test_wire_parity.py")
WAITING = tests_in("engine/call/test_waiting.py")
ELEMENTS = tests_in("engine/scenario/test_elements.py")

SECTION = Section(
    title="The file",
    rows=(
        Row(
            what='`<scenario name="…">`',
            does="The outermost element, with the name that reports show. Any other is refused.",
            covers="element:scenario attribute:scenario.name",
            tests=ELEMENTS("test_a_scenario_has_the_name_that_it_says") + LOAD("test_what_is_no_scenario_is_one_problem"),
        ),
        Row(
            what="Any encoding declaration, or none",
            does="The bytes of a message go out as they stand in the file, whatever the declaration says.",
            tests=LOAD("test_bytes_reach_the_message_whatever_the_encoding_says", "test_a_declaration_is_not_needed"),
        ),
        Row(
            what='`<!DOCTYPE scenario SYSTEM "sipp.dtd">`',
            does="Read over; nothing is fetched.",
            tests=LOAD("test_the_dtd_is_not_fetched") + XML("test_what_is_taken_without_a_word"),
        ),
        Row(
            what="Entities",
            does="`&lt; &gt; &quot; &amp;` in attributes are known; any other stays as it is, none is read or expanded.",
            tests=LOAD("test_no_entity_is_read_or_expanded", "test_attributes_have_sipps_escapes_and_entities_only"),
        ),
        Row(
            what="A plain `<` or `&` in an attribute",
            does="`&` stands for itself; `<` too, with a warning.",
            tests=LOAD("test_what_is_only_warned_of") + XML("test_attributes"),
            note="SIPp 3.6.1 refuses the `<`; 3.7 takes it.",
        ),
        Row(
            what="An unknown or misspelt attribute",
            does="A warning with its line and the nearest known name; it is ignored.",
            tests=LOAD("test_what_is_only_warned_of"),
        ),
        Row(
            what="An unknown element, action or keyword",
            does="An error with its line and the nearest known name. All problems of a file are told at once.",
            tests=LOAD("test_what_is_refused", "test_all_problems_at_once_by_line"),
        ),
        Row(
            what="`gossipper check FILE …`",
            does="Tells every problem of scenario files, without running them.",
            kind=Kind.OURS,
            tests=tests_in("gossipper_tui/cli/test_bad_input.py")(
                "test_check_prints_every_problem_of_every_file", "test_check_of_a_sound_file"
            ),
        ),
        Row(
            what="Sloppy XML as people write it",
            does="Missing end tags at the end, text between elements, comments with `--`, NUL bytes: taken as SIPp takes them.",
            tests=XML("test_what_is_taken_without_a_word", "test_what_is_taken_with_a_warning")
            + PARITY("test_scenario_files[sloppy]"),
        ),
        Row(
            what='`<ResponseTimeRepartition value="10, 20"/>`',
            does="The bounds in ms by which response times are counted.",
            covers="element:ResponseTimeRepartition attribute:ResponseTimeRepartition.value",
            tests=WAITING("test_response_times_are_counted_by_the_bounds_of_the_scenario"),
        ),
        Row(
            what='`<CallLengthRepartition value="10, 20"/>`',
            does="The same for the lengths of calls.",
            covers="element:CallLengthRepartition attribute:CallLengthRepartition.value",
            tests=WAITING("test_call_lengths_are_counted_by_the_bounds_of_the_scenario"),
        ),
        Row(
            what='`<Global variables="a,b"/>`',
            does="These variables are the run's: what one call sets, the others see. `-set name value` presets one.",
            covers="element:Global attribute:Global.variables",
            tests=VARIABLES("test_a_global_variable_is_the_same_for_all_calls_wherever_it_is_declared")
            + PARITY("test_scenario_files[globals]"),
            note="With `-workers` each process has its own.",
        ),
        Row(
            what='`<User variables="a,b"/>`',
            does="These variables are those of the user of `-users`; without users each call has its own.",
            covers="element:User attribute:User.variables",
            tests=VARIABLES(
                "test_a_user_variable_is_shared_by_the_calls_of_its_user",
                "test_without_users_each_call_has_its_own_user_variables",
            ),
        ),
        Row(
            what="A variable that is used only once",
            does="An error, since it is mistyped more often than not; a declaration in `Global` or `User` counts as a use.",
            tests=VARIABLES("test_a_declaration_counts_as_a_use") + LOAD("test_what_is_refused"),
        ),
        Row(
            what='`<Reference variables="a,b"/>`',
            does="Names variables that may be used only once.",
            covers="element:Reference attribute:Reference.variables",
            tests=ELEMENTS("test_a_reference_is_a_use"),
        ),
        Row(
            what='`<DefaultMessage id="…">`',
            does="Replaces a message of the default behaviours. The ids are checked.",
            covers="element:DefaultMessage attribute:DefaultMessage.id",
            tests=DEFAULTS("test_a_scenario_may_have_default_messages_of_its_own") + LOAD("test_what_is_refused"),
        ),
        Row(
            what='`id="ack"`',
            does="The ACK of an error response that aborts a call.",
            covers="default-message:ack",
            tests=DEFAULTS("test_a_scenario_may_have_default_messages_of_its_own"),
        ),
        Row(
            what='`id="ack2"`',
            does="The ACK of a 2xx before the BYE that ends an aborted call.",
            covers="default-message:ack2",
            tests=DEFAULTS("test_the_ack_before_a_bye_has_a_message_of_its_own"),
        ),
        Row(
            what='`id="bye"`',
            does="The BYE that ends an aborted call that was established.",
            covers="default-message:bye",
            tests=DEFAULTS("test_a_scenario_may_have_default_messages_of_its_own"),
        ),
        Row(
            what='`id="cancel"`',
            does="The CANCEL of an aborted call that had a provisional answer only.",
            covers="default-message:cancel",
            tests=DEFAULTS("test_a_scenario_may_have_default_messages_of_its_own"),
        ),
        Row(
            what='`id="200"`',
            does="The answer to a BYE, CANCEL or PING, and with `-aa` to INFO, NOTIFY, OPTIONS and UPDATE.",
            covers="default-message:200",
            tests=DEFAULTS("test_a_scenario_may_have_default_messages_of_its_own"),
        ),
        Row(
            what='`id="3pcc_abort"`',
            does="Read; there is no twin yet to send it to.",
            covers="default-message:3pcc_abort",
            tests=ELEMENTS("test_the_message_to_a_twin_is_read"),
        ),
        Row(
            what="`<init>`",
            does="Run once before the first call; only what it sets in global variables stays. A failure in it is told.",
            covers="element:init",
            tests=INIT("test_what_it_assigns_to_globals_stays", "test_other_variables_are_its_own")
            + PARITY("test_scenario_files[init]"),
        ),
        Row(
            what="What stands in an `<init>`",
            does="`nop`, `label` and `pause`; its labels are its own. Anything else is refused.",
            tests=INIT("test_its_labels_are_its_own_and_jumps_and_pauses_work") + LOAD("test_what_is_refused"),
        ),
        Row(
            what="The first message decides",
            does="A scenario that first sends is a client, one that first receives a server.",
            tests=LOAD("test_the_first_message_decides_the_role"),
        ),
    ),
)
