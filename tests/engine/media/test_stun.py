# SPDX-License-Identifier: AGPL-3.0-or-later
"""Binding requests are answered when they are authentic; the messages of RFC 5769 are read and answered."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.media.demux import is_stun
from engine.media.stun import (
    _INTEGRITY,
    _signature,
    _signed,
    _written,
    answer_binding,
    is_authentic,
    nominates,
)

_PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
_TRANSACTION = bytes.fromhex("2112a442 b7e7a701bc34d686fa87dfae")
_REQUEST = bytes.fromhex(
    "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74 00240004 6e0001ff"
    "80290008 932ff9b151263b36 00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf"
)
_IPV4_ANSWER = bytes.fromhex(
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 0001a147e112a643"
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96"
)
_IPV6_ANSWER = bytes.fromhex(
    "01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c"
)
_SOURCE = "192.0.2.1", 32853


def request(*attributes: tuple[int, bytes], password: str = _PASSWORD, kind: int = 1) -> bytes:
    return _signed(kind, _TRANSACTION, b"".join(_written(kind, value) for kind, value in attributes), password)


@pytest.mark.parametrize("message", [_REQUEST, _IPV4_ANSWER, _IPV6_ANSWER])
def test_the_messages_of_rfc_5769_are_authentic(message: bytes) -> None:
    assert is_stun(message)
    assert is_authentic(message, _PASSWORD)
    assert not is_authentic(message, _PASSWORD + "!")
    for k in set(range(len(message))) - {len(message) - 8, len(message) - 7}:  # without a fingerprint it would be one, too
        assert not is_authentic(message[:k] + bytes((message[k] ^ 4,)) + message[k + 1 :], _PASSWORD)


def test_the_request_of_rfc_5769_is_answered() -> None:
    answer = answer_binding(_REQUEST, _PASSWORD, _SOURCE)
    assert answer is not None
    assert is_authentic(answer, _PASSWORD)
    assert answer[:2] == b"\x01\x01"
    assert answer[4:20] == _REQUEST[4:20]
    assert answer[20:32] == _IPV4_ANSWER[36:48]
    assert not nominates(_REQUEST)


def test_an_ipv6_source_is_told() -> None:
    answer = answer_binding(_REQUEST, _PASSWORD, ("2001:db8:1234:5678:11:2233:4455:6677", 32853))
    assert answer is not None
    assert is_authentic(answer, _PASSWORD)
    assert answer[20:44] == _IPV6_ANSWER[36:60]


def test_a_request_without_a_fingerprint_is_answered() -> None:
    bare = bytearray(_REQUEST[:-8])
    bare[2:4] = (0x50).to_bytes(2, "big")
    assert answer_binding(bytes(bare), _PASSWORD, _SOURCE) is not None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        _REQUEST[:19],
        _REQUEST[:-1],
        _REQUEST + bytes(4),
        _IPV4_ANSWER,
        request(kind=0x0011),
        request(password="another"),
        b"\0\1" + bytes(2) + _TRANSACTION,
        request((0x8022, bytes(1400))),
        request(*[(0x8022, b"")] * 70),
    ],
)
def test_what_is_no_authentic_request_is_not_answered(message: bytes) -> None:
    assert answer_binding(message, _PASSWORD, _SOURCE) is None


def test_nominations_are_seen() -> None:
    nominating = request((0x0006, b"ours:theirs"), (0x0025, b""), (0x802A, bytes(8)))
    assert nominates(nominating)
    assert answer_binding(nominating, _PASSWORD, _SOURCE) is not None


def test_what_has_to_be_understood_and_is_not_is_told() -> None:
    answer = answer_binding(request((0x0006, b"a:b"), (0x7001, b"x"), (0x7002, b"")), _PASSWORD, _SOURCE)
    assert answer is not None
    assert is_authentic(answer, _PASSWORD)
    assert answer[:2] == b"\x01\x11"
    assert b"\0\0\x04\x14Unknown Attribute" in answer
    assert b"\x00\x0a\x00\x04\x70\x01\x70\x02" in answer


def test_what_stands_behind_the_signature_does_not_count() -> None:
    head = b"\0\1" + bytes(2) + _TRANSACTION
    message = head + _written(_INTEGRITY, _signature(head, _PASSWORD)) + _written(0x7001, b"")
    message = message[:2] + (len(message) - 20).to_bytes(2, "big") + message[4:]
    answer = answer_binding(message, _PASSWORD, _SOURCE)
    assert answer is not None
    assert answer[:2] == b"\x01\x01"


@given(st.binary(max_size=200))
@example(_TRANSACTION)
def test_anything_may_come(data: bytes) -> None:
    message = b"\0\1" + (len(data)).to_bytes(2, "big") + _TRANSACTION + data
    for one in (data, message):
        assert answer_binding(one, _PASSWORD, _SOURCE) is None
        nominates(one)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=60)), max_size=12))
def test_any_attributes_may_come(attributes: list[tuple[int, bytes]]) -> None:
    answer = answer_binding(request(*attributes), _PASSWORD, _SOURCE)
    assert answer is None or is_authentic(answer, _PASSWORD)
