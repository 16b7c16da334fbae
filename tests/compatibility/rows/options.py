# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options that decide what a scenario says and does, as far as no other section has them."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

ARGUMENTS = tests_in("gossipper_tui/cli/test_arguments.py")
ADDRESSES = tests_in("engine/transport/test_addresses.py")
ASIDE = tests_in("interop/test_sending_aside.py")
HOLDERS = tests_in("engine/transport/test_holders.py")
LINKS = tests_in("engine/transport/test_own_links.py")
OPTIONS = tests_in("engine/shard/test_options.py")
OUTCOMES = tests_in("engine/run/test_outcomes.py")
RETRANSMISSION = tests_in("engine/call/test_retransmission.py")
SHARDS = tests_in("engine/shard/test_shards.py")
STARTING = tests_in("engine/run/test_starting.py")
VARIABLES = tests_in("engine/scenario/test_variables.py")

REACHES = OPTIONS("test_an_option_reaches_the_calls")
SAYS = OPTIONS("test_what_messages_say_is_told_by_options")


def _refused(*flags: str) -> tuple[str, ...]:
    return ARGUMENTS(*(f"test_what_is_not_built_is_refused_by_name[{flag}]" for flag in flags))


TLS = tests_in("engine/transport/stream/test_tls.py")

SECTION = Section(
    title="Options of the language",
    about="Every other flag of SIPp's is taken, or refused by name; `gossipper help sipp` lists those that there are.",
    rows=(
        Row(
            what="`-s NAME`",
            does="The user part of the request URI: `[service]`.",
            covers="flag:-s",
            tests=SAYS,
        ),
        Row(
            what="`-d TIME`",
            does="The length of a pause that names none.",
            covers="flag:-d",
            tests=OPTIONS("test_a_pause_that_names_no_length"),
        ),
        Row(
            what="`-lost PERCENT`",
            does="So many of all messages are lost on purpose.",
            covers="flag:-lost",
            tests=OPTIONS("test_messages_are_lost_on_purpose"),
        ),
        Row(
            what="`-set NAME VALUE`",
            does="What a variable in `Global` begins with.",
            covers="flag:-set",
            tests=SAYS + VARIABLES("test_a_global_variable_begins_with_its_preset"),
        ),
        Row(
            what="`-recv_timeout TIME`",
            does="The longest wait of every `recv`.",
            covers="flag:-recv_timeout",
            tests=OPTIONS("test_every_recv_has_a_longest_wait"),
        ),
        Row(
            what="`-timeout TIME`",
            does="The run ends after this time.",
            covers="flag:-timeout",
            tests=OUTCOMES("test_the_time_is_up"),
        ),
        Row(
            what="`-timeout_error`",
            does="That is an error.",
            covers="flag:-timeout_error",
            tests=OUTCOMES("test_the_time_is_up"),
        ),
        Row(
            what="`-max_invite_retrans N`",
            does="5 by default.",
            covers="flag:-max_invite_retrans",
            tests=REACHES + RETRANSMISSION("test_an_invite_doubles_from_t1_without_cap_and_gives_up_after_five"),
        ),
        Row(
            what="`-max_non_invite_retrans N`",
            does="7 by default.",
            covers="flag:-max_non_invite_retrans",
            tests=REACHES + RETRANSMISSION("test_other_requests_double_up_to_t2_and_give_up_after_seven"),
        ),
        Row(
            what="`-max_retrans N`",
            does="Lowers both.",
            covers="flag:-max_retrans",
            tests=REACHES,
        ),
        Row(
            what="`-nr`",
            does="Nothing is retransmitted.",
            covers="flag:-nr",
            tests=OPTIONS("test_nothing_is_retransmitted_when_that_is_said"),
        ),
        Row(
            what="`-T2 TIME`",
            does="The longest interval between retransmissions of what is no INVITE; 4 s by default.",
            covers="flag:-T2",
            tests=REACHES + RETRANSMISSION("test_other_requests_double_up_to_t2_and_give_up_after_seven"),
        ),
        Row(
            what="`-tls_cert FILE`, `-tls_key FILE`",
            does="The certificate that we show, and its key, which may have a password; without both SIPp's own names in the "
            "working folder, `cacert.pem` and `cakey.pem`.",
            tests=TLS(
                "test_both_sides_agree_and_speak",
                "test_a_key_with_a_password_is_opened_by_the_environment",
                "test_the_files_that_sipp_looks_for_are_ours_too",
            ),
        ),
        Row(
            what="`-tls_ca FILE`",
            does="A client verifies the server and its name, a server lets in who has a certificate of that CA; without it "
            "nobody is verified.",
            tests=TLS("test_a_server_that_is_not_to_be_trusted", "test_a_server_with_a_ca_lets_in_who_has_a_certificate"),
        ),
        Row(
            what="`-tls_crl FILE`",
            does="Refuses certificates that this list revokes; only with `-tls_ca`.",
            tests=TLS("test_a_server_that_is_not_to_be_trusted", "test_a_list_that_revokes_somebody_else_revokes_nobody"),
        ),
        Row(
            what="`-tls_version 1.0|1.1|1.2|1.3`",
            does="The one version to speak.",
            tests=TLS("test_a_version_that_was_asked_for_is_the_one_that_is_spoken", "test_versions_that_do_not_meet"),
        ),
        Row(
            what="`-rsa HOST[:PORT]`",
            does="All that a run sends goes there, answers too; `[remote_ip]` and `[remote_port]` stay the remote host's, "
            "and `setdest` still sends a call elsewhere.",
            covers="flag:-rsa",
            kind=Kind.DIFFERS,
            note="SIPp answers over UDP from a port of its own, we from the one that was called; without a port SIPp sends "
            "nothing, we to 5060.",
            tests=ASIDE(
                "test_a_client_sends_to_the_same_places",
                "test_a_server_answers_there_and_we_from_the_port_that_was_called",
                "test_a_server_answers_there_by_a_connection",
                "test_calls_succeed_though_nobody_is_where_messages_say",
            )
            + ADDRESSES("test_all_may_go_to_another_place_than_messages_say"),
        ),
        Row(
            what="`-i ADDRESS`",
            does="Sockets are bound to it, with `-bind_local` and without, and `[local_ip]` says it. A name is looked up; its "
            "family decides which addresses of the remote host are meant.",
            kind=Kind.DIFFERS,
            note="SIPp writes the zone of an address (`fe80::1%eth0`) into messages, which RFC 4007 forbids; we do not. "
            "With `0.0.0.0` and `::`, which bind to every address, SIPp says just that, we the "
            "address that messages leave from.",
            tests=ADDRESSES(
                "test_what_is_said_and_what_is_bound",
                "test_a_zone_is_for_sockets_and_not_for_messages",
                "test_the_family_of_the_local_address_decides_which_addresses_of_a_host_are_meant",
            )
            + LINKS("test_calls_between_addresses_of_one_link"),
        ),
        Row(
            what="`-p PORT`",
            does="The local port. Without it 5060 or one of the 59 after it, else any free one. Of one that cannot be had is "
            "told why, and who has it; the exit code is 254.",
            kind=Kind.DIFFERS,
            note="0 is any free port, for SIPp the same as none. SIPp's exit code is 254 for a port that is taken, else 255.",
            tests=HOLDERS(
                "test_without_a_port_the_next_is_taken_and_what_helps_nothing_is_not_tried_again",
                "test_a_port_that_is_taken_is_told_with_who_has_it",
                "test_a_port_that_needs_privileges",
            )
            + STARTING("test_who_has_a_port_is_told"),
        ),
        Row(
            what="`-buff_size BYTES`",
            does="What is asked of the kernel for what comes in and what goes out; where it gives less there is a warning.",
            kind=Kind.DIFFERS,
            note="8 MiB unless given, with SIPp 64 KiB; privileged runs get more than the kernel's limit.",
            tests=HOLDERS("test_what_the_kernel_gave_less_of_is_told"),
        ),
        Row(
            what="`-bind_local`",
            does="Without `-i` too, sockets are bound to the address that `[local_ip]` says instead of every one.",
            tests=ADDRESSES("test_what_is_said_and_what_is_bound"),
        ),
        Row(
            what="`-bind_to_device DEVICE`",
            does="Everything is sent and received by this network device only.",
            tests=LINKS("test_a_port_is_had_on_each_device_and_hears_only_that", "test_calls_by_one_device"),
        ),
        Row(
            what="`-seed N`",
            does="The run draws the same random numbers as another with this seed.",
            covers="flag:-seed",
            kind=Kind.OURS,
            tests=SHARDS("test_a_seed_repeats_what_is_drawn"),
        ),
        Row(
            what="`-3pcc`, `-master`, `-slave`, `-slave_cfg`",
            does="They come with 3PCC.",
            kind=Kind.REFUSED,
            tests=_refused("-3pcc", "-master", "-slave", "-slave_cfg"),
        ),
        Row(
            what="A flag that is not built",
            does="Refused by name, never swallowed; every flag of SIPp's is known.",
            tests=ARGUMENTS("test_what_is_not_built_is_refused_by_name", "test_every_flag_of_sipp_is_known"),
        ),
    ),
)
