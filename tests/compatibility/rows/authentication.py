# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digest authentication and identities (STIR/SHAKEN), as client and as server."""

from __future__ import annotations

from tests.compatibility.table import Kind, Row, Section, tests_in

CALL = tests_in("engine/call/test_authentication.py")
SCENARIO = tests_in("engine/scenario/test_authentication.py")
AKA = tests_in("engine/sip/authentication/test_aka.py")
CLIENT = tests_in("engine/sip/authentication/test_client.py")
DIGEST = tests_in("engine/sip/authentication/test_digest.py")
MILENAGE = tests_in("engine/sip/authentication/test_milenage.py")
SIGNED = tests_in("engine/scenario/test_identity.py")
STIR = tests_in("engine/sip/stir/test_identity.py")
ES256 = tests_in("engine/sip/stir/test_es256.py")
IDENTITY = tests_in("interop/test_identity.py")
SERVER = tests_in("engine/sip/authentication/test_server.py")
OPTIONS = tests_in("engine/shard/test_options.py")
INTEROP = tests_in("interop/test_authentication.py")
PARITY = tests_in("interop/test_wire_parity.py")

SECTION = Section(
    title="Authentication and identity",
    rows=(
        Row(
            what="`[authentication username=… password=…]`",
            does="The header line that answers the challenge which a `recv` with `auth` kept. Both may hold keywords.",
            covers="keyword:authentication",
            tests=SCENARIO(
                "test_the_response_is_of_the_method_and_the_peers_uri",
                "test_forms_of_the_same",
                "test_keywords_in_arguments",
            )
            + CALL("test_a_challenge_is_answered")
            + PARITY("test_scenario_files[challenged]"),
        ),
        Row(
            what="`Authorization`, `Proxy-Authorization`",
            does="The first for a 401, the second for a 407.",
            tests=CLIENT("test_the_header_goes_by_the_status", "test_the_header_that_belongs_to_the_status_comes_first")
            + SCENARIO("test_a_407_is_answered_with_the_proxys_header"),
        ),
        Row(
            what="MD5, SHA-256",
            does="As the examples of RFC 2617 and RFC 7616 have it.",
            tests=DIGEST("test_the_example_of_rfc_2617", "test_the_examples_of_rfc_7616") + CLIENT("test_the_line_is_sipps"),
            note="SHA-256 is of SIPp 3.7.",
        ),
        Row(
            what="SHA-512-256",
            does="The third hash of RFC 7616.",
            kind=Kind.OURS,
            tests=DIGEST("test_sha_512_256_is_the_hash_of_fips_180_4"),
        ),
        Row(
            what="`-sess`",
            does="The nonce and the first cnonce go into the key.",
            tests=DIGEST("test_what_goes_into_a_response") + CLIENT("test_a_session_keeps_its_cnonce"),
        ),
        Row(
            what="`qop=auth`, `auth-int`",
            does="With a cnonce and a count; `auth-int` takes the body in.",
            tests=DIGEST("test_what_goes_into_a_response") + SCENARIO("test_the_body_counts_for_auth_int"),
        ),
        Row(
            what="`nc`",
            does="Counts how often a nonce was used.",
            tests=CALL("test_a_nonce_is_used_again_and_counted")
            + CLIENT("test_the_uses_of_a_nonce_are_counted", "test_a_nonce_that_comes_again_goes_on_counting"),
        ),
        Row(
            what="Several challenges",
            does="The topmost that can be answered is.",
            tests=CLIENT("test_of_several_challenges_the_topmost_that_can_be_answered"),
        ),
        Row(
            what="AKAv1-MD5 (`aka_K`, `aka_OP`, `aka_AMF`)",
            does="With Milenage, tested with the sets of 3GPP TS 35.208.",
            tests=MILENAGE("test_set_of_35_208", "test_there_are_all_sets")
            + AKA("test_a_challenge_is_answered_with_res", "test_a_number_that_is_too_low_is_answered_with_auts")
            + SCENARIO("test_an_aka_challenge_is_answered_with_its_res"),
        ),
        Row(
            what="`-au`, `-ap`, `-auth_uri`",
            does="User (else `-s`), password and URI where the keyword names none.",
            covers="flag:-au flag:-ap flag:-auth_uri",
            tests=SCENARIO("test_who_is_named_nowhere_is_told_by_options", "test_the_uri_may_be_given")
            + OPTIONS("test_credentials_are_told_by_options"),
        ),
        Row(
            what="A challenge that cannot be answered",
            does="Fails the call and says why; without a `recv` that keeps one a warning comes before the run.",
            tests=CALL("test_a_challenge_that_cannot_be_answered_fails_the_call")
            + SCENARIO("test_a_challenge_that_nothing_keeps_is_told", "test_a_key_of_another_length_is_refused"),
        ),
        Row(
            what="`verifyauth`",
            does="Whether the request has the credentials of this user, as a boolean.",
            covers="action:verifyauth",
            tests=SCENARIO(
                "test_what_the_keyword_answers_the_action_believes",
                "test_a_res_is_believed_of_who_has_the_keys",
                "test_what_verifyauth_needs",
            )
            + SERVER("test_what_is_not_authentic", "test_aka")
            + INTEROP("test_a_wrong_password_is_seen"),
        ),
        Row(
            what="`register_auth_uac` with `register_auth_uas`",
            does="A registration that is challenged with 401.",
            covers="scenario:register_auth_uac scenario:register_auth_uas",
            kind=Kind.OURS,
            tests=INTEROP("test_we_answer_sipps_challenge", "test_sipp_answers_our_challenge"),
        ),
        Row(
            what="`invite_auth_uac` with `invite_auth_uas`",
            does="A call that is challenged with 407.",
            covers="scenario:invite_auth_uac scenario:invite_auth_uas",
            kind=Kind.OURS,
            tests=INTEROP("test_we_answer_sipps_challenge", "test_sipp_answers_our_challenge"),
        ),
        Row(
            what='`[identity attest="A" orig=… dest=… key=FILE x5u=URL]`',
            does="An Identity header with a PASSporT (RFC 8225, RFC 8588), signed with ES256.",
            covers="keyword:identity",
            kind=Kind.OURS,
            tests=SIGNED(
                "test_a_header_is_signed",
                "test_alone_in_its_line_it_is_the_whole_header",
                "test_arguments_may_hold_keywords",
                "test_what_is_refused",
            )
            + ES256("test_the_signature_of_rfc_8225")
            + STIR("test_the_example_of_rfc_8588"),
        ),
        Row(
            what="`verifyidentity`",
            does="Whether the request proves who calls, as a boolean; a second variable says why not.",
            covers="action:verifyidentity",
            kind=Kind.OURS,
            tests=SIGNED("test_what_is_believed", "test_a_second_variable_says_why_not", "test_a_check_fails_the_call")
            + STIR("test_what_proves_it", "test_what_proves_nothing", "test_the_wrong_key_and_a_changed_token")
            + IDENTITY("test_a_signed_call"),
        ),
    ),
)
