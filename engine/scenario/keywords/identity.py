# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keyword that signs a call (STIR/SHAKEN): `[identity attest="A" orig="…" dest="…" key="FILE" x5u="URL"]`.

It becomes the value of an Identity header, and the whole header where nothing stands before it in its line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from uuid import UUID

from engine.scenario.assemble import Slot
from engine.scenario.keys import key_of
from engine.scenario.keywords.arguments import constant
from engine.scenario.problems import Misuse, nearest
from engine.scenario.program import CallState, Unsendable
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Parsed, Word
from engine.sip.stir import ATTESTATIONS, Party, Passport, Signer, identity_value, party_of

REQUIRED: Final = ("attest", "orig", "dest", "x5u")
OPTIONAL: Final = ("origid", "iat")

Value = TypeVar("Value")


def _identity(word: Word, scope: Scope) -> Compiled:
    known = (*REQUIRED, *OPTIONAL, "key")
    for name in word.arguments.keys() - set(known):
        scope.problems.warn(word.line, f"[identity] has no argument {name}; it is ignored", nearest(name, known))
    signer = key_of(constant(word, "key"), Signer, scope)
    passport = _passport(word, scope)
    if signer is None:
        return b""
    header = b"Identity: " if word.begins_line and not scope.in_action else b""
    return Slot(_Signing(signer, passport, header).render)


class _Signing:
    """What signs for each call."""

    __slots__ = ("_header", "_passport", "_signer")

    def __init__(self, signer: Signer, passport: Callable[[CallState], Passport], header: bytes) -> None:
        self._signer = signer
        self._passport = passport
        self._header = header

    def render(self, call: CallState) -> bytes:
        """The value of the header, behind its name where that is wanted."""
        passport = self._passport(call)
        return self._header + identity_value(passport.signed(self._signer), passport.x5u)


def _passport(word: Word, scope: Scope) -> Callable[[CallState], Passport]:
    """What is claimed in a call. Raises Misuse for what cannot be."""
    for name in REQUIRED:
        if name not in word.arguments or word.arguments[name].constant == b"":
            raise Misuse(f"[identity] needs {name}=", 'write [identity attest="A" orig="…" dest="…" key="FILE" x5u="URL"]')
    attest = _argument(word.arguments["attest"], scope, _attestation)
    orig = _argument(word.arguments["orig"], scope, party_of)
    dest = _argument(word.arguments["dest"], scope, _callees)
    x5u = _argument(word.arguments["x5u"], scope, _url)
    facts = scope.facts
    origid = _optional(word, "origid", scope, str, lambda: str(UUID(int=facts.random.getrandbits(128), version=4)))
    iat = _optional(word, "iat", scope, _seconds, lambda: int(facts.wall_clock()))

    def passport(call: CallState) -> Passport:
        return Passport(
            attest=attest(call), orig=orig(call), dest=dest(call), iat=iat(call), origid=origid(call), x5u=x5u(call)
        )

    return passport


def _argument(parsed: Parsed, scope: Scope, read: Callable[[str], Value]) -> Callable[[CallState], Value]:
    """An argument, read once where it is the same for all calls."""
    plain = parsed.constant
    if plain is not None:
        try:
            value = read(plain.decode("latin-1"))
        except ValueError as error:
            raise Misuse(f"[identity]: {error}") from None
        return lambda call: value
    render = scope.render(parsed)

    def of_call(call: CallState) -> Value:
        try:
            return read(render(call).decode("latin-1"))
        except ValueError as error:
            raise Unsendable(f"[identity]: {error}") from None

    return of_call


def _optional(
    word: Word, name: str, scope: Scope, read: Callable[[str], Value], default: Callable[[], Value]
) -> Callable[[CallState], Value]:
    if name in word.arguments and word.arguments[name].constant != b"":
        return _argument(word.arguments[name], scope, read)
    return lambda call: default()


def _attestation(text: str) -> str:
    if text not in ATTESTATIONS:
        raise ValueError(f"attest={text} is not one of {', '.join(ATTESTATIONS)}")
    return text


def _callees(text: str) -> tuple[Party, ...]:
    """One or several, with commas between them."""
    return tuple(party_of(each) for each in text.split(","))


def _url(text: str) -> str:
    if not text.isascii() or not text.isprintable() or any(each in text for each in ' <>"'):
        raise ValueError("x5u= is no URL")
    return text


def _seconds(text: str) -> int:
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 18:
        raise ValueError("iat= is no number of seconds since 1970")
    return int(text)


KEYWORDS: Mapping[str, Keyword] = {
    "identity": Keyword(_identity),
}
