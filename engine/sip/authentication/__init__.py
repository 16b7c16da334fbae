# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digest authentication (RFC 3261 section 22, RFC 7616, RFC 8760) and AKA (RFC 3310), without I/O and without clocks.

`header` reads what challenges and credentials say, `digest` computes responses, `milenage` and `aka` make the password of an
AKA challenge, `client` answers the challenge that a call was given, `server` checks what a client answered.
"""

from __future__ import annotations

from engine.sip.authentication.aka import AkaKeys, SequenceNumbers
from engine.sip.authentication.client import CHALLENGES, Authentication, Credentials, challenge_of
from engine.sip.authentication.header import AuthenticationError
from engine.sip.authentication.milenage import SIZE as AKA_KEY_BYTES
from engine.sip.authentication.server import is_authentic

__all__ = [
    "AKA_KEY_BYTES",
    "CHALLENGES",
    "AkaKeys",
    "Authentication",
    "AuthenticationError",
    "Credentials",
    "SequenceNumbers",
    "challenge_of",
    "is_authentic",
]
