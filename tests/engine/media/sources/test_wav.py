# SPDX-License-Identifier: AGPL-3.0-or-later
"""WAV files of all kinds become packets of a codec with the same sound in them; what is none is refused in one line."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MediaError
from engine.media.codecs import G722, G729, L16_STEREO, OPUS, PCMA, PCMU, Codec, l16
from engine.media.codecs.pcm import bias, lin2alaw, lin2lin, lin2ulaw
from engine.media.sources.wav import is_wav, read_wav, wav_track
from engine.media.track import Track
from tests.engine.media.sounds import goertzel, sine, tone_dbfs, wav
from tests.media_audio import level_db


def heard(track: Track, codec: Codec) -> bytes:
    assert codec.make_decoder is not None
    decoder = codec.make_decoder()
    return b"".join(decoder.decode(track.payloads[at : at + size]) for at, size in zip(track.starts, track.sizes, strict=True))


def as_bits(pcm: bytes, bits: int) -> bytes:
    return bias(lin2lin(pcm, 2, 1), 1, 128) if bits == 8 else lin2lin(pcm, 2, bits // 8)


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, l16(16000)])
@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_any_width_and_rate_sounds_the_same(bits: int, rate: int, codec: Codec) -> None:
    data = wav(as_bits(sine(1000, rate, 300, -10), bits), rate, bits=bits)
    track, loops = wav_track(data, "beep.wav", codec, 3)
    pcm = heard(track, codec)
    assert loops == 3
    assert len(track) == 300 // codec.packet_ms
    assert tone_dbfs(pcm, codec.sample_rate, 1000) == pytest.approx(-10, abs=0.5)
    assert tone_dbfs(pcm, codec.sample_rate, 2300) < -40


def test_a_track_of_pcm_is_timed_by_the_clock_of_the_codec() -> None:
    track, _ = wav_track(wav(sine(440, 16000, 100), 16000), "beep.wav", G722)
    assert (len(track), track.clock_rate, list(track.timestamps), track.period_ticks) == (5, 8000, [0, 160, 320, 480, 640], 800)
    assert (list(track.dues_ns)[-1], track.period_ns) == (80_000_000, 100_000_000)
    assert set(track.sizes) == {160}


def test_the_last_packet_is_filled_up_with_silence() -> None:
    track, _ = wav_track(wav(sine(440, 8000, 30)), "beep.wav", PCMA)
    assert (len(track), track.payloads[-80:]) == (2, b"\xd5" * 80)


@pytest.mark.parametrize(("tag", "encode", "codec"), [(6, lin2alaw, PCMA), (7, lin2ulaw, PCMU)])
def test_what_is_encoded_already_goes_out_as_it_is(tag: int, encode: Callable[[bytes, int], bytes], codec: Codec) -> None:
    body = encode(sine(440, 8000, 40), 2)
    track, _ = wav_track(wav(body, bits=8, tag=tag), "beep.wav", codec)
    assert track.payloads == body


def test_a_law_for_a_mu_law_line_is_recoded() -> None:
    track, _ = wav_track(wav(lin2alaw(sine(440, 8000, 200), 2), bits=8, tag=6), "beep.wav", PCMU)
    assert tone_dbfs(heard(track, PCMU), 8000, 440) == pytest.approx(-10, abs=0.5)


@pytest.mark.parametrize("code", ["f", "d"])
def test_floating_point_is_read_and_what_is_too_loud_is_cut(code: str) -> None:
    values = array(code, [value / 32768 for value in array("h", sine(440, 8000, 200))])
    values[5], values[6], values[7] = float("nan"), float("inf"), -7.0
    track, _ = wav_track(wav(values.tobytes(), bits=8 * values.itemsize, tag=3), "beep.wav", l16(8000))
    pcm = array("h", heard(track, l16(8000)))
    assert pcm[5:8].tolist() == [0, 32767, -32768]
    assert goertzel(pcm.tobytes(), 8000, 440) == pytest.approx(0.316, abs=0.05)


def interleaved(*channels: bytes) -> bytes:
    together = array("h", bytes(sum(map(len, channels))))
    for number, channel in enumerate(channels):
        together[number :: len(channels)] = array("h", channel)
    return together.tobytes()


def test_channels_are_mixed_to_those_of_the_codec() -> None:
    left, right = sine(500, 8000, 300, -10), sine(1500, 8000, 300, -10)
    track, _ = wav_track(wav(interleaved(left, right, left), channels=3), "beep.wav", PCMU)
    pcm = heard(track, PCMU)
    assert tone_dbfs(pcm, 8000, 500) == pytest.approx(-10 - 3.5, abs=0.4)
    assert tone_dbfs(pcm, 8000, 1500) == pytest.approx(-10 - 9.5, abs=0.4)


def test_two_channels_stay_apart_where_the_codec_has_two() -> None:
    left, right = sine(500, 48000, 300, -10), sine(1500, 48000, 300, -10)
    track, _ = wav_track(wav(interleaved(left, right), 48000, channels=2), "beep.wav", L16_STEREO)
    pcm = array("h", heard(track, L16_STEREO))
    assert tone_dbfs(pcm[0::2].tobytes(), 44100, 500) == pytest.approx(-10, abs=0.4)
    assert tone_dbfs(pcm[0::2].tobytes(), 44100, 1500) < -60
    assert tone_dbfs(pcm[1::2].tobytes(), 44100, 1500) == pytest.approx(-10, abs=0.4)


def test_one_channel_becomes_both() -> None:
    track, _ = wav_track(wav(sine(500, 44100, 100), 44100), "beep.wav", L16_STEREO)
    pcm = array("h", heard(track, L16_STEREO))
    assert pcm[0::2] == pcm[1::2]


def test_the_extensible_format_and_other_chunks_are_read() -> None:
    data = wav(sine(440, 8000, 100), extensible=True)
    noted = data[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + data[12:]
    assert wav_track(noted, "beep.wav", PCMA)[0].payloads == wav_track(wav(sine(440, 8000, 100)), "beep.wav", PCMA)[0].payloads


def test_a_file_whose_end_is_missing_plays_what_there_is() -> None:
    data = wav(sine(440, 8000, 100))
    assert len(wav_track(data[:-801], "beep.wav", PCMA)[0]) == 3
    endless = data.replace(b"data" + struct.pack("<I", 1600), b"data\xff\xff\xff\xff")
    assert len(wav_track(endless, "beep.wav", PCMA)[0]) == 5


PCM = sine(440, 8000, 20)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this is no WAV file"),
        (b"RIFF\0\0\0\0AVI " + bytes(40), "this is no WAV file"),
        (b"RF64\xff\xff\xff\xffWAVE" + bytes(40), "RF64 cannot be read"),
        (b"OggS" + bytes(40), "Ogg cannot be read"),
        (wav(PCM, tag=0x55), "a WAV file of MP3 cannot be decoded"),
        (wav(PCM, tag=0x1234), "a WAV file of format 4660 cannot be decoded"),
        (wav(PCM, bits=12), "a WAV file with samples of 12 bits cannot be read"),
        (wav(PCM, rate=7), "7 Hz"),
        (wav(PCM, channels=0), "0 channels"),
        (wav(b""), "the WAV file has no samples"),
        (wav(b"x"), "the WAV file has no samples"),
        (wav(PCM)[:36], "the WAV file has no samples"),
        (wav(PCM)[:12] + wav(PCM)[36:], "the WAV file has its samples before their format"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(MediaError) as raised:
        wav_track(data, "beep.wav", PCMA)
    assert str(raised.value).startswith("beep.wav: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("codec", [OPUS, G729])
def test_what_is_not_encoded_here_is_not_made_of_samples(codec: Codec) -> None:
    with pytest.raises(MediaError, match=f"nothing here can encode a WAV file as {codec.name}"):
        wav_track(wav(PCM), "beep.wav", codec)


def test_a_day_of_sound_is_refused_before_it_is_made() -> None:
    tiny = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 7, 1, 1000, 1000, 1, 8, b"data", 90_000_000)
    with pytest.raises(MediaError, match="too long"):
        wav_track(tiny + bytes(90_000_000), "beep.wav", l16(48000))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_track_or_one_line(junk: bytes) -> None:
    for data in (junk, b"RIFF\0\0\0\0WAVE" + junk, wav(PCM)[:20] + junk, wav(PCM)[:36] + junk):
        assert is_wav(data) or data[:4] != b"RIFF" or data[8:12] != b"WAVE"
        with suppress(MediaError):
            assert len(wav_track(data, "junk.wav", PCMU)[0]) > 0


def test_the_sizes_of_chunks_are_stepped_over_once() -> None:
    many = b"RIFF\0\0\0\0WAVE" + (b"junk" + bytes(4)) * 100_000
    with pytest.raises(MediaError, match="no samples"):
        read_wav(many, "many.wav")


def test_what_is_played_again_and_again_is_heard_without_a_crack() -> None:
    """A coder that adapts itself ends elsewhere than it began: a listener's decoder would make a crack of each beginning."""
    track, _ = wav_track(wav(sine(1000, 16_000, 500, -15), 16_000), "beep.wav", G722, -1)
    assert G722.make_decoder is not None
    samples = array("h", G722.make_decoder().decode(track.payloads * 3))
    levels = [level_db(samples[start : start + 320]) for start in range(0, len(samples), 320)]
    assert max(levels) < -15 + 3  # A new decoder has to adapt itself too, which a listener hears less.
    assert levels[15:] == [pytest.approx(-15, abs=0.5)] * len(levels[15:])
