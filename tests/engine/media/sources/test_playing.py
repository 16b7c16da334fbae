# SPDX-License-Identifier: AGPL-3.0-or-later
"""A file is told by its beginning, and what would be noise as payloads is refused."""

from __future__ import annotations

import pytest

from engine.errors import MediaError
from engine.media.sources.playing import playable
from engine.media.sources.spec import StreamSpec, parse_stream


def spec_of(text: str) -> StreamSpec:
    spec = parse_stream(text)
    assert isinstance(spec, StreamSpec)
    return spec


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [(b"ID3\x04\0\0", "MP3"), (b"ID3\x03\0\0", "MP3"), (b"fLaC\0\0\0\x22", "FLAC"), (b"FORM\0\0", "AIFF")],
)
def test_sound_in_other_files_is_not_sent_as_payloads(beginning: bytes, kind: str) -> None:
    with pytest.raises(MediaError, match=f"{kind} cannot be read"):
        playable(spec_of("tune,1,0"), beginning + bytes(1000))


def test_whatever_else_a_file_holds_is_payloads() -> None:
    payloads = bytes(range(256)) * 5
    made = playable(spec_of("frames.ulaw,2,0"), payloads)
    assert (made.track.payloads, made.loops, made.payload_type) == (payloads, 2, 0)
