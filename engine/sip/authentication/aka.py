# SPDX-License-Identifier: AGPL-3.0-or-later
"""AKA (RFC 3310, 3GPP TS 33.102 section 6.3): a challenge that carries RAND and AUTN in its nonce, answered as a USIM does.

The nonce is the base64 of RAND (16 bytes), AUTN (SQN ⊕ AK, 6 bytes; AMF, 2 bytes; MAC, 8 bytes) and what the server likes to
add. RES is the password of the digest. Where the sequence number is no news, the digest is that of an empty password, and
AUTS tells the network the last one that was accepted.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Final

from engine.sip.authentication.header import AuthenticationError
from engine.sip.authentication.milenage import SIZE, Milenage

MOST_NUMBERS: Final = 200_000
"""Sequence numbers that are remembered; beyond them the oldest are forgotten, and what is forgotten is news again."""
_INDICES: Final = 32
"""A sequence number ends in an index of 5 bits (TS 33.102 annex C.1.2); those of different indices may come in any order."""

_SQN_BYTES: Final = 6
_AMF_BYTES: Final = 2
_MAC_BYTES: Final = 8
_RESYNCHRONISATION_AMF: Final = b"\0\0"
"""What stands for the AMF in MAC-S (TS 33.102 section 6.3.3)."""


@dataclass(frozen=True, slots=True)
class AkaKeys:
    """The keys of a subscriber, 16 bytes each; `opc` wins over `op`."""

    k: bytes
    op: bytes = b""
    opc: bytes = b""


class SequenceNumbers:
    """The sequence numbers that each subscriber has accepted, the highest of each index: what a USIM keeps."""

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        self._most = most
        self._highest: dict[tuple[bytes, int], int] = {}

    def accept(self, k: bytes, number: int) -> bool:
        """Whether this number of the subscriber with the key `k` is news; then it is kept.

        The number accepted last counts as news: a scenario may give the same challenge to all calls, and SIPp answers it.
        """
        index = (k, number % _INDICES)
        highest = self._highest.pop(index, -1)
        while len(self._highest) >= self._most:
            del self._highest[next(iter(self._highest))]
        self._highest[index] = max(number, highest)
        return number >= highest

    def highest(self, k: bytes) -> int:
        """The highest number that this subscriber has accepted (SQN_MS); 0 when there is none."""
        return max(self._highest.get((k, index), 0) for index in range(_INDICES))


@dataclass(frozen=True, slots=True)
class AkaAnswer:
    """What a subscriber says to a challenge: RES, or AUTS (14 bytes, for which `password` is empty)."""

    password: bytes
    auts: bytes = b""


def answer_aka(nonce: bytes, keys: AkaKeys, numbers: SequenceNumbers) -> AkaAnswer:
    """Answer the challenge in a nonce. Raises AuthenticationError when the network cannot be who made it."""
    rand, autn = _read_nonce(nonce)
    milenage = _milenage(keys)
    sqn = _xor(autn[:_SQN_BYTES], milenage.f5(rand))
    amf = autn[_SQN_BYTES : _SQN_BYTES + _AMF_BYTES]
    if milenage.f1(rand, sqn, amf) != autn[-_MAC_BYTES:]:
        raise AuthenticationError("the MAC of the AKA challenge is wrong: other keys than the network's (aka_K, aka_OP)?")
    if numbers.accept(keys.k, int.from_bytes(sqn, "big")):
        return AkaAnswer(milenage.f2(rand))
    ours = numbers.highest(keys.k).to_bytes(_SQN_BYTES, "big")
    mac_s = milenage.f1_star(rand, ours, _RESYNCHRONISATION_AMF)
    return AkaAnswer(b"", _xor(ours, milenage.f5_star(rand)) + mac_s)


def expected_response(nonce: bytes, keys: AkaKeys) -> bytes:
    """XRES, the password that answers the challenge in a nonce. Raises AuthenticationError."""
    rand, _ = _read_nonce(nonce)
    return _milenage(keys).f2(rand)


def _read_nonce(nonce: bytes) -> tuple[bytes, bytes]:
    """RAND and AUTN."""
    try:
        data = binascii.a2b_base64(nonce + b"==")
    except binascii.Error:
        data = b""
    if len(data) < 2 * SIZE:
        raise AuthenticationError("the nonce of the AKA challenge is no base64 of RAND and AUTN")
    return data[:SIZE], data[SIZE : 2 * SIZE]


def _milenage(keys: AkaKeys) -> Milenage:
    try:
        return Milenage(keys.k, op=keys.op, opc=keys.opc)
    except ValueError as error:
        raise AuthenticationError(str(error)) from None


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
