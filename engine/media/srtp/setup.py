# SPDX-License-Identifier: AGPL-3.0-or-later
"""`a=setup` in SDP: who begins the handshake of DTLS (RFC 4145 section 4, RFC 5763 section 5)."""

from __future__ import annotations

from typing import Final

ACTIVE, PASSIVE, ACTPASS = "active", "passive", "actpass"
_ANSWERS: Final = {ACTPASS: ACTIVE, PASSIVE: ACTIVE, ACTIVE: PASSIVE}


def answer_to(offered: str) -> str:
    """What we answer: active where we may choose, for the handshake then begins at once. Raises ValueError for `holdconn`."""
    try:
        return _ANSWERS[offered.strip().lower() or ACTIVE]
    except KeyError:
        raise ValueError(f"a=setup:{offered[:20]} cannot be answered — active, passive and actpass can") from None


def is_client(ours: str, theirs: str) -> bool:
    """Whether we begin, from both sides' `a=setup` ("" when it is missing). Raises ValueError when nobody or both would."""
    ours, theirs = ours.strip().lower(), theirs.strip().lower()
    if ours in (ACTIVE, PASSIVE) and theirs != ours:
        return ours == ACTIVE
    if ours in (ACTPASS, "") and theirs in (ACTIVE, PASSIVE):
        return theirs == PASSIVE
    raise ValueError(f"a=setup:{ours or '(none)'} here and a=setup:{theirs[:20] or '(none)'} there do not say who begins DTLS")
