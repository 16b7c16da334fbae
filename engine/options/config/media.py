# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the group Media: where media go, what is measured and expected of them, and what is kept."""

from __future__ import annotations

from typing import Annotated

from engine.options.config.tls import TlsOptions
from engine.options.values import Group, Kind, Setting

LAST_PORT = 65535


class MediaOptions(TlsOptions, frozen=True, kw_only=True):
    """Where media go, what is measured and expected of them, and what is kept."""

    media_ip: Annotated[
        str,
        Setting(("-mi",), Kind.TEXT, Group.MEDIA, "Local media address, the keyword [media_ip].", placeholder="address"),
    ] = ""
    media_port: Annotated[
        int,
        Setting(
            ("-mp", "-min_rtp_port"),
            Kind.INTEGER,
            Group.MEDIA,
            "First media port: the keyword [media_port], and where the ports of single calls begin.",
            "",
            1,
            LAST_PORT,
        ),
    ] = 6000
    max_media_port: Annotated[
        int,
        Setting(("-max_rtp_port",), Kind.INTEGER, Group.MEDIA, "Last media port that a call may take.", "", 1, LAST_PORT),
    ] = LAST_PORT
    rtp_payload: Annotated[
        int,
        Setting(
            ("-rtp_payload",),
            Kind.INTEGER,
            Group.MEDIA,
            "Payload type of an rtp_stream= that names none; 8 is PCMA.",
            "",
            0,
            127,
        ),
    ] = 8
    rtp_echo: Annotated[
        bool,
        Setting(("-rtp_echo",), Kind.SWITCH, Group.MEDIA, "Send back all that comes to the media port of all calls."),
    ] = False
    random_ssrc: Annotated[
        bool,
        Setting(
            ("-random_base_ssrc",),
            Kind.SWITCH,
            Group.MEDIA,
            "Draw each stream's SSRC, as RFC 3550 has it; false: count them up.",
        ),
    ] = True
    rtcp_interval_ms: Annotated[
        int,
        Setting(
            ("-rtcp_interval",),
            Kind.DURATION,
            Group.MEDIA,
            "Mean time between a stream's RTCP reports; 0: none are sent.",
            "ms",
            0,
        ),
    ] = 5000
    expect_audio: Annotated[
        str,
        Setting(
            ("-expect_audio",),
            Kind.CHOICE,
            Group.MEDIA,
            "A call fails when audio did not go this way.",
            choices=("none", "send", "recv", "both"),
            meanings={
                "none": "Nothing is expected",
                "send": "From us to the peer",
                "recv": "From the peer to us, and not only silence",
                "both": "Both ways",
            },
        ),
    ] = "none"
    measure_audio: Annotated[
        bool,
        Setting(
            ("-measure_audio",),
            Kind.SWITCH,
            Group.MEDIA,
            "Listen to the audio that comes: how long after our last sound it answers, silence, clipping.",
        ),
    ] = False
    audio_tolerance: Annotated[
        float,
        Setting(
            ("-audiotolerance",),
            Kind.NUMBER,
            Group.MEDIA,
            "Part of the sent audio that need not come back as it was; less of it fails the call. 1: it is not looked at.",
            "",
            0,
            1,
        ),
    ] = 1.0
    video_tolerance: Annotated[
        float,
        Setting(("-videotolerance",), Kind.NUMBER, Group.MEDIA, "The same of video.", "", 0, 1),
    ] = 1.0
    record_wav_dir: Annotated[
        str,
        Setting(
            ("-record_wav_dir",),
            Kind.PATH,
            Group.MEDIA,
            "Record the audio of every call into a WAV file in this folder.",
            placeholder="folder",
        ),
    ] = ""
    record_wav_duplex: Annotated[
        bool,
        Setting(
            ("-record_wav_duplex",),
            Kind.SWITCH,
            Group.MEDIA,
            "Record what goes too, to the left; what comes is to the right then.",
        ),
    ] = False
