# SPDX-License-Identifier: AGPL-3.0-or-later
"""Milenage, the functions f1 to f5* of 3GPP TS 35.206, on AES with a key of 128 bits.

Numbers of 128 bits are integers here, most significant byte first: they are xored and rotated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SIZE: Final = 16
"""Bytes of K, OP, OPc, RAND, CK and IK."""
_BITS: Final = 8 * SIZE
_MASK: Final = (1 << _BITS) - 1


class Milenage:
    """The functions of one subscriber. Raises ValueError when a key has not 16 bytes."""

    __slots__ = ("_encrypt", "_opc")

    def __init__(self, k: bytes, *, op: bytes = b"", opc: bytes = b"") -> None:
        """`k` is the subscriber's key; of the operator's `op`, or `opc` that is made of both, one is given."""
        if len(k) != SIZE or len(opc or op) != SIZE:
            raise ValueError(f"K, OP and OPc have {SIZE} bytes")
        self._encrypt = _aes(k)
        self._opc = _number(opc) if opc else self._e(_number(op)) ^ _number(op)

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A, 8 bytes, with which the network shows that it is the subscriber's."""
        return self._macs(rand, sqn, amf)[:8]

    def f1_star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 bytes, with which the subscriber asks for another sequence number."""
        return self._macs(rand, sqn, amf)[8:]

    def f2(self, rand: bytes) -> bytes:
        """RES, 8 bytes."""
        return self._out(rand, 0, 1)[8:]

    def f3(self, rand: bytes) -> bytes:
        """CK, 16 bytes."""
        return self._out(rand, 32, 2)

    def f4(self, rand: bytes) -> bytes:
        """IK, 16 bytes."""
        return self._out(rand, 64, 4)

    def f5(self, rand: bytes) -> bytes:
        """AK, 6 bytes, which hides the sequence number in a challenge."""
        return self._out(rand, 0, 1)[:6]

    def f5_star(self, rand: bytes) -> bytes:
        """AK, 6 bytes, which hides it in a request for another."""
        return self._out(rand, 96, 8)[:6]

    @property
    def opc(self) -> bytes:
        """OPc, 16 bytes."""
        return _bytes(self._opc)

    def _macs(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A and MAC-S."""
        mixed = _number((sqn + amf) * 2) ^ self._opc
        return _bytes(self._e(self._temp(rand) ^ _rotate(mixed, 64)) ^ self._opc)

    def _out(self, rand: bytes, rotation: int, constant: int) -> bytes:
        return _bytes(self._e(_rotate(self._temp(rand) ^ self._opc, rotation) ^ constant) ^ self._opc)

    def _temp(self, rand: bytes) -> int:
        return self._e(_number(rand) ^ self._opc)

    def _e(self, block: int) -> int:
        return _number(self._encrypt(_bytes(block)))


def _aes(key: bytes) -> Callable[[bytes], bytes]:
    """What encrypts one block. The package takes a while to import, so that waits for the first challenge of this kind."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    # For single blocks there is no mode; this one leaves each to itself.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update


def _number(block: bytes) -> int:
    return int.from_bytes(block, "big")


def _bytes(number: int) -> bytes:
    return number.to_bytes(SIZE, "big")


def _rotate(number: int, bits: int) -> int:
    """Rotated towards the most significant bit."""
    return (number << bits | number >> (_BITS - bits)) & _MASK
