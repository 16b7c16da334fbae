# SPDX-License-Identifier: AGPL-3.0-or-later
"""STUN on a media port (RFC 8489), as much as an agent of ICE-lite needs (RFC 8445 section 2.5): requests are answered.

Browsers send no media before their connectivity checks were answered, with the password that our SDP gave them:

    a=ice-lite
    a=ice-ufrag:[ice_ufrag]
    a=ice-pwd:[ice_pwd]
    a=candidate:1 1 UDP 2130706431 [media_ip] [media_port] typ host

Who sent the check that nominates (`nominates`) is where media goes to.
"""

from __future__ import annotations

import hmac
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

_REQUEST, _SUCCESS, _FAILURE = 0x0001, 0x0101, 0x0111
_INTEGRITY, _ERROR, _UNKNOWN, _MAPPED = 0x0008, 0x0009, 0x000A, 0x0020
_PRIORITY, _USE_CANDIDATE, _FINGERPRINT = 0x0024, 0x0025, 0x8028
_KNOWN: Final = frozenset({0x0006, _INTEGRITY, _PRIORITY, _USE_CANDIDATE, 0x0014, 0x0015, 0x001C})
"""Attributes that must be understood, and are, or say nothing to us: user name, realm, nonce, integrity by SHA-256."""
_OPTIONAL: Final = 0x8000
_COOKIE: Final = b"\x21\x12\xa4\x42"
_HEADER_BYTES, _INTEGRITY_BYTES, _FINGERPRINT_BYTES = 20, 24, 8
_FINGERPRINT_XOR: Final = 0x5354554E
_MOST_BYTES, _MOST_ATTRIBUTES = 1280, 64


@dataclass(frozen=True, slots=True)
class _Attribute:
    kind: int
    value: bytes
    start: int


def answer_binding(request: bytes, password: str, source: tuple[str, int]) -> bytes | None:
    """What to answer a binding request that came from `source` (host, port); None when it is none, or not authentic.

    It has to be signed with our password, and unharmed. The answer tells the source (XOR-MAPPED-ADDRESS), or which attributes
    are not understood (420), and is not longer than a request has to be.
    """
    attributes = _read(request)
    if attributes is None or _kind_of(request) != _REQUEST or not is_authentic(request, password):
        return None
    signed = next(k for k, one in enumerate(attributes) if one.kind == _INTEGRITY)  # what comes behind is not authentic
    unknown = [one.kind for one in attributes[:signed] if one.kind < _OPTIONAL and one.kind not in _KNOWN]
    if unknown:
        refused = b"\0\0\4\x14Unknown Attribute"
        body = _written(_ERROR, refused) + _written(_UNKNOWN, b"".join(kind.to_bytes(2, "big") for kind in unknown))
        return _signed(_FAILURE, request[4:_HEADER_BYTES], body, password)
    return _signed(_SUCCESS, request[4:_HEADER_BYTES], _written(_MAPPED, _mapped(source, request)), password)


def is_authentic(message: bytes, password: str) -> bool:
    """Whether its MESSAGE-INTEGRITY is by this password, and its FINGERPRINT, when it has one, is right."""
    attributes = _read(message)
    if attributes is None:
        return False
    signature = next((one for one in attributes if one.kind == _INTEGRITY), None)
    if signature is None or len(signature.value) != _INTEGRITY_BYTES - 4:
        return False
    checksum = next((one for one in attributes if one.kind == _FINGERPRINT), None)
    if checksum is not None and checksum.value != _checksum(message[: checksum.start]):
        return False
    return hmac.compare_digest(_signature(message[: signature.start], password), signature.value)


def nominates(request: bytes) -> bool:
    """Whether it has USE-CANDIDATE: this path is the one to use (RFC 8445 section 7.3.1.5)."""
    return any(one.kind == _USE_CANDIDATE for one in _read(request) or ())


def _kind_of(message: bytes) -> int:
    return int.from_bytes(message[:2], "big")


def _read(message: bytes) -> list[_Attribute] | None:
    """The attributes, None when it is no message of STUN."""
    if not _HEADER_BYTES <= len(message) <= _MOST_BYTES or message[4:8] != _COOKIE or message[0] > 0x3F:
        return None
    if int.from_bytes(message[2:4], "big") != len(message) - _HEADER_BYTES or len(message) % 4:
        return None
    attributes = list(_attributes(message))
    whole = sum(4 + len(one.value) + -len(one.value) % 4 for one in attributes) == len(message) - _HEADER_BYTES
    return attributes if whole else None


def _attributes(message: bytes) -> Iterator[_Attribute]:
    at = _HEADER_BYTES
    for _ in range(_MOST_ATTRIBUTES):
        if at + 4 > len(message):
            return
        end = at + 4 + int.from_bytes(message[at + 2 : at + 4], "big")
        if end > len(message):
            return
        yield _Attribute(int.from_bytes(message[at : at + 2], "big"), message[at + 4 : end], at)
        at = end + -end % 4


def _written(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + bytes(-len(value) % 4)


def _mapped(source: tuple[str, int], request: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS (RFC 8489 section 14.2)."""
    host = ip_address(source[0])
    mask = request[4:_HEADER_BYTES]
    port = source[1] ^ int.from_bytes(mask[:2], "big")
    masked = bytes(a ^ b for a, b in zip(host.packed, mask, strict=False))
    return bytes((0, 1 if host.version == 4 else 2)) + port.to_bytes(2, "big") + masked


def _signed(kind: int, cookie_and_transaction: bytes, body: bytes, password: str) -> bytes:
    """A message with MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 sections 14.5 and 14.7)."""
    head = kind.to_bytes(2, "big") + bytes(2) + cookie_and_transaction + body
    message = head + _written(_INTEGRITY, _signature(head, password))
    whole = _with_length(message, len(message) - _HEADER_BYTES + _FINGERPRINT_BYTES)
    return whole + _written(_FINGERPRINT, _checksum(whole))


def _signature(before: bytes, password: str) -> bytes:
    """Of what stands before the attribute, with the length that the message has when it ends with it."""
    return hmac.digest(password.encode("utf-8"), _with_length(before, len(before) - _HEADER_BYTES + _INTEGRITY_BYTES), "sha1")


def _checksum(before: bytes) -> bytes:
    counted = _with_length(before, len(before) - _HEADER_BYTES + _FINGERPRINT_BYTES)
    return (crc32(counted) ^ _FINGERPRINT_XOR).to_bytes(4, "big")


def _with_length(message: bytes, length: int) -> bytes:
    return message[:2] + length.to_bytes(2, "big") + message[4:]
