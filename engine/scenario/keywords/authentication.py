# SPDX-License-Identifier: AGPL-3.0-or-later
"""The keyword that answers a challenge: `[authentication username=… password=… aka_K=… aka_OP=…]`.

It becomes a whole header line, `Authorization: …` or `Proxy-Authorization: …`. The method and, with qop=auth-int, the body of
the message go into that. So the keyword leaves a mark, and whoever makes the message puts the line there when the rest stands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from engine.scenario.assemble import Slot
from engine.scenario.credentials import ARGUMENTS, credentials_of
from engine.scenario.keywords.addresses import bracketed
from engine.scenario.problems import nearest
from engine.scenario.program import CallState, Render, RunFacts, Unsendable
from engine.scenario.scope import Compiled, Keyword, Scope
from engine.scenario.template import Parsed, Word
from engine.sip.authentication import Authentication, AuthenticationError, Credentials

_MARK: Final = b"\0%b\0" % os.urandom(12).hex().encode("ascii")
"""What stands where the line will be; no peer can guess it."""
_BLANK_LINE: Final = b"\r\n\r\n"


def _authentication(word: Word, scope: Scope) -> Compiled:
    for name in word.arguments.keys() - ARGUMENTS:
        hint = nearest(name, ARGUMENTS)
        scope.problems.warn(word.line, f"[authentication] has no argument {name}; it is ignored", hint)
    credentials = credentials_of(word.arguments, scope)
    if scope.in_action:
        # There is no message that it could be for.
        return b"[%b]" % word.source.encode("latin-1")
    return Slot(_Promise(credentials).render)


class _Promise:
    """An answer to the call's challenge, to be made when the rest of the message is."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Callable[[CallState], Credentials]) -> None:
        self._credentials = credentials

    def render(self, call: CallState) -> bytes:
        """The mark. Raises Unsendable when nobody has challenged the call."""
        challenge = call.authentication
        if challenge is None:
            raise Unsendable('no challenge for [authentication]: it is kept by a <recv> with auth="true"')
        challenge.pending.append(self._credentials(call))
        return _MARK


def may_hold_credentials(message: Parsed) -> bool:
    """Whether this keyword may come up in a message: it stands there, or a data file may bring it."""
    return any(word.name in ("authentication", "field") for word in message.words)


class WithCredentials:
    """A message whose marks are filled when it is made."""

    __slots__ = ("_message", "_numbers", "_random", "_uri")

    def __init__(self, message: Render, facts: RunFacts) -> None:
        self._message = message
        self._uri = _uri(facts)
        self._random = facts.random
        self._numbers = facts.sequence_numbers

    def render(self, call: CallState) -> bytes:
        """The message. Raises Unsendable."""
        message = self._message(call)
        challenge = call.authentication
        return message if challenge is None or not challenge.pending else self._filled(message, challenge)

    def _filled(self, message: bytes, challenge: Authentication) -> bytes:
        pending, challenge.pending = challenge.pending, []
        head, blank_line, body = message.partition(_BLANK_LINE)
        if _MARK in body:
            raise Unsendable("[authentication] stands in the body of the message")
        for credentials in pending:
            head = head.replace(_MARK, self._answer(head, body, challenge, credentials), 1)
        return head + blank_line + body

    def _answer(self, head: bytes, body: bytes, challenge: Authentication, credentials: Credentials) -> bytes:
        try:
            return challenge.answer(
                credentials,
                method=head[: head.find(b" ")],
                uri=self._uri,
                body=body,
                random=self._random,
                numbers=self._numbers,
            )
        except AuthenticationError as error:
            raise Unsendable(str(error)) from None


def _uri(facts: RunFacts) -> bytes:
    """The URI in credentials."""
    if not facts.auth_uri:
        return b"sip:%b:%d" % (bracketed(facts.remote_ip), facts.remote_port)
    scheme = "" if facts.auth_uri.startswith(("sip:", "sips:")) else "sip:"
    return (scheme + facts.auth_uri).encode("latin-1", "replace")


KEYWORDS: Mapping[str, Keyword] = {
    "authentication": Keyword(_authentication),
}
