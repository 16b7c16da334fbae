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
from engine.sip.authentication import Authentication, AuthenticationError

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

    def render(call: CallState) -> bytes:
        challenge = call.authentication
        if challenge is None:
            raise Unsendable('no challenge for [authentication]: it is kept by a <recv> with auth="true"')
        challenge.pending.append(credentials(call))
        return _MARK

    return Slot(render)


def may_hold_credentials(message: Parsed) -> bool:
    """Whether this keyword may come up in a message: it stands there, or a data file may bring it."""
    return any(word.name in ("authentication", "field") for word in message.words)


def with_credentials(render: Render, facts: RunFacts) -> Render:
    """What makes a message, with its marks filled."""
    fill = _filler(facts)

    def complete(call: CallState) -> bytes:
        message = render(call)
        challenge = call.authentication
        return message if challenge is None or not challenge.pending else fill(message, challenge)

    return complete


def _filler(facts: RunFacts) -> Callable[[bytes, Authentication], bytes]:
    """What puts the lines where the marks are. Raises Unsendable."""
    uri, random, numbers = _uri(facts), facts.random, facts.sequence_numbers

    def fill(message: bytes, challenge: Authentication) -> bytes:
        pending, challenge.pending = challenge.pending, []
        head, blank_line, body = message.partition(_BLANK_LINE)
        method = head[: head.find(b" ")]
        try:
            for credentials in pending:
                line = challenge.answer(credentials, method=method, uri=uri, body=body, random=random, numbers=numbers)
                head = head.replace(_MARK, line, 1)
        except AuthenticationError as error:
            raise Unsendable(str(error)) from None
        if _MARK in body:
            raise Unsendable("[authentication] stands in the body of the message")
        return head + blank_line + body

    return fill


def _uri(facts: RunFacts) -> bytes:
    """The URI in credentials."""
    if not facts.auth_uri:
        return b"sip:%b:%d" % (bracketed(facts.remote_ip), facts.remote_port)
    scheme = "" if facts.auth_uri.startswith(("sip:", "sips:")) else "sip:"
    return (scheme + facts.auth_uri).encode("latin-1", "replace")


KEYWORDS: Mapping[str, Keyword] = {
    "authentication": Keyword(_authentication),
}
