# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media: what scenarios say of them, and the options that go with it."""

from __future__ import annotations

from engine.media.srtp.crypto_words import CRYPTO_WORDS
from tests.compatibility.table import Kind, Row, Section, tests_in

ARGUMENTS = tests_in("gossipper_tui/cli/test_arguments.py")
ECHOES = tests_in("engine/media/test_echo_check.py")
FACTS = tests_in("engine/scenario/test_keywords.py")
FIGURES = tests_in("interop/media/test_figures.py")
COMMANDS = tests_in("engine/scenario/actions/test_media.py")
DIGITS = tests_in("engine/scenario/test_digits.py")
DIGITS_OF_CALL = tests_in("engine/call/test_digits.py")
HOLDING = tests_in("engine/call/test_holding.py")
KEYWORDS = tests_in("engine/scenario/test_media_keywords.py")
PARITY = tests_in("interop/test_wire_parity.py")
SAID = tests_in("interop/media/test_what_scenarios_say.py")
WORDS = tests_in("engine/media/srtp/test_crypto_words.py")

_MADE = KEYWORDS("test_what_the_media_of_a_call_say")
_PORTS = _MADE + KEYWORDS("test_a_message_cannot_be_made_without_a_port") + PARITY("test_scenario_files[media_streams]")
_CAPTURES = COMMANDS("test_what_is_refused") + PARITY("test_scenario_files[media_captures]")


def _crypto(prefix: str) -> str:
    return " ".join(f"keyword:{name}" for name in CRYPTO_WORDS if name.startswith(prefix))


_KEYWORDS = Section(
    title="Media: keywords",
    about="Where media go, in which formats and with which keys is what the SDP says that was sent and received.",
    rows=(
        Row(
            what="`[rtpstream_audio_port]`, `[rtpstream_video_port]`",
            does="The call's own port, a free one of the range, taken when it is first said; with `+1` that of RTCP. "
            "A call that gets none has failed.",
            covers="keyword:rtpstream_audio_port keyword:rtpstream_video_port",
            note="SIPp 3.6 ignores the offset.",
            tests=_PORTS + SAID("test_a_call_that_gets_no_port_has_failed"),
        ),
        Row(
            what="`[rtpstream_image_port]`",
            does="The same for T.38.",
            covers="keyword:rtpstream_image_port",
            kind=Kind.OURS,
            tests=_MADE,
        ),
        Row(
            what="`[cryptotag1audio]` and its like",
            does="The tag of a line, in an answer that of the line that is taken.",
            covers=_crypto("cryptotag"),
            note="SIPp 3.7; 3.6 has no SRTP.",
            tests=KEYWORDS("test_a_crypto_line_as_sipp_writes_it") + WORDS("test_an_answer_has_the_tag_of_what_it_takes"),
        ),
        Row(
            what="`[cryptosuiteaescm128sha1801audio]` and its like",
            does="The suite of a line; AES-GCM is ours.",
            covers=_crypto("cryptosuite"),
            note="SIPp 3.7.",
            tests=KEYWORDS("test_a_crypto_line_as_sipp_writes_it") + WORDS("test_sipps_names_and_ours_are_there"),
        ),
        Row(
            what="`[cryptokeyparams1audio]` and its like",
            does="A new key, or with a negative offset the one of before.",
            covers=_crypto("cryptokeyparams"),
            note="SIPp 3.7.",
            tests=KEYWORDS("test_a_key_may_be_said_again")
            + WORDS("test_a_key_is_new_each_time_and_an_offset_gives_the_old_one_again"),
        ),
        Row(
            what="`[ueaescm128sha1801audio]` and its like",
            does="Asks for packets that are signed and not encrypted.",
            covers=_crypto("ue"),
            note="SIPp 3.7.",
            tests=WORDS("test_sipps_names_and_ours_are_there"),
        ),
        Row(
            what="`[dtls_fingerprint]`, `[dtls_setup]`",
            does="The fingerprint of our certificate, and who begins the handshake (RFC 5763).",
            covers="keyword:dtls_fingerprint keyword:dtls_setup",
            kind=Kind.OURS,
            tests=_MADE,
        ),
        Row(
            what="`[ice_ufrag]`, `[ice_pwd]`",
            does="What connectivity checks of ICE are answered with.",
            covers="keyword:ice_ufrag keyword:ice_pwd",
            kind=Kind.OURS,
            tests=_MADE,
        ),
        Row(
            what="`[dtmf_digits]`",
            does="What the last `<recv dtmf>` took; before the first all digits that came.",
            covers="keyword:dtmf_digits",
            kind=Kind.OURS,
            tests=KEYWORDS("test_digits_that_came_and_those_that_were_taken")
            + DIGITS_OF_CALL("test_digits_that_came_before_count_and_what_is_left_is_for_the_next"),
        ),
    ),
)

