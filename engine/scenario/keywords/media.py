# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keywords for media: addresses and ports that SDP names, keys, and the digits that came.

`[media_port]` and `[auto_media_port]` are what SIPp makes of `-mp`; the other ports are the call's own, taken when it first
speaks of them. Keys are agreed on from the SDP that was sent and received, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from engine.media.kinds import MediaKind
from engine.media.srtp.crypto_words import CRYPTO_WORDS, CryptoWord, Says
from engine.media.srtp.suites import SUITE_OF_NAME, Suite
from engine.scenario.assemble import Slot
from engine.scenario.keywords.slots import fact, ip_type, number_fact
from engine.scenario.program import CallState, RunFacts
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Parsed, Text, Word

AUTO_MEDIA_PORTS: Final = 10_000
"""[auto_media_port] starts again after this many ports, four a call."""


def _media_ip(facts: RunFacts) -> str:
    return facts.media_ip or facts.local_ip


def _auto_media_port(word: Word, scope: Scope) -> Compiled:
    first = scope.facts.media_port + word.offset
    return Slot(lambda call: first + 4 * (call.number - 1) % AUTO_MEDIA_PORTS, format=b"%d")


def _own_port(kind: MediaKind) -> Keyword:
    """The call's own port for a kind of media; with an offset, `[rtpstream_audio_port+1]`, that of its RTCP."""

    def compile_port(word: Word, scope: Scope) -> Compiled:
        offset = word.offset
        return Slot(lambda call: call.media.port(kind) + offset, format=b"%d")

    return Keyword(compile_port)


def _crypto(crypto_word: CryptoWord) -> Keyword:
    """A word of an `a=crypto` line. As in SIPp a negative offset (`[cryptokeyparams1audio-1]`) is the key of before."""

    def compile_word(word: Word, scope: Scope) -> Compiled:
        again = word.offset < 0
        meant = replace(crypto_word, suite=crypto_word.suite or _suite_beside(crypto_word, word, scope.text))
        return Slot(lambda call: call.media.crypto(meant, again))

    return Keyword(compile_word)


def _suite_beside(crypto_word: CryptoWord, word: Word, text: Parsed) -> Suite | None:
    """The suite that the text names for the same place: a tag stands before it, and an answer's follows from it.

    Without a keyword for it, the one that is written out beside the word, in its line.
    """
    found = (CRYPTO_WORDS.get(part.name) for part in text.parts if isinstance(part, Word))
    place = crypto_word.kind, crypto_word.place
    named = next(
        (one.suite for one in found if one is not None and one.says is Says.SUITE and (one.kind, one.place) == place), None
    )
    return named or _suite_written_out(word, text)


def _suite_written_out(word: Word, text: Parsed) -> Suite | None:
    index = next((index for index, part in enumerate(text.parts) if part is word), len(text.parts))
    before, after = text.parts[max(0, index - 1) : index], text.parts[index + 1 : index + 2]
    beside = [part.data.rpartition(b"\n")[2] for part in before if isinstance(part, Text)]
    beside += [part.data.partition(b"\n")[0] for part in after if isinstance(part, Text)]
    names = b" ".join(beside).decode("latin-1").upper().split()
    return next((SUITE_OF_NAME[name] for name in names if name in SUITE_OF_NAME), None)


def _dtls_setup(word: Word, scope: Scope) -> Compiled:
    """Of the audio; whoever offers more kinds writes the attribute for all of them."""
    return Slot(lambda call: call.media.setup(MediaKind.AUDIO))


def _digits(call: CallState) -> bytes:
    return call.media.digits


OF_CALL: Mapping[str, Keyword] = {
    "rtpstream_audio_port": _own_port(MediaKind.AUDIO),
    "rtpstream_video_port": _own_port(MediaKind.VIDEO),
    "rtpstream_image_port": _own_port(MediaKind.IMAGE),
    "dtls_fingerprint": Keyword(lambda word, scope: Slot(lambda call: call.media.fingerprint())),
    "dtls_setup": Keyword(_dtls_setup),
    "ice_ufrag": Keyword(lambda word, scope: Slot(lambda call: call.media.ice_ufrag())),
    "ice_pwd": Keyword(lambda word, scope: Slot(lambda call: call.media.ice_pwd())),
    "dtmf_digits": Keyword(lambda word, scope: Slot(_digits)),
    **{name: _crypto(crypto_word) for name, crypto_word in CRYPTO_WORDS.items()},
}
"""Those that speak of the media of a call, which it then has."""

KEYWORDS: Mapping[str, Keyword] = {
    "media_ip": fact(_media_ip),
    "media_ip_type": Keyword(lambda word, scope: ip_type(_media_ip(scope.facts))),
    "media_port": number_fact(lambda facts: facts.media_port),
    "auto_media_port": Keyword(_auto_media_port),
    **OF_CALL,
}
