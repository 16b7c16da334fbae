# SPDX-License-Identifier: AGPL-3.0-or-later
"""SRTP by the letter of RFC 3711 and RFC 7714, slow and short: what the tests hold libsrtp's packets to.

It is itself held to the RFCs' vectors in `test_reference.py`. Packets have no extension; the rollover counter is handed in.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.media.srtp.suites import Keys, Suite


def key_stream(key: bytes, start: int, length: int) -> bytes:
    """AES in counter mode, RFC 3711 section 4.1.1; `start` is the first counter, 128 bits."""
    encryptor = Cipher(algorithms.AES(key), modes.CTR(start.to_bytes(16, "big"))).encryptor()
    return encryptor.update(bytes(length))


def derive(master_key: bytes, master_salt: bytes, label: int, length: int) -> bytes:
    """A session key, RFC 3711 section 4.3.1 with a derivation rate of 0; salts of 12 bytes as RFC 7714 section 11 says."""
    x = int.from_bytes(master_salt.ljust(14, b"\0"), "big") ^ (label << 48)
    return key_stream(master_key, x << 16, length)


@dataclass(frozen=True)
class SessionKeys:
    cipher: bytes
    authentication: bytes
    salt: bytes

    @classmethod
    def of(cls, keys: Keys, first_label: int) -> SessionKeys:
        suite, key, salt = keys.suite, keys.master[: keys.suite.key_bytes], keys.master[keys.suite.key_bytes :]
        lengths = (suite.key_bytes, 20, suite.salt_bytes)
        return cls(*(derive(key, salt, first_label + k, length) for k, length in enumerate(lengths)))


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _counter_mode(session: SessionKeys, ssrc: bytes, index: int, text: bytes) -> bytes:
    start = (int.from_bytes(session.salt, "big") << 16) ^ (int.from_bytes(ssrc, "big") << 64) ^ (index << 16)
    return xor(text, key_stream(session.cipher, start, len(text)))


def _tag(session: SessionKeys, text: bytes, length: int) -> bytes:
    return hmac.digest(session.authentication, text, "sha1")[:length]


def gcm_rtp(key: bytes, salt: bytes, packet: bytes, rollovers: int) -> bytes:
    """RFC 7714 section 8.1, with session keys."""
    vector = xor(bytes(2) + packet[8:12] + rollovers.to_bytes(4, "big") + packet[2:4], salt)
    return packet[:12] + AESGCM(key).encrypt(vector, packet[12:], packet[:12])


def gcm_rtcp(key: bytes, salt: bytes, packet: bytes, index: int, encrypt: bool = True) -> bytes:
    """RFC 7714 section 9.1 to 9.3, with session keys."""
    vector = xor(bytes(2) + packet[4:8] + bytes(2) + index.to_bytes(4, "big"), salt)
    word = (index | (1 << 31 if encrypt else 0)).to_bytes(4, "big")
    if not encrypt:
        return packet + AESGCM(key).encrypt(vector, b"", packet + word) + word
    return packet[:8] + AESGCM(key).encrypt(vector, packet[8:], packet[:8] + word) + word


def protect(keys: Keys, packet: bytes, rollovers: int = 0) -> bytes:
    session, suite = SessionKeys.of(keys, 0), keys.suite
    if suite.aead:
        return gcm_rtp(session.cipher, session.salt, packet, rollovers)
    index = rollovers << 16 | int.from_bytes(packet[2:4], "big")
    body = packet[12:]
    if suite.encrypts and keys.encrypt_rtp:
        body = _counter_mode(session, packet[8:12], index, body)
    done = packet[:12] + body
    return done + keys.mki + _tag(session, done + rollovers.to_bytes(4, "big"), suite.tag_bytes)


def protect_rtcp(keys: Keys, packet: bytes, index: int) -> bytes:
    session, suite = SessionKeys.of(keys, 3), keys.suite
    if suite.aead:
        return gcm_rtcp(session.cipher, session.salt, packet, index)
    encrypts = suite.encrypts and keys.encrypt_rtcp
    body = _counter_mode(session, packet[4:8], index, packet[8:]) if encrypts else packet[8:]
    done = packet[:8] + body + (index | (1 << 31 if encrypts else 0)).to_bytes(4, "big")
    return done + keys.mki + _tag(session, done, suite.rtcp_tag_bytes)


def rtp(sequence: int, payload: bytes, ssrc: bytes = b"\xca\xfe\xba\xbe", timestamp: int = 0) -> bytes:
    return b"\x80\x0f" + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + ssrc + payload


def keys_for(suite: Suite, first: int = 1, **more: Any) -> Keys:
    return Keys(suite, bytes((first + k) % 256 for k in range(suite.master_bytes)), **more)
