# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each datagram on a media port is of one protocol at most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.demux import is_dtls, is_rtcp, is_rtp, is_stun

_ALL = (is_rtp, is_rtcp, is_dtls, is_stun)


def rest(*first: int) -> bytes:
    return bytes(first) + bytes(30)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (rest(0x80, 0), is_rtp),
        (rest(0xBF, 0xFF), is_rtp),
        (rest(0x80, 96 | 0x80), is_rtp),
        (rest(0x80, 191), is_rtp),
        (rest(0x80, 192), is_rtcp),
        (rest(0x81, 200), is_rtcp),
        (rest(0x81, 223), is_rtcp),
        (rest(0x80, 224), is_rtp),
        (rest(20), is_dtls),
        (rest(22, 0xFE, 0xFD), is_dtls),
        (rest(63), is_dtls),
        (bytes.fromhex("00010000 2112a442") + bytes(12), is_stun),
        (bytes.fromhex("01010000 2112a442") + bytes(12), is_stun),
    ],
)
def test_each_is_told(data: bytes, what: object) -> None:
    assert [function for function in _ALL if function(data)] == [what]


@pytest.mark.parametrize("data", [b"", b"\x80", rest(4), rest(19), rest(64), rest(127), rest(192), rest(0), bytes(19)])
def test_others_are_none(data: bytes) -> None:
    assert not any(function(data) for function in _ALL)


@given(st.binary(max_size=40))
def test_none_is_two(data: bytes) -> None:
    assert sum(function(data) for function in _ALL) <= 1