_ACTIONS = Section(
    title="Media: what is done",
    rows=(
        Row(
            what="`exec rtp_stream`",
            does="Plays a file, a pattern or a made-up sound, and steers what plays.",
            covers="action:exec.rtp_stream",
            note="SIPp sends a file's bytes as they are; a WAV file is decoded, resampled and encoded here. "
            "`synthetic`, `stop` and `echo` are ours.",
            tests=COMMANDS(
                "test_what_is_streamed",
                "test_a_video_pattern_goes_on_the_video",
                "test_how_a_stream_is_steered",
                "test_the_payload_type_is_that_of_the_run_when_none_is_named",
                "test_what_is_refused",
            )
            + PARITY("test_scenario_files[media_streams]"),
        ),
        Row(
            what="Files that are played",
            does="Looked for beside the scenario, then in the working folder, then among those that come with the program; "
            "read once, when the run starts.",
            note="SIPp 3.6 looks for those of `rtp_stream` in the working folder only.",
            tests=COMMANDS(
                "test_a_file_is_looked_for_beside_the_scenario_and_then_here",
                "test_a_track_is_made_once_and_shared",
                "test_a_file_may_have_any_name",
                "test_a_file_is_only_looked_for_while_a_scenario_is_checked",
                "test_a_file_that_holds_nothing_that_can_be_played_ends_the_run_before_it_begins",
            ),
        ),
        Row(
            what="Keywords in their names",
            does="The first call that names a file waits until it is read; one that cannot be played fails the call.",
            kind=Kind.DIFFERS,
            note="SIPp reads it while all calls wait, and ends the run.",
            tests=COMMANDS(
                "test_a_file_that_a_keyword_names_is_played",
                "test_a_call_waits_for_a_file_that_it_names_first",
                "test_a_file_of_a_call_that_cannot_be_played_fails_it",
                "test_a_file_that_is_never_read_fails_the_call_that_waits",
            )
            + SAID("test_a_file_that_each_call_names"),
        ),
        Row(
            what="`exec play_pcap_audio`, `play_pcap_video`, `play_pcap_image`",
            does="Plays a capture with its gaps, on that kind of media.",
            covers="action:exec.play_pcap_audio action:exec.play_pcap_video action:exec.play_pcap_image",
            kind=Kind.DIFFERS,
            note="SIPp sends all UDP of the file; here it is the datagrams to one address and port. What is left out is told.",
            tests=_CAPTURES,
        ),
        Row(
            what="`exec play_dtmf`",
            does="Digits as events (RFC 4733), each with as long a silence behind it.",
            covers="action:exec.play_dtmf",
            tests=COMMANDS("test_what_else_media_are_told", "test_what_is_refused")
            + PARITY("test_scenario_files[media_captures]"),
        ),
        Row(
            what="`exec send_dtmf`",
            does="The same with a silence and a payload type of one's own.",
            covers="action:exec.send_dtmf",
            kind=Kind.OURS,
            tests=COMMANDS("test_what_else_media_are_told", "test_digits_of_a_call_that_are_none_fail_it")
            + SAID("test_digits_are_waited_for_and_media_checked"),
        ),
        Row(
            what="`exec rtp_echo`",
            does="Begins and ends the echo of audio or video; `start` and `stop` for both are ours.",
            covers="action:exec.rtp_echo",
            note="SIPp 3.7.",
            tests=COMMANDS("test_what_is_echoed", "test_what_is_refused")
            + SAID("test_digits_are_waited_for_and_media_checked"),
        ),
        Row(
            what="`rtp_echo`",
            does="Begins or ends the echo of the call.",
            covers="action:rtp_echo",
            kind=Kind.DIFFERS,
            note="SIPp's ends that of `-rtp_echo` for all calls.",
            tests=COMMANDS("test_what_is_echoed", "test_an_echo_may_depend_on_a_variable")
            + PARITY("test_scenario_files[media_streams]"),
        ),
        Row(
            what="`exec rtp_record`",
            does="Records what comes, or both ways in two channels, to a WAV file.",
            covers="action:exec.rtp_record",
            kind=Kind.OURS,
            tests=COMMANDS("test_what_else_media_are_told", "test_what_is_refused")
            + SAID("test_digits_are_waited_for_and_media_checked"),
        ),
        Row(
            what="`exec rtpcheck`",
            does="Waits for packets, then loss, jitter, gaps and MOS have to be as it says, else the call has failed.",
            covers="action:exec.rtpcheck",
            kind=Kind.OURS,
            tests=COMMANDS(
                "test_media_that_are_as_they_should_be",
                "test_media_that_are_not",
                "test_a_check_waits_for_packets_and_not_for_quality",
            )
            + HOLDING("test_a_call_waits_until_it_is_over", "test_or_until_it_is_late_and_has_failed_in_the_end")
            + SAID("test_a_check_that_fails_has_its_exit_code"),
        ),
        Row(
            what="`recv dtmf`",
            does="Waits for digits instead of a message.",
            covers="attribute:recv.dtmf",
            kind=Kind.OURS,
            tests=DIGITS("test_digits_begin_with_what_a_pattern_says", "test_what_is_refused")
            + DIGITS_OF_CALL(
                "test_a_call_goes_on_when_the_digits_have_come",
                "test_without_them_the_call_fails_and_its_peer_is_told",
                "test_or_it_goes_where_the_step_says",
            )
            + SAID("test_what_is_not_echoed_leads_elsewhere"),
        ),
        Row(
            what="`recv ignoresdp`",
            does="The SDP of the message changes nothing.",
            covers="attribute:recv.ignoresdp",
            tests=HOLDING("test_sdp_is_handed_on_where_a_call_has_media") + PARITY("test_scenario_files[media_captures]"),
        ),
    ),
)

