# SPDX-License-Identifier: AGPL-3.0-or-later
"""Built-in scenarios, and how a run is given one."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

COMMANDS = tests_in("gossipper_tui/cli/test_commands.py")
LIBRARY = tests_in("engine/scenario/test_library.py")
PARITY = tests_in("interop/test_wire_parity.py")
BRANCHES = tests_in("interop/test_branches.py")
BOTH = tests_in("interop/test_both_roles.py")
SECOND = tests_in("engine/shard/test_second_scenarios.py")
SECONDS = tests_in("interop/test_second_scenarios.py")
RUN = tests_in("engine/run/test_seconds.py")
PAIRS = tests_in("interop/test_pairs.py")
MEDIA_PAIRS = tests_in("interop/media/test_media_pairs.py")
MEDIA_FILES = tests_in("engine/scenario/test_media_files.py")
DATA = tests_in("engine/run/test_data.py")
ELEMENTS = tests_in("engine/scenario/test_elements.py")
RUNS = tests_in("gossipper_tui/cli/test_runs.py")


def _same(name: str) -> tuple[str, ...]:
    return PARITY(f"test_built_in_scenarios[{name}]", f"test_our_files_of_built_in_scenarios_run_in_sipp[{name}]")


def _pair(name: str, does: str) -> Row:
    return Row(
        what=f"`{name}_uac` with `{name}_uas`",
        does=f"To start from: {does}.",
        covers=f"scenario:{name}_uac scenario:{name}_uas",
        kind=Kind.OURS,
        tests=PAIRS(f"test_each_side_against_sipp[{name}]"),
    )


def _media_pair(name: str, does: str) -> Row:
    return Row(
        what=f"`{name}_uac` with `{name}_uas`",
        does=f"To start from: {does}.",
        covers=f"scenario:{name}_uac scenario:{name}_uas",
        kind=Kind.OURS,
        tests=MEDIA_PAIRS(f"test_both_sides_hear_each_other[{name}]"),
    )


SECTION = Section(
    title="Scenarios",
    about="The built-in ones are files of our own that send the same messages.",
    rows=(
        Row(
            what="`-sf FILE`",
            does="A scenario file, or a pipe.",
            covers="flag:-sf",
            tests=LIBRARY("test_files_go_by_path")
            + RUNS("test_a_scenario_comes_from_standard_input_or_from_a_command_of_the_shell"),
        ),
        Row(
            what="`-sn NAME`",
            does="A built-in scenario; `uac` without either.",
            covers="flag:-sn",
            tests=LIBRARY("test_built_in_scenarios_go_by_name") + BOTH("test_uas_against_sipp"),
        ),
        Row(
            what="`-sd NAME`",
            does="Prints a built-in scenario.",
            tests=COMMANDS("test_built_in_scenarios_are_printed"),
        ),
        Row(
            what="`uac`",
            does="A basic call, the caller.",
            covers="scenario:uac",
            tests=_same("uac") + BOTH("test_uac_against_sipp"),
        ),
        Row(
            what="`uas`",
            does="A basic call, the callee.",
            covers="scenario:uas",
            tests=_same("uas") + BOTH("test_uas_against_sipp"),
        ),
        Row(what="`regexp`", does="A call with expressions.", covers="scenario:regexp", tests=_same("regexp")),
        Row(
            what="`branchc`",
            does="Registers, then calls; the caller of `branchs`.",
            covers="scenario:branchc",
            tests=_same("branchc") + BRANCHES("test_branchc_against_sipp"),
        ),
        Row(
            what="`branchs`",
            does="Its callee.",
            covers="scenario:branchs",
            tests=_same("branchs") + BRANCHES("test_branchs_against_sipp"),
        ),
        Row(
            what="`ooc_dummy`",
            does="Does nothing with what is out of call.",
            covers="scenario:ooc_dummy",
            tests=RUN("test_ooc_dummy_answers_nothing"),
        ),
        Row(
            what="`ooc_default`",
            does="Answers what is out of call with 200, as SIPp's does.",
            covers="scenario:ooc_default",
            tests=SECONDS("test_a_client_answers_what_has_no_call_with_a_scenario"),
        ),
        Row(
            what="`-oocsf FILE`, `-oocsn NAME`",
            does="A scenario for requests to a client that belong to no call.",
            covers="flag:-oocsf flag:-oocsn",
            tests=SECONDS("test_a_client_answers_what_has_no_call_with_a_scenario")
            + RUN("test_what_belongs_to_no_call_is_answered_by_the_scenario_that_is_named")
            + SECOND("test_a_request_out_of_call_runs_its_scenario_and_is_no_call"),
        ),
        Row(
            what="`-rxsf FILE`, `-rxsn NAME`",
            does="A client's second, server scenario for calls that come in.",
            covers="flag:-rxsf flag:-rxsn",
            tests=SECONDS("test_a_client_takes_calls_with_a_second_scenario")
            + RUN("test_a_client_takes_calls_with_the_scenario_that_is_named")
            + SECOND("test_a_call_that_comes_in_runs_the_server_scenario_and_is_counted"),
            note="Of SIPp 3.7.",
        ),
        Row(
            what="`-rxinf FILE`",
            does="A data file for calls that come in to a client.",
            covers="flag:-rxinf",
            tests=DATA("test_incoming_calls_have_data_files_of_their_own"),
            note="Of SIPp 3.7.",
        ),
        Row(
            what="`uac_pcap`",
            does="A call that plays two captures, which come with the program.",
            covers="scenario:uac_pcap",
            tests=_same("uac_pcap") + MEDIA_FILES("test_a_built_in_scenario_plays_what_came_with_us"),
        ),
        _pair("cancel", "a call that is cancelled"),
        _pair("message", "MESSAGE"),
        _pair("prack", "a reliable provisional response"),
        _pair("record_route", "a call through a proxy that stays in between"),
        _pair("refer", "a call that is transferred"),
        _pair("reinvite", "a call that is put on hold"),
        _pair("subscribe", "SUBSCRIBE and NOTIFY"),
        _pair("update", "UPDATE in a call"),
        _media_pair("dtls_srtp", "SRTP with keys from DTLS"),
        _media_pair("dtmf", "digits as telephone events, sent and waited for"),
        _media_pair("echo", "a test pattern that comes back"),
        _media_pair("fax", "T.38 from a capture"),
        _media_pair("srtp", "SRTP with keys from SDES"),
        _media_pair("stream", "audio both ways"),
        _media_pair("video", "video from a capture"),
        Row(
            what="`3pcc-A`, `3pcc-B`, `3pcc-C-A`, `3pcc-C-B`",
            does="They come with 3PCC.",
            covers="scenario:3pcc-A scenario:3pcc-B scenario:3pcc-C-A scenario:3pcc-C-B",
            kind=Kind.REFUSED,
            tests=ELEMENTS("test_a_built_in_scenario_of_later_is_refused_by_name"),
        ),
    ),
)
