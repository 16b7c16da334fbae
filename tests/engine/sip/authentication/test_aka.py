# SPDX-License-Identifier: AGPL-3.0-or-later
"""AKA challenges, answered as a USIM does; the values are those of 3GPP TS 35.208, test set 20."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.authentication.aka import AkaAnswer, AkaKeys, SequenceNumbers, answer_aka, expected_response
from engine.sip.authentication.header import AuthenticationError
from engine.sip.authentication.milenage import Milenage

K = bytes.fromhex("90dca4eda45b53cf0f12d7c9c3bc6a89")
OP = bytes.fromhex("3ffcfe5b7b1111589920d3528e84e655")
OPC = bytes.fromhex("cb9cccc4b9258e6dca4760379fb82581")
RAND = bytes.fromhex("9fddc72092c6ad036b6e464789315b78")
SQN = 0x20F813BD4141
AMF = bytes.fromhex("61df")
RES = bytes.fromhex("a95100e2760952cd")
KEYS = AkaKeys(K, op=OP)


def nonce(sqn: int = SQN, *, amf: bytes = AMF, mac: bytes | None = None, more: bytes = b"") -> bytes:
    """The nonce that a network makes for this sequence number."""
    milenage = Milenage(K, op=OP)
    number = sqn.to_bytes(6, "big")
    hidden = bytes(a ^ b for a, b in zip(number, milenage.f5(RAND), strict=True))
    return b64encode(RAND + hidden + amf + (mac or milenage.f1(RAND, number, amf)) + more)


@pytest.mark.parametrize("keys", [KEYS, AkaKeys(K, opc=OPC), AkaKeys(K, op=bytes(16), opc=OPC)])
def test_a_challenge_is_answered_with_res(keys: AkaKeys) -> None:
    assert answer_aka(nonce(), keys, SequenceNumbers()) == AkaAnswer(RES)
    assert expected_response(nonce(), keys) == RES


@pytest.mark.parametrize("value", [nonce(more=b"server data"), nonce().rstrip(b"="), nonce(amf=b"\x80\x00"), nonce(0)])
def test_what_a_nonce_may_hold(value: bytes) -> None:
    assert answer_aka(value, KEYS, SequenceNumbers()).password == RES


def test_a_number_that_is_too_low_is_answered_with_auts() -> None:
    numbers = SequenceNumbers()
    assert answer_aka(nonce(0x41), KEYS, numbers) == AkaAnswer(RES)
    assert answer_aka(nonce(0x41), KEYS, numbers) == AkaAnswer(RES), "the same challenge again"
    low = answer_aka(nonce(0x21), KEYS, numbers)
    milenage = Milenage(K, op=OP)
    sqn = bytes(a ^ b for a, b in zip(low.auts[:6], milenage.f5_star(RAND), strict=True))
    assert (low.password, int.from_bytes(sqn, "big")) == (b"", 0x41)
    assert low.auts[6:] == milenage.f1_star(RAND, sqn, bytes(2))


def test_numbers_of_different_indices_come_in_any_order() -> None:
    numbers = SequenceNumbers()
    assert [numbers.accept(K, number) for number in (64, 66, 65, 96, 64, 96)] == [True, True, True, True, False, True]
    assert numbers.highest(K) == 96
    assert numbers.accept(b"other", 1)


def test_numbers_are_forgotten_when_there_are_too_many() -> None:
    numbers = SequenceNumbers(most=3)
    for key in (b"a", b"b", b"c", b"a", b"d"):
        numbers.accept(key, 32)
    assert [numbers.accept(key, 0) for key in (b"a", b"c", b"d")] == [False, False, False]
    assert numbers.accept(b"b", 0), "the one that was not heard of for longest"


@pytest.mark.parametrize(
    ("value", "keys", "why"),
    [
        (nonce(mac=bytes(8)), KEYS, "MAC"),
        (nonce(), AkaKeys(bytes(16), op=OP), "MAC"),
        (nonce(), AkaKeys(K, op=bytes(16)), "MAC"),
        (nonce(), AkaKeys(K[:15], op=OP), "16 bytes"),
        (nonce(), AkaKeys(K), "16 bytes"),
        (b"1234abcd", KEYS, "base64"),
        (b"", KEYS, "base64"),
        (b"\xff", KEYS, "base64"),
        (nonce()[:40], KEYS, "base64"),
    ],
)
def test_what_cannot_be_answered(value: bytes, keys: AkaKeys, why: str) -> None:
    with pytest.raises(AuthenticationError, match=why):
        answer_aka(value, keys, SequenceNumbers())


@given(st.binary(max_size=80))
def test_no_nonce_raises_anything_but_its_own_error(value: bytes) -> None:
    with pytest.raises(AuthenticationError):
        answer_aka(value, KEYS, SequenceNumbers())
