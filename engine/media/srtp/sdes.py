# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys in SDP: `a=crypto` (RFC 4568), read, written and agreed on.

    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4 UNENCRYPTED_SRTCP

Each side says in its own line with which key it sends. Who offers may have several lines with tags of their own; who answers
takes one of them, and answers with its tag, its suite and a key of his own.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.media.srtp.policy import refusal
from engine.media.srtp.suites import SUITE_OF_NAME, Keys, Suite

_LINE: Final = re.compile(r"(\d{1,9})[ \t]+(\w+)[ \t]+(inline:\S+)(?:[ \t]+(\S.*))?", re.ASCII)
_LIFETIME: Final = re.compile(r"2\^(\d{1,2})|(\d{1,15})", re.ASCII)
_MKI: Final = re.compile(r"(\d{1,39}):(\d{1,3})", re.ASCII)
_MOST_KEYS, _MOST_PARAMETERS, _MOST_MKI_BYTES = 16, 16, 128
UNENCRYPTED_SRTP: Final = "UNENCRYPTED_SRTP"
UNENCRYPTED_SRTCP: Final = "UNENCRYPTED_SRTCP"
UNAUTHENTICATED_SRTP: Final = "UNAUTHENTICATED_SRTP"


class SdesError(ValueError):
    """What is wrong with an `a=crypto`, or why two sides did not agree; one line."""


@dataclass(frozen=True, slots=True)
class InlineKey:
    """One `inline:` of a line (RFC 4568 section 6.1).

    `master` is master key and master salt, one after the other; `lifetime` how many packets it is good for, None when that is
    not said; `mki` the identifier that stands in each packet, b"" for none.
    """

    master: bytes
    lifetime: int | None = None
    mki: bytes = b""


@dataclass(frozen=True, slots=True)
class Crypto:
    """An `a=crypto`. `suite`: the name as it stands there, which need not be one that we know."""

    tag: int
    suite: str
    keys: tuple[InlineKey, ...]
    parameters: tuple[str, ...] = ()

    @property
    def known(self) -> Suite | None:
        """The suite, when it is in our table. Names are compared without their case, as many write them."""
        return SUITE_OF_NAME.get(self.suite.upper())


def read_crypto(value: str) -> Crypto:
    """What stands behind `a=crypto:`. Raises SdesError."""
    match = _LINE.fullmatch(value.strip())
    if match is None:
        raise SdesError("a=crypto needs a tag, a suite and inline:KEY")
    tag, suite, keys, parameters = match.groups()
    inline = keys.split(";")
    words = tuple((parameters or "").split())
    if len(inline) > _MOST_KEYS or len(words) > _MOST_PARAMETERS:
        raise SdesError(f"a=crypto:{tag} has more than {_MOST_KEYS} keys or {_MOST_PARAMETERS} parameters")
    return Crypto(int(tag), suite, tuple(_read_key(text, tag) for text in inline), words)


def _read_key(text: str, tag: str) -> InlineKey:
    """`inline:BASE64`, then `|LIFETIME` and `|MKI:LENGTH`, each of which may be missing."""
    name, _, info = text.partition(":")
    key, *rest = info.split("|")
    if name != "inline" or not key:
        raise SdesError(f"a=crypto:{tag} has a key that is not inline:BASE64")
    try:
        master = b64decode(key + "=" * (-len(key) % 4), validate=True)
    except ValueError:
        raise SdesError(f"a=crypto:{tag} has a key that is not base64") from None
    lifetime: int | None = None
    if rest and ":" not in rest[0]:
        lifetime = _read_lifetime(rest.pop(0), tag)
    mki = _read_mki(rest.pop(0), tag) if rest else b""
    if rest:
        raise SdesError(f"a=crypto:{tag} has more behind its key than a lifetime and an MKI")
    return InlineKey(master, lifetime, mki)


def _read_lifetime(text: str, tag: str) -> int:
    match = _LIFETIME.fullmatch(text)
    packets = 0 if match is None else 1 << int(match[1]) if match[1] else int(match[2])
    if not 0 < packets <= 1 << 48:
        raise SdesError(f"a=crypto:{tag} has no lifetime from 1 to 2^48 packets, but {text[:20]}")
    return packets


