# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tiny H.264 encoder (ITU-T H.264, baseline): pictures whose blocks are samples as they are, others like the one before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

_START = b"\0\0\0\1"
_BLOCK = 16
_I_PCM, _I_SLICE, _P_SLICE = 25, 7, 5
_BASELINE, _LEVEL_1 = 66, 10


class _Bits:
    """Bits, the highest first."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.length = 0

    def put(self, value: int, width: int) -> None:
        """So many bits."""
        self.text.append(format(value, f"0{width}b") if width else "")
        self.length += width

    def ue(self, value: int) -> None:
        """An unsigned Exp-Golomb code (9.1)."""
        width = (value + 1).bit_length()
        self.put(value + 1, 2 * width - 1)

    def align(self) -> None:
        """Zeros up to the next byte."""
        self.put(0, -self.length % 8)

    def unit(self, head: int) -> bytes:
        """A NAL unit, with its stop bit, and with what would look like a start code made harmless (7.4.1)."""
        self.put(1, 1)
        self.align()
        text = "".join(self.text)
        out, zeros = bytearray([head]), 0
        for byte in (int(text[at : at + 8], 2) for at in range(0, len(text), 8)):
            if zeros == 2 and byte <= 3:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(out)


def _sequence(blocks: int) -> bytes:
    bits = _Bits()
    bits.put(_BASELINE, 8)
    bits.put(0xC0, 8)
    bits.put(_LEVEL_1, 8)
    for value in (0, 0, 2, 1):  # id, log2_max_frame_num - 4, pic_order_cnt_type, max_num_ref_frames
        bits.ue(value)
    bits.put(0, 1)
    bits.ue(blocks - 1)
    bits.ue(blocks - 1)
    bits.put(0b1100, 4)  # frames only, direct_8x8, no cropping, no VUI
    return bits.unit(0x67)


def _parameters() -> bytes:
    bits = _Bits()
    bits.ue(0)
    bits.ue(0)
    bits.put(0, 2)
    for _ in range(3):
        bits.ue(0)
    bits.put(0, 3)
    for _ in range(3):  # initial QPs and the chroma offset, all 0
        bits.ue(0)
    bits.put(0b100, 3)  # deblocking can be switched off
    return bits.unit(0x68)


def _slice(kind: int, number: int, intra: bool) -> _Bits:
    bits = _Bits()
    bits.ue(0)
    bits.ue(kind)
    bits.ue(0)
    bits.put(number % 16, 4)
    if intra:
        bits.ue(0)  # idr_pic_id
        bits.put(0, 2)
    else:
        bits.put(0, 3)  # no override, no reordering, no marking
    bits.ue(0)  # slice_qp_delta
    bits.ue(1)  # no deblocking
    return bits


def _whole(blocks: int, luma: Callable[[int, int], int]) -> bytes:
    bits = _slice(_I_SLICE, 0, True)
    for row in range(blocks):
        for column in range(blocks):
            bits.ue(_I_PCM)
            bits.align()
            for y in range(_BLOCK):
                for x in range(_BLOCK):
                    bits.put(luma(column * _BLOCK + x, row * _BLOCK + y), 8)
            bits.put(int("80" * (_BLOCK * _BLOCK // 2), 16), 8 * _BLOCK * _BLOCK // 2)
    return bits.unit(0x65)


def _same(blocks: int, number: int) -> bytes:
    bits = _slice(_P_SLICE, number, False)
    bits.ue(blocks * blocks)  # mb_skip_run
    return bits.unit(0x41)


def _ramp(lift: int, x: int, y: int) -> int:
    return 16 + (2 * x + y + lift) % 200


def video(pictures: int, whole_each: int, blocks: int = 4) -> bytes:
    """So many pictures of `blocks` × 16 samples square: a grey ramp; each `whole_each`-th is sent wholly, and is brighter."""
    out = b""
    for number in range(pictures):
        if number % whole_each == 0:
            lift = 8 * (number // whole_each)
            out += _START + _sequence(blocks) + _START + _parameters()
            out += _START + _whole(blocks, partial(_ramp, lift))
        else:
            out += _START + _same(blocks, number % whole_each)
    return out
