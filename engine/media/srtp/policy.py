# SPDX-License-Identifier: AGPL-3.0-or-later
"""What libsrtp is told of a direction: `context_of(keys, ssrc_type)`.

pylibsrtp offers the four profiles that DTLS negotiates. libsrtp knows more, which SDES may name (longer keys, no encryption),
but the binding hides the struct that says so. It is six numbers; they are written only where a profile's own six are found to
be what they should be, and a suite that needs it is refused by name where they are not.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from pylibsrtp import Policy

from engine.media.srtp.binding import ffi, lib
from engine.media.srtp.suites import (
    AEAD_AES_128_GCM,
    AEAD_AES_256_GCM,
    AES_CM_128_HMAC_SHA1_32,
    AES_CM_128_HMAC_SHA1_80,
    Keys,
    Suite,
)

_PROFILES: Final = {
    AES_CM_128_HMAC_SHA1_80.name: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    AES_CM_128_HMAC_SHA1_32.name: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    AEAD_AES_128_GCM.name: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    AEAD_AES_256_GCM.name: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}

# srtp_crypto_policy_t of libsrtp 2: cipher, bytes of key and salt; authentication, bytes of its key and of the tag; services.
_WORDS: Final = 6
_NULL_CIPHER: Final = 0
_COUNTER_MODE: Final = {16: 1, 32: 5}
_HMAC_SHA1: Final = 3
_HMAC_KEY_BYTES: Final = 20
_ENCRYPT, _AUTHENTICATE = 1, 2
_KNOWN: Final = [1, 30, _HMAC_SHA1, _HMAC_KEY_BYTES, 10, _ENCRYPT | _AUTHENTICATE]

ANY_INBOUND: Final = Policy.SSRC_ANY_INBOUND
ANY_OUTBOUND: Final = Policy.SSRC_ANY_OUTBOUND


def refusal(suite: Suite, encrypts: bool = True) -> str | None:
    """Why libsrtp cannot do this here; None when it can. `encrypts`: False when only authentication is asked for."""
    if suite.aead and not encrypts:
        return f"{suite.name} cannot leave packets unencrypted"
    if (suite.name not in _PROFILES or not encrypts) and not _layout_is_known():
        what = suite.name if encrypts else f"{suite.name} without encryption"
        return f"{what} is not to be had with this version of libsrtp"
    return None


def context_of(keys: Keys, ssrc_type: int) -> Any:
    """libsrtp's context for one direction and all its SSRCs (`srtp_t *`). Raises ValueError for what `refusal` names.

    Not to be moved into a compiled module: mypyc lets go of `policy` after the last line that names it, and with it goes the
    memory of the key, which libsrtp still has to read.
    """
    policy = _policy_of(keys, ssrc_type)
    owner: Any = ffi.new("srtp_t *")
    status = lib.srtp_create(owner, policy._policy)
    if status:
        raise ValueError(f"libsrtp takes no key for {keys.suite.name} (its error {status})")
    return ffi.gc(owner, _free)


def _free(owner: Any) -> None:
    lib.srtp_dealloc(owner[0])


def _policy_of(keys: Keys, ssrc_type: int) -> Policy:
    suite = keys.suite
    encrypts = keys.encrypt_rtp and keys.encrypt_rtcp
    reason = refusal(suite, encrypts)
    if reason is not None:
        raise ValueError(reason)
    profile = _PROFILES.get(suite.name)
    policy = Policy(
        keys.master, ssrc_type, srtp_profile=_PROFILES[AES_CM_128_HMAC_SHA1_80.name] if profile is None else profile
    )
    policy.allow_repeat_tx = True  # what is echoed or replayed may come twice, and is the same packet then
    if profile is None or not encrypts:
        _write(policy._policy.rtp, _words_of(suite, suite.tag_bytes, keys.encrypt_rtp))
        _write(policy._policy.rtcp, _words_of(suite, suite.rtcp_tag_bytes, keys.encrypt_rtcp))
    return policy


def _words_of(suite: Suite, tag_bytes: int, encrypt: bool) -> list[int]:
    cipher = _COUNTER_MODE[suite.key_bytes] if suite.encrypts else _NULL_CIPHER
    services = _AUTHENTICATE | _ENCRYPT if encrypt and suite.encrypts else _AUTHENTICATE
    return [cipher, suite.master_bytes, _HMAC_SHA1, _HMAC_KEY_BYTES, tag_bytes, services]


@cache
def _layout_is_known() -> bool:
    """Whether the struct is the six numbers that it is taken for."""
    if ffi.sizeof("srtp_crypto_policy_t") != 4 * _WORDS:
        return False
    policy: Any = Policy(srtp_profile=_PROFILES[AES_CM_128_HMAC_SHA1_80.name])
    return list(ffi.unpack(_words(policy._policy.rtp), _WORDS)) == _KNOWN


def _words(struct: Any) -> Any:
    return ffi.cast("uint32_t *", ffi.addressof(struct))


def _write(struct: Any, words: list[int]) -> None:
    place = _words(struct)
    for k, word in enumerate(words):
        place[k] = word
