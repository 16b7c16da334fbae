# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the keywords of `crypto_words` say in one call.

Keys are not agreed on here but from the SDP that was really sent and received (`sdes.agree`), so a line may as well be written
out, or come from a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.media.kinds import MediaKind
from engine.media.srtp.crypto_words import CryptoWord
from engine.media.srtp.sdes import UNENCRYPTED_SRTP, Crypto, choose, new_key
from engine.media.srtp.suites import AES_CM_128_HMAC_SHA1_80


class CryptoPlaces:
    """What a call remembers of its own `a=crypto` lines; made when the first keyword comes."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[tuple[MediaKind, int], str] = {}

    def tag(self, word: CryptoWord, offered: Iterable[Crypto] = ()) -> str:
        """The tag. `offered`: the peer's lines when this answers them, else nothing.

        An answer has the tag of the line that it takes (RFC 4568 section 5.1.2). Otherwise it is the place, as in SIPp.
        """
        taken = choose(offered, word.suite) if word.place == 1 else None
        return str(word.place if taken is None else taken.tag)

    def suite(self, word: CryptoWord) -> str:
        """The suite's name."""
        return (word.suite or AES_CM_128_HMAC_SHA1_80).name

    def key(self, word: CryptoWord, randbytes: Callable[[int], bytes], *, again: bool = False) -> str:
        """A new key in base64, as long as its suite asks for (of 30 bytes when the text names none).

        `again`: the one of before, which SIPp gives for a negative offset (`[cryptokeyparams1audio-1]`).
        """
        place = word.kind, word.place
        key = self._keys.get(place) if again else None
        if key is None:
            key = self._keys[place] = new_key(word.suite or AES_CM_128_HMAC_SHA1_80, randbytes)
        return key

    @staticmethod
    def unencrypted(word: CryptoWord) -> str:
        """The parameter that asks for authentication only; SIPp's `[ue…]`."""
        return UNENCRYPTED_SRTP
