# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the keywords for `a=crypto` in a scenario say: SIPp's, and the same for the suites that SIPp does not have.

    a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]
    a=crypto:[cryptotag2audio] [cryptosuiteaescm128sha1322audio] inline:[cryptokeyparams2audio] [ueaescm128sha1322audio]

There are two places a kind of media, 1 and 2; an offer may use both, an answer uses the first. `CRYPTO_WORDS` has all
keywords; `crypto_places` says what they are in a call. This table is there in every run, so it knows nothing of libsrtp.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from engine.media.kinds import MediaKind
from engine.media.srtp.suites import SUITES, Suite


class Says(Enum):
    """What a keyword stands for."""

    TAG = auto()
    SUITE = auto()
    KEY = auto()
    UNENCRYPTED = auto()


@dataclass(frozen=True, slots=True)
class CryptoWord:
    """One keyword: what it says, of which place (1 or 2) of which kind; `suite`: of its name, or of the text it stands in."""

    says: Says
    place: int
    kind: MediaKind
    suite: Suite | None = None


def _words() -> dict[str, CryptoWord]:
    words: dict[str, CryptoWord] = {}
    for kind in (MediaKind.AUDIO, MediaKind.VIDEO):
        for place in (1, 2):
            words[f"cryptotag{place}{kind}"] = CryptoWord(Says.TAG, place, kind)
            words[f"cryptokeyparams{place}{kind}"] = CryptoWord(Says.KEY, place, kind)
            for suite in SUITES:
                words[f"cryptosuite{suite.keyword}{place}{kind}"] = CryptoWord(Says.SUITE, place, kind, suite)
                if suite.encrypts and not suite.aead:
                    words[f"ue{suite.keyword}{place}{kind}"] = CryptoWord(Says.UNENCRYPTED, place, kind, suite)
    return words


CRYPTO_WORDS: Final = _words()
"""Every keyword, without its brackets."""
