# SPDX-License-Identifier: AGPL-3.0-or-later
"""The side that was challenged: what a call keeps of a 401 or 407, and the header with which it answers.

Of several challenges the topmost that can be answered is (RFC 7616 section 3.7, RFC 8760 section 2.4): a server lists first
what it likes best, and SIPp does so too. The header has the parameters in SIPp's order, quoted and spaced as SIPp does.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from engine.sip.authentication.aka import AkaAnswer, AkaKeys, SequenceNumbers, answer_aka
from engine.sip.authentication.digest import ALGORITHMS, DEFAULT_ALGORITHM, Algorithm, DigestParameters, digest_response
from engine.sip.authentication.header import AuthenticationError, read_schemes
from engine.sip.message import Message

CHALLENGES: Final = {401: b"WWW-Authenticate", 407: b"Proxy-Authenticate"}
"""Status → the header with the challenge."""
ANSWERS: Final = {401: b"Authorization", 407: b"Proxy-Authorization"}
"""Status → the header that answers it."""

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who answers a challenge. `aka` are the keys for a challenge of AKA."""

    username: bytes
    password: bytes
    aka: AkaKeys


@dataclass(frozen=True, slots=True)
class Challenge:
    """A digest challenge that can be answered; values as they came. `qop` is the one that was chosen, or b"" for none."""

    realm: bytes
    nonce: bytes
    opaque: bytes
    algorithm_name: bytes
    algorithm: Algorithm
    qop: bytes


class Authentication:
    """The latest challenge of a call, and how often its nonce was used.

    The headers are read when they are answered for the first time. `before` is what the call was challenged with before: a
    nonce that comes again goes on counting (RFC 7616 section 3.4). `pending` are those who are to answer it in the message that
    is being made, which has to be known for that.
    """

    __slots__ = ("_before", "_challenge", "_cnonce", "_header", "_uses", "_values", "pending")

    def __init__(self, status: int, values: list[bytes], before: Authentication | None = None) -> None:
        """`values` are those of the headers with challenges of a response with this `status`, 401 or 407."""
        self.pending: list[Credentials] = []
        self._header = ANSWERS[status]
        self._values = values
        # What was never answered has nothing to go on from, so this is no chain.
        self._before: Authentication | None = before if before is None or before._challenge is not None else before._before
        self._challenge: Challenge | None = None
        self._uses = 0
        self._cnonce = b""

    def answer(
        self,
        credentials: Credentials,
        *,
        method: bytes,
        uri: bytes,
        body: bytes,
        random: Random,
        numbers: SequenceNumbers,
    ) -> bytes:
        """The header line that answers the challenge for this request, without its end. Raises AuthenticationError."""
        challenge = self._challenge or self._read()
        self._uses += 1
        # The secret of a session is that of the first request with this nonce.
        if not self._cnonce or not challenge.algorithm.session:
            self._cnonce = b"%x" % random.getrandbits(31) if challenge.qop else b""
        aka = AkaAnswer(credentials.password)
        if challenge.algorithm.aka:
            aka = answer_aka(challenge.nonce, credentials.aka, numbers)
        parameters = DigestParameters(
            username=credentials.username,
            realm=challenge.realm,
            nonce=challenge.nonce,
            uri=uri,
            qop=challenge.qop,
            nc=b"%08x" % self._uses,
            cnonce=self._cnonce,
        )
        response = digest_response(challenge.algorithm, parameters, aka.password, method, body)
        return b"%b: %b" % (self._header, _written(challenge, parameters, response, aka.auts))

    def _read(self) -> Challenge:
        """Choose the challenge to answer, and go on from what was there before."""
        challenge = self._challenge = choose_challenge(self._values)
        before, self._before = self._before, None
        if before is not None and before._challenge is not None and before._challenge.nonce == challenge.nonce:
            self._uses, self._cnonce = before._uses, before._cnonce
        return challenge


def challenge_of(message: Message, before: Authentication | None = None) -> Authentication | None:
    """What a 401 or 407 challenges with; None when it has no header that does. Either header does for either of them, as in
    SIPp, but the one that belongs to it comes first."""
    wanted = CHALLENGES[message.status]
    for header in (wanted, *(other for other in CHALLENGES.values() if other != wanted)):
        values = message.values(header)
        if values:
            return Authentication(message.status, values, before)
    return None


def choose_challenge(values: Iterable[bytes]) -> Challenge:
    """The topmost challenge that can be answered. Raises AuthenticationError with what is wrong with them."""
    problems: list[str] = []
    for found in _challenges(values):
        if isinstance(found, Challenge):
            return found
        problems.append(found)
    raise AuthenticationError(problems[0] if problems else "the challenge is empty")


def _challenges(values: Iterable[bytes]) -> Iterator[Challenge | str]:
    """Each challenge, or why it cannot be answered."""
    for scheme in read_schemes(values):
        if scheme.name != b"digest":
            yield f"the challenge is not Digest but {_shown(scheme.name)}"
            continue
        name = scheme.get(b"algorithm") or DEFAULT_ALGORITHM
        algorithm = ALGORITHMS.get(name.lower())
        qop = _choose_qop(scheme.get(b"qop"))
        challenge = (scheme.get(b"realm"), scheme.get(b"nonce"), scheme.get(b"opaque"))
        if algorithm is None:
            yield f"the algorithm {_shown(name)} of the challenge is not known"
        elif qop is None:
            yield f"the qop {_shown(scheme.get(b'qop'))} of the challenge is not known"
        elif b"realm" not in scheme.parameters or not scheme.get(b"nonce"):
            yield "the challenge has no realm or no nonce"
        elif any(_CONTROL.search(value) for value in challenge):
            yield "the challenge has control characters"
        else:
            yield Challenge(*challenge, name, algorithm, qop)


def _choose_qop(offered: bytes) -> bytes | None:
    """`auth-int` where it is offered, as SIPp does, else `auth`; b"" when nothing is, None when only other things are."""
    if not offered:
        return b""
    options = [option.strip().lower() for option in offered.split(b",")]
    return next((known for known in (b"auth-int", b"auth") if known in options), None)


def _written(challenge: Challenge, parameters: DigestParameters, response: bytes, auts: bytes) -> bytes:
    """What SIPp writes, in its order."""
    username = parameters.username.replace(b'"', b'\\"')
    parts = [b'Digest username="%b",realm="%b"' % (username, parameters.realm)]
    if parameters.qop:
        parts.append(b'cnonce="%b",nc=%b,qop=%b' % (parameters.cnonce, parameters.nc, parameters.qop))
    parts.append(b'uri="%b",nonce="%b"' % (parameters.uri, parameters.nonce))
    parts.append(b'response="%b",algorithm=%b' % (response, challenge.algorithm_name))
    if challenge.opaque:
        parts.append(b'opaque="%b"' % challenge.opaque)
    if auts:
        parts.append(b'auts="%b"' % _base64(auts))
    return b",".join(parts)


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)


def _shown(text: bytes) -> str:
    """Some of what a peer wrote, fit for a line."""
    return "".join(each if each.isprintable() else "?" for each in text[:40].decode("latin-1"))
