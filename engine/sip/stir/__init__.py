# SPDX-License-Identifier: AGPL-3.0-or-later
"""STIR/SHAKEN (RFC 8224, RFC 8225, RFC 8588), without I/O and without clocks: who calls whom, signed.

`parties` says how a party is written in a claim, `es256` signs and verifies, `passport` is the signed token, `identity` the
header that carries it and what there is to be checked of one.
"""

from __future__ import annotations

from engine.sip.stir.es256 import KeyProblem, Signer, Verifier
from engine.sip.stir.identity import MAX_AGE_S, IdentityCheck, identity_value
from engine.sip.stir.parties import NotAParty, Party, party_of
from engine.sip.stir.passport import ATTESTATIONS, Passport

__all__ = [
    "ATTESTATIONS",
    "MAX_AGE_S",
    "IdentityCheck",
    "KeyProblem",
    "NotAParty",
    "Party",
    "Passport",
    "Signer",
    "Verifier",
    "identity_value",
    "party_of",
]
