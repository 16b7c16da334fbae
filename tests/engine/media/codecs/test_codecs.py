# SPDX-License-Identifier: AGPL-3.0-or-later
"""Codecs: G.711 against its formulas, what goes in comes out, and the table of what there is."""

from __future__ import annotations

import subprocess
import sys
from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.codecs import CN, G722, G729, H264, ILBC, L16_MONO, L16_STEREO, OPUS, PCMA, PCMU, Codec, codec_of, l16
from tests.engine.media.coded import decoded, encoded
from tests.engine.media.sounds import sine, tone_dbfs
from tests.programs import ROOT


def ulaw_value(code: int) -> int:
    """G.711 table 2: of the inverted code a sign, 3 bits of segment, 4 of step; in 14 bits, here in 16."""
    inverted = ~code & 0xFF
    segment, step = inverted >> 4 & 7, inverted & 15
    magnitude = ((2 * step + 33) << segment) - 33
    return 4 * (-magnitude if inverted & 0x80 else magnitude)


def alaw_value(code: int) -> int:
    """G.711 table 1: even bits inverted; in 13 bits, here in 16."""
    turned = code ^ 0x55
    segment, step = turned >> 4 & 7, turned & 15
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return 8 * (magnitude if turned & 0x80 else -magnitude)


@pytest.mark.parametrize(("codec", "value"), [(PCMU, ulaw_value), (PCMA, alaw_value)])
def test_g711_decodes_all_codes_as_its_tables_say(codec: Codec, value: Callable[[int], int]) -> None:
    codes = bytes(range(256))
    assert array("h", decoded(codec, codes)).tolist() == [value(code) for code in codes]


@pytest.mark.parametrize("codec", [PCMU, PCMA])
def test_g711_encodes_what_it_decoded_to_the_same_code(codec: Codec) -> None:
    codes = bytes(range(256))
    again = encoded(codec, decoded(codec, codes))
    differ = [code for code in codes if again[code] != code]
    assert differ == ([0x7F] if codec is PCMU else [])
    assert codec is PCMA or again[0x7F] == 0xFF, "µ-law has two zeros"


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, l16(16000), L16_STEREO])
def test_a_packet_has_the_size_and_the_time_that_the_table_says(codec: Codec) -> None:
    pcm = bytes(2 * codec.channels * codec.samples_a_packet)
    payload = encoded(codec, pcm)
    assert len(payload) == codec.packet_bytes
    assert len(decoded(codec, payload)) == len(pcm)
    assert round(codec.packet_ms / codec.frame_ms) * codec.frame_bytes == codec.packet_bytes
    assert len(payload) <= 1400


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, l16(8000)])
def test_a_tone_keeps_its_frequency_and_level(codec: Codec) -> None:
    assert codec.make_encoder is not None
    assert codec.make_decoder is not None
    encoder, decoder = codec.make_encoder(), codec.make_decoder()
    pcm = sine(1000, codec.sample_rate, 1000, -10)
    size = 2 * codec.samples_a_packet
    heard = b"".join(decoder.decode(encoder.encode(pcm[at : at + size])) for at in range(0, len(pcm), size))
    assert len(heard) == len(pcm)
    assert tone_dbfs(heard, codec.sample_rate, 1000) == pytest.approx(-10, abs=0.3)
    assert tone_dbfs(heard, codec.sample_rate, 2000) < -45


def test_streams_of_g722_do_not_disturb_each_other() -> None:
    assert G722.make_encoder is not None
    loud, quiet = sine(700, 16000, 200, -3), sine(2500, 16000, 200, -40)
    alone = G722.make_encoder().encode(loud)
    one, other = G722.make_encoder(), G722.make_encoder()
    mixed = b""
    for at in range(0, len(loud), 640):
        mixed += one.encode(loud[at : at + 640])
        other.encode(quiet[at : at + 640])
    assert mixed == alone


@given(st.binary(max_size=2000))
def test_any_bytes_decode(payload: bytes) -> None:
    for codec in (PCMU, PCMA, G722, L16_STEREO):
        assert len(decoded(codec, payload)) % 2 == 0


def test_l16_has_the_high_byte_first() -> None:
    assert encoded(L16_MONO, array("h", [1, -2]).tobytes()) == b"\x00\x01\xff\xfe"


@pytest.mark.parametrize(
    ("name", "payload_type", "codec"),
    [
        (None, 0, PCMU),
        (None, 8, PCMA),
        (None, 9, G722),
        (None, 18, G729),
        (None, 13, CN),
        (None, 10, L16_STEREO),
        (None, 11, L16_MONO),
        (None, 98, ILBC),
        (None, 97, ILBC),
        (None, 99, H264),
        (None, 96, H264),
        (None, 111, OPUS),
        ("", 8, PCMA),
        ("pcmu/8000", 120, PCMU),
        ("G722", 100, G722),
        ("G722/16000", 9, G722),
        ("opus/48000/2", 96, OPUS),
        ("iLBC/8000", 97, ILBC),
        ("L16/8000", 96, l16(8000)),
        ("L16/48000/2", 96, l16(48000, 2)),
        ("L16/44100/2", 96, L16_STEREO),
    ],
)
def test_a_codec_is_found_by_its_name_else_by_its_payload_type(name: str | None, payload_type: int, codec: Codec) -> None:
    assert codec_of(name, payload_type) == codec


@pytest.mark.parametrize(
    "name", ["AMR/8000", "PCMU/16000", "telephone-event/8000", "L16/1", "L16/8000/99", "a b", "PCMU/x", "/"]
)
def test_what_is_not_known_is_no_codec(name: str) -> None:
    assert codec_of(name, 0) is None
    assert codec_of(None, 77) is None


_NEARLY = st.builds("{}/{}".format, st.sampled_from(["PCMU", "opus", "L16", "G722", "X"]), st.text("0123456789/", max_size=8))


@given(st.text(max_size=60) | _NEARLY, st.integers(0, 127))
def test_any_name_is_a_codec_of_that_name_or_none(name: str, payload_type: int) -> None:
    found = codec_of(name, payload_type)
    if not name.strip():
        assert found == codec_of(None, payload_type)
    else:
        assert found is None or found.name.upper() == name.partition("/")[0].strip().upper()


def test_silence_is_quiet() -> None:
    assert PCMU.silence(20) == b"\xff" * 160
    assert PCMA.silence(20) == b"\xd5" * 160
    assert len(G722.silence(20)) == 160
    assert OPUS.silence(20) == b""


def test_importing_warns_of_nothing() -> None:
    command = [sys.executable, "-W", "error", "-c", "import engine.media.codecs"]
    done = subprocess.run(command, check=False, capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")
