# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between them the scenarios that are compared with SIPp byte for byte use every word of the language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.media.srtp.crypto_words import CRYPTO_WORDS
from engine.scenario.distributions import PARAMETERS, SHORT_FORMS
from tests.interop.vocabulary import WordOfLanguage, all_words, used_words

FILES = sorted((Path(__file__).parent / "scenarios").glob("*.xml"))
LEAST_FILES = 40

_BEYOND = "SIPp has nothing like it"
_NEWER = "Debian's SIPp refuses it: it came with a later one"
EXCEPT: Mapping[WordOfLanguage, str] = {
    ("sendCmd",): "3PCC is not built yet",
    ("recvCmd",): "3PCC is not built yet",
    **{("action", "exec", each): _BEYOND for each in ("rtp_record", "rtpcheck", "send_dtmf")},
    ("action", "exec", "rtp_echo"): _NEWER,
    ("recv", "dtmf"): _BEYOND,
    **{("keyword", each): _BEYOND for each in ("dtls_fingerprint", "dtls_setup", "dtmf_digits", "ice_pwd", "ice_ufrag")},
    ("keyword", "rtpstream_image_port"): _BEYOND,
    **{("keyword", each): _NEWER for each in CRYPTO_WORDS},
    **{("action", "verifyauth", f"aka_{each}"): _BEYOND for each in ("AMF", "K", "OP", "OPc")},
    ("action", "verifyidentity"): _BEYOND,
    ("keyword", "identity"): _BEYOND,
    ("action", "trim", "variable"): _NEWER,
    ("action", "urlencode"): _NEWER,
    ("action", "urldecode"): _NEWER,
    ("timewait", "next"): "SIPp refuses it",
    **{("timewait", each): "read as that of a pause" for each in PARAMETERS | SHORT_FORMS | {"distribution", "sanity_check"}},
}
"""Words that no file can use or need use, with everything that belongs to them, and why."""


def is_excepted(word: WordOfLanguage) -> bool:
    """Whether the word, or what it belongs to, is among the exceptions."""
    return any(word[:length] in EXCEPT for length in range(1, len(word) + 1))


USED = frozenset().union(*(used_words(file) for file in FILES))


def test_there_are_enough_scenarios() -> None:
    assert len(FILES) >= LEAST_FILES


def test_every_word_is_in_some_scenario() -> None:
    left = sorted(word for word in all_words() - USED if not is_excepted(word))
    assert not left, f"no file in {FILES[0].parent} uses {left}"


def test_no_exception_is_made_for_what_is_there() -> None:
    assert sorted(filter(is_excepted, USED)) == []
