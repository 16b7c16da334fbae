# SPDX-License-Identifier: AGPL-3.0-or-later
"""THE table of SRTP's crypto suites: what each is called, and how long its keys are.

RFC 4568 and RFC 3711 (AES_CM_128), RFC 6188 (AES_256_CM), RFC 7714 (AEAD), RFC 5764 (profiles of DTLS, NULL). AES_192_CM is
missing: libsrtp derives other session keys for it than RFC 6188 says, which nobody else would understand.
`NULL_HMAC_SHA1_…` are in no registry of SDES; SIPp says them, and they are what RFC 5764 calls SRTP_NULL_HMAC_SHA1_….
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Suite:
    """One crypto suite. All lengths are bytes.

    `name` is that in `a=crypto`; `keyword` that in our keywords (`[cryptosuiteaescm128sha1801audio]`). `profile` is what
    `use_srtp` calls it (RFC 5764 section 4.1.2), as OpenSSL spells it; "" when DTLS does not have it. SRTP's packets
    grow by `tag_bytes`. SRTCP's by `rtcp_tag_bytes` and by the 4 of its index. `aead`: the tag is the cipher's own.
    """

    name: str
    keyword: str
    key_bytes: int
    salt_bytes: int
    tag_bytes: int
    rtcp_tag_bytes: int
    profile: str = ""
    aead: bool = False
    encrypts: bool = True

    @property
    def master_bytes(self) -> int:
        """How long master key and master salt are together."""
        return self.key_bytes + self.salt_bytes


AES_CM_128_HMAC_SHA1_80: Final = Suite(
    "AES_CM_128_HMAC_SHA1_80", "aescm128sha180", 16, 14, 10, 10, profile="SRTP_AES128_CM_SHA1_80"
)
AES_CM_128_HMAC_SHA1_32: Final = Suite(
    "AES_CM_128_HMAC_SHA1_32", "aescm128sha132", 16, 14, 4, 10, profile="SRTP_AES128_CM_SHA1_32"
)
AEAD_AES_128_GCM: Final = Suite("AEAD_AES_128_GCM", "aeadaes128gcm", 16, 12, 16, 16, profile="SRTP_AEAD_AES_128_GCM", aead=True)
AEAD_AES_256_GCM: Final = Suite("AEAD_AES_256_GCM", "aeadaes256gcm", 32, 12, 16, 16, profile="SRTP_AEAD_AES_256_GCM", aead=True)

SUITES: Final = (
    AES_CM_128_HMAC_SHA1_80,
    AES_CM_128_HMAC_SHA1_32,
    AEAD_AES_128_GCM,
    AEAD_AES_256_GCM,
    Suite("AES_256_CM_HMAC_SHA1_80", "aescm256sha180", 32, 14, 10, 10),
    Suite("AES_256_CM_HMAC_SHA1_32", "aescm256sha132", 32, 14, 4, 10),
    Suite("NULL_HMAC_SHA1_80", "nullsha180", 16, 14, 10, 10, encrypts=False),
    Suite("NULL_HMAC_SHA1_32", "nullsha132", 16, 14, 4, 10, encrypts=False),
)

SUITE_OF_NAME: Final = {suite.name: suite for suite in SUITES}
"""By the name in `a=crypto`."""

SUITE_OF_PROFILE: Final = {suite.profile: suite for suite in SUITES if suite.profile}
"""By OpenSSL's name of the profile in DTLS."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What protects one direction.

    `master` is master key and master salt, one after the other (RFC 4568 section 6.1). `mki`: the master key identifier that
    stands in each packet, b"" for none (RFC 3711 section 3.1). `encrypt_rtp`, `encrypt_rtcp`: False when the peers agreed on
    authentication only (RFC 4568 section 6.3.2). Raises ValueError when the key has another length than its suite asks for.
    """

    suite: Suite
    master: bytes
    mki: bytes = b""
    encrypt_rtp: bool = True
    encrypt_rtcp: bool = True

    def __post_init__(self) -> None:
        if len(self.master) != self.suite.master_bytes:
            raise ValueError(
                f"{self.suite.name} has a key and a salt of {self.suite.master_bytes} bytes together, not {len(self.master)}"
            )
