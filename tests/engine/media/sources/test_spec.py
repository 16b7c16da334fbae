# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `rtp_stream` says, and what is played for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MediaError
from engine.media.codecs import G722, H264, ILBC, L16_STEREO, OPUS, PCMA, PCMU, Codec
from engine.media.kinds import MediaKind
from engine.media.sources.playing import playable
from engine.media.sources.spec import Steer, Steering, StreamSpec, parse_stream
from engine.media.sources.synthetic import Sound, Synthetic
from tests.engine.media.sounds import sine, wav


def stream(text: str, default_payload_type: int = 8) -> StreamSpec:
    spec = parse_stream(text, default_payload_type)
    assert isinstance(spec, StreamSpec)
    return spec


@pytest.mark.parametrize(
    ("text", "file", "loops", "payload_type", "codec"),
    [
        ("a.wav", "a.wav", 1, 8, PCMA),
        ("a.wav,3", "a.wav", 3, 8, PCMA),
        ("a.wav,-1,0", "a.wav", -1, 0, PCMU),
        (" a b.wav , 1 , 9 , G722/8000 ", "a b.wav", 1, 9, G722),
        ("a.raw,1,98", "a.raw", 1, 98, ILBC),
        ("a.raw,1,97,ILBC", "a.raw", 1, 97, ILBC),
        ("a.opus,1,111,OPUS/48000/2", "a.opus", 1, 111, OPUS),
        ("a.wav,,,", "a.wav", 1, 8, PCMA),
        ("a.wav,1,96,L16/44100/2", "a.wav", 1, 96, L16_STEREO),
        ("a.wav,1,120,PCMU", "a.wav", 1, 120, PCMU),
    ],
)
def test_a_file(text: str, file: str, loops: int, payload_type: int, codec: Codec) -> None:
    spec = stream(text)
    assert (spec.file, spec.loops, spec.payload_type, spec.codec) == (file, loops, payload_type, codec)
    assert spec.kind is MediaKind.AUDIO


def test_the_payload_type_that_is_not_given_is_the_options() -> None:
    assert stream("a.wav", 0).codec is PCMU
    assert stream("apattern,2", 0).codec is PCMU


def test_video_goes_to_video() -> None:
    assert stream("a.h264,1,99,H264/90000").kind is MediaKind.VIDEO
    assert stream("vpattern").kind is MediaKind.VIDEO


@pytest.mark.parametrize(
    ("text", "pattern", "payload_type", "codec"),
    [
        ("apattern", 1, 8, PCMA),
        ("apattern,6,0,PCMU/8000", 6, 0, PCMU),
        ("vpattern,2,99,H264/90000", 2, 99, H264),
        ("vpattern,3", 3, 99, H264),
    ],
)
def test_a_pattern(text: str, pattern: int, payload_type: int, codec: Codec) -> None:
    spec = stream(text)
    assert (spec.pattern, spec.payload_type, spec.codec, spec.loops, spec.file) == (pattern, payload_type, codec, -1, "")


@pytest.mark.parametrize(
    ("text", "synthetic"),
    [
        ("synthetic", Synthetic()),
        ("synthetic,1,0,PCMU,30,4000,1", Synthetic(packet_ms=30, duration_ms=4000)),
        ("synthetic:silence,-1", Synthetic(Sound.SILENCE)),
        ("synthetic:tone", Synthetic(Sound.TONE)),
        ("synthetic:tone:440", Synthetic(Sound.TONE, 440)),
        ("synthetic:tone:697.5:-20.5,1,8", Synthetic(Sound.TONE, 697.5, -20.5)),
    ],
)
def test_something_made_up(text: str, synthetic: Synthetic) -> None:
    spec = stream(text)
    assert spec.synthetic == synthetic
    assert spec.file == ""


@pytest.mark.parametrize(
    ("text", "steering"),
    [
        ("pause", Steering(Steer.PAUSE)),
        ("resume", Steering(Steer.RESUME)),
        ("pauseapattern", Steering(Steer.PAUSE, MediaKind.AUDIO, True)),
        (" resumevpattern ", Steering(Steer.RESUME, MediaKind.VIDEO, True)),
    ],
)
def test_steering(text: str, steering: Steering) -> None:
    assert parse_stream(text) == steering


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it names no file"),
        (",1", "it names no file"),
        ("a.wav,x", "the number of loops is a whole number from -1"),
        ("a.wav,0", "0 loops play nothing"),
        ("a.wav,-2", "the number of loops"),
        ("a.wav,1,128", "the payload type is a whole number from 0 to 127"),
        ("a.wav,1,77", "payload type 77 does not say what it is"),
        ("a.wav,1,8,PCMU/8000", "payload type 8 is PCMA, not PCMU"),
        ("a.wav,1,120,AMR/8000", "AMR/8000 is no codec that can be sent"),
        ("a.wav,1,0,PCMU,20", "it has too many parts"),
        ("apattern,7", "the pattern is a whole number from 1 to 6"),
        ("apattern,1,99,H264/90000", "apattern is for audio, H264 is not"),
        ("vpattern,1,0", "vpattern is for video, PCMU is not"),
        ("synthetic:noise", "synthetic:noise is no sound"),
        ("synthetic:tone:5", "the frequency in Hz is a number from 20 to 20000"),
        ("synthetic:ringback:425", "ringback has no frequency"),
        ("synthetic:tone:440:9", "the level in dBm0"),
        ("synthetic,1,0,PCMU,20,0,2", "PCMU has 1 channel, not 2"),
        ("synthetic,1,0,PCMU,20,0,1,1", "it has too many parts"),
        ("a.wav,١", "the number of loops"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(MediaError) as raised:
        parse_stream(text)
    assert message in str(raised.value)
    assert raised.value.name == text
    assert "\n" not in str(raised.value)


@given(st.text(alphabet="ab:,-0159pconesythiltrPCMU/ ", max_size=60))
def test_any_text_is_something_or_one_line(text: str) -> None:
    try:
        spec = parse_stream(text)
    except MediaError:
        return
    if isinstance(spec, StreamSpec) and not spec.file:
        assert spec.pattern or spec.synthetic is not None


def test_a_file_is_told_by_its_beginning() -> None:
    sound = playable(stream("a.raw,2,0"), wav(sine(440, 44100, 100), 44100))
    assert (len(sound.track), sound.loops, sound.payload_type, sound.kind) == (5, 2, 0, MediaKind.AUDIO)
    raw = playable(stream("a.wav,1,0"), bytes(480))
    assert len(raw.track) == 3


def test_what_is_played_has_the_payload_type_that_was_said() -> None:
    assert playable(stream("a.raw,1,97,iLBC/8000"), bytes(50)).track.payload_type == 97
    assert playable(stream("apattern,1,120,PCMU/8000")).track.payload_type == 120
    assert playable(stream("synthetic:tone,3,0")).loops == 3


@pytest.mark.parametrize(("line", "sizes"), [(b"#!iLBC20\n", [38, 38]), (b"#!iLBC30\n", [50, 50]), (b"", [50, 50])])
def test_the_first_line_of_a_file_of_ilbc_says_its_mode(line: bytes, sizes: list[int]) -> None:
    track = playable(stream("a.lbc,1,97,iLBC/8000"), line + bytes(sum(sizes))).track
    assert (list(track.sizes), track.payload_type) == (sizes, 97)
    assert track.period_ns == 2 * {38: 20_000_000, 50: 30_000_000}[sizes[0]]


def test_an_empty_file_is_said_by_its_name() -> None:
    with pytest.raises(MediaError, match=r"^a\.wav: the file is empty"):
        playable(stream("a.wav"))
