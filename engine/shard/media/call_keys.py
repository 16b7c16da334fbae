# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the keywords for keys say in the SDP of a call: its `a=crypto` lines, its fingerprint and its part in a handshake."""

from __future__ import annotations

from engine.media.agreement import Agreement
from engine.media.srtp.crypto_places import CryptoPlaces
from engine.media.srtp.crypto_words import CryptoWord, Says
from engine.media.srtp.setup import ACTPASS, answer_to
from engine.scenario.program import Unsendable
from engine.shard.media.host import MediaHost


class CallKeys:
    """See the module. `agreement` is that of the kind of media that is spoken of, None before there is any."""

    __slots__ = ("_host", "_places")

    def __init__(self, host: MediaHost) -> None:
        self._host = host
        self._places = CryptoPlaces()

    def crypto(self, word: CryptoWord, again: bool, agreement: Agreement | None) -> bytes:
        """See `CallMedia.crypto`."""
        places = self._places
        if word.says is Says.TAG:
            text = places.tag(word, agreement.offered_crypto() if agreement is not None else ())
        elif word.says is Says.SUITE:
            text = places.suite(word)
        elif word.says is Says.KEY:
            text = places.key(word, self._host.random.randbytes, again=again)
        else:
            text = places.unencrypted(word)
        return text.encode("ascii")

    def fingerprint(self) -> bytes:
        """See `CallMedia.fingerprint`."""
        identity = self._host.identity
        if identity is None:
            raise Unsendable("no certificate was made for DTLS")
        return str(identity.fingerprint).encode("ascii")

    def setup(self, agreement: Agreement | None) -> bytes:
        """See `CallMedia.setup`."""
        offered = agreement.offered_setup if agreement is not None else None
        try:
            return (answer_to(offered) if offered is not None else ACTPASS).encode("ascii")
        except ValueError as error:
            raise Unsendable(str(error)) from None