def _read_mki(text: str, tag: str) -> bytes:
    match = _MKI.fullmatch(text)
    length = 0 if match is None else int(match[2])
    if match is None or not 0 < length <= _MOST_MKI_BYTES or int(match[1]) >> (8 * length):
        raise SdesError(f"a=crypto:{tag} has no MKI of the form VALUE:BYTES with 1 to {_MOST_MKI_BYTES} bytes, but {text[:20]}")
    return int(match[1]).to_bytes(length, "big")


def write_crypto(crypto: Crypto) -> str:
    """What stands behind `a=crypto:`."""
    keys = ";".join(map(_write_key, crypto.keys))
    return " ".join((str(crypto.tag), crypto.suite, keys, *crypto.parameters))


def _write_key(key: InlineKey) -> str:
    text = f"inline:{b64encode(key.master).decode('ascii')}"
    if key.lifetime is not None:
        power = key.lifetime.bit_length() - 1
        text += f"|2^{power}" if key.lifetime == 1 << power else f"|{key.lifetime}"
    return text + (f"|{int.from_bytes(key.mki, 'big')}:{len(key.mki)}" if key.mki else "")


def new_key(suite: Suite, randbytes: Callable[[int], bytes]) -> str:
    """A new master key and salt as base64, for `inline:`.

    What draws is handed in. `os.urandom` gives keys that nobody can guess. A run draws from its own source, which `-seed`
    repeats, so with a seed keys are the same in each run and known to whoever knows the seed.
    """
    return b64encode(randbytes(suite.master_bytes)).decode("ascii")


def unusable(crypto: Crypto) -> str | None:
    """Why we cannot take this line; None when we can."""
    suite = crypto.known
    if suite is None:
        return f"crypto suite {crypto.suite} is not known"
    first = crypto.keys[0]
    if len(first.master) != suite.master_bytes:
        return f"a=crypto:{crypto.tag} has a key of {len(first.master)} bytes, and {suite.name} needs {suite.master_bytes}"
    for word in crypto.parameters:
        name = word.partition("=")[0].upper()
        if name == UNAUTHENTICATED_SRTP or (name == "KDR" and word.partition("=")[2] != "0") or name.startswith("FEC_"):
            return f"a=crypto:{crypto.tag} asks for {word[:40]}, which is not supported"
    return refusal(suite, _encrypts(crypto, UNENCRYPTED_SRTP) and _encrypts(crypto, UNENCRYPTED_SRTCP))


def _encrypts(crypto: Crypto, unless: str) -> bool:
    return unless not in (word.upper() for word in crypto.parameters)


def keys_of(crypto: Crypto) -> Keys:
    """What protects the packets of who wrote this line: its first key. Raises SdesError when we cannot take it."""
    reason, suite = unusable(crypto), crypto.known
    if reason is not None or suite is None:
        raise SdesError(reason or "")
    first = crypto.keys[0]
    encrypt_rtp, encrypt_rtcp = _encrypts(crypto, UNENCRYPTED_SRTP), _encrypts(crypto, UNENCRYPTED_SRTCP)
    return Keys(suite, first.master, first.mki, encrypt_rtp, encrypt_rtcp)


def choose(offered: Iterable[Crypto], wanted: Suite | None = None) -> Crypto | None:
    """The offered line that an answer takes: the first that we can take (RFC 4568 section 5.1.2), of the wanted suite."""
    return next((line for line in offered if unusable(line) is None and wanted in (None, line.known)), None)


def agree(offered: Sequence[Crypto], answered: Sequence[Crypto]) -> tuple[Crypto, Crypto]:
    """The line of the offer and that of the answer which hold from now on. Raises SdesError.

    They have the same tag and the same suite (RFC 4568 section 5.1.3). SIPp answers every offer with tag 1, so where no tag
    fits the suite decides.
    """
    usable = [line for line in answered if unusable(line) is None]
    for same_tag in (True, False):
        for answer in usable:
            for offer in offered:
                if offer.known is answer.known and (offer.tag == answer.tag or not same_tag) and unusable(offer) is None:
                    return offer, answer
    raise SdesError(_why_not(offered, answered))


def _why_not(offered: Sequence[Crypto], answered: Sequence[Crypto]) -> str:
    if not offered or not answered:
        return f"there is no a=crypto in the {'answer' if offered else 'offer'}"
    reason = next((why for why in map(unusable, (*answered, *offered)) if why is not None), None)
    names = [", ".join(line.suite for line in lines[:4]) for lines in (offered, answered)]
    return reason or f"the answer takes none of the crypto suites that were offered: {names[0]} offered, {names[1]} answered"