_OPTIONS = Section(
    title="Media: options",
    about="`-mb`, `-rtp_threadtasks`, `-rtp_buffsize`, `-rtpcheck_debug` and `-srtpcheck_debug` are taken and change nothing.",
    rows=(
        Row(
            what="`-mi`",
            does="The address for media.",
            covers="flag:-mi",
            tests=SAID("test_media_have_an_address_of_their_own") + FACTS("test_the_media_address_is_its_own"),
        ),
        Row(
            what="`-mp`, `-min_rtp_port`",
            does="The port of all calls, `[media_port]`, and where those of single calls begin.",
            covers="flag:-mp",
            tests=FACTS("test_without_a_message_received") + SAID("test_media_have_an_address_of_their_own"),
        ),
        Row(
            what="`-max_rtp_port`",
            does="Where they end; a call that gets none has failed.",
            covers="flag:-max_rtp_port",
            tests=SAID("test_a_call_that_gets_no_port_has_failed"),
        ),
        Row(
            what="`-rtp_echo`",
            does="Sends back all that comes to the port of all calls, and to the one for video.",
            covers="flag:-rtp_echo",
            tests=SAID("test_all_that_comes_is_echoed"),
        ),
        Row(
            what="`-rtp_payload`",
            does="The payload type of what names none.",
            covers="flag:-rtp_payload",
            tests=SAID("test_payload_types_and_sources_of_the_run")
            + COMMANDS("test_the_payload_type_is_that_of_the_run_when_none_is_named"),
        ),
        Row(
            what="`-random_base_ssrc`",
            does="SSRCs are drawn; `false` counts them from 0xCA110000 as SIPp does.",
            covers="flag:-random_base_ssrc",
            kind=Kind.DIFFERS,
            note="SIPp counts where the flag is not given.",
            tests=SAID("test_payload_types_and_sources_of_the_run"),
        ),
        Row(
            what="`-audiotolerance`, `-videotolerance`",
            does="A call fails when more than this part of what it sent did not come back as it was; the exit code is 253.",
            covers="flag:-audiotolerance flag:-videotolerance",
            note="SIPp 3.7 compares packet by packet; here each may come back anywhere.",
            tests=ECHOES("test_what_comes_is_one_of_the_payloads_that_were_sent", "test_how_much_may_be_lost")
            + SAID("test_media_that_have_to_come_back"),
        ),
        Row(
            what="`-expect_audio`",
            does="A call fails when audio did not go this way.",
            covers="flag:-expect_audio",
            kind=Kind.OURS,
            tests=SAID("test_audio_that_is_expected"),
        ),
        Row(
            what="`-measure_audio`",
            does="Audio that comes is listened to.",
            covers="flag:-measure_audio",
            kind=Kind.OURS,
            tests=SAID("test_answers_by_voice_are_timed"),
        ),
        Row(
            what="`-rtcp_interval`",
            does="How often RTCP tells; 0: never.",
            covers="flag:-rtcp_interval",
            kind=Kind.OURS,
            tests=FIGURES("test_who_is_called_says_what_tshark_says"),
        ),
        Row(
            what="`-record_wav_dir`, `-record_wav_duplex`",
            does="Records the audio of every call, or both ways.",
            covers="flag:-record_wav_dir flag:-record_wav_duplex",
            kind=Kind.OURS,
            tests=SAID("test_all_calls_are_recorded"),
        ),
        Row(
            what="Flags that tune SIPp's media",
            does="Taken, with their argument if they have one.",
            tests=ARGUMENTS("test_some_tuning_flags_take_none"),
        ),
    ),
)

SECTIONS = (_KEYWORDS, _ACTIONS, _OPTIONS)
