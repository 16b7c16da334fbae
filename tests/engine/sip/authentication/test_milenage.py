# SPDX-License-Identifier: AGPL-3.0-or-later
"""Milenage against the test sets of 3GPP TS 35.208."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.sip.authentication.milenage import Milenage

LINES = (Path(__file__).parent / "milenage_sets.txt").read_text().splitlines()
SETS = [[bytes.fromhex(word) for word in line.split()] for line in LINES if not line.startswith("#")]


def test_there_are_all_sets() -> None:
    assert len(SETS) == 20


@pytest.mark.parametrize("values", SETS, ids=range(1, len(SETS) + 1))
def test_set_of_35_208(values: list[bytes]) -> None:
    k, rand, sqn, amf, op, opc, *expected = values
    for milenage in (Milenage(k, op=op), Milenage(k, opc=opc), Milenage(k, op=bytes(16), opc=opc)):
        assert milenage.opc == opc
        macs = [milenage.f1(rand, sqn, amf), milenage.f1_star(rand, sqn, amf)]
        keys = [milenage.f2(rand), milenage.f3(rand), milenage.f4(rand), milenage.f5(rand), milenage.f5_star(rand)]
        assert macs + keys == expected


def test_the_mac_of_an_auts() -> None:
    """The AUTS for SQN 1 and set 20, with an AMF of zeros (TS 33.102 section 6.3.3), as other implementations have it."""
    k, rand, _, _, op, *_ = SETS[19]
    assert Milenage(k, op=op).f1_star(rand, (1).to_bytes(6, "big"), bytes(2)).hex() == "4bb4316ed4a14688"


@pytest.mark.parametrize("keys", [(b"", b"o" * 16), (b"k" * 16, b""), (b"k" * 15, b"o" * 16), (b"k" * 32, b"o" * 16)])
def test_keys_of_another_length_are_refused(keys: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Milenage(keys[0], op=keys[1])
