# SPDX-License-Identifier: AGPL-3.0-or-later
"""The side that challenges: whether the credentials of a request are those of a user (RFC 7616 section 3.4.6).

As in SIPp the response is computed anew from what the credentials say, realm, nonce and URI included; that these are the ones
of the challenge is not looked at, for a scenario writes its challenges as it likes.
"""

from __future__ import annotations

from engine.sip.authentication.aka import expected_response
from engine.sip.authentication.client import ANSWERS, Credentials
from engine.sip.authentication.digest import ALGORITHMS, DEFAULT_ALGORITHM, DigestParameters, digest_response
from engine.sip.authentication.header import AuthenticationError, Scheme, read_schemes
from engine.sip.message import Message


def is_authentic(request: Message, user: Credentials) -> bool:
    """Whether one of the credentials in a request answers a challenge to this user. What cannot be read does not."""
    values = [value for header in ANSWERS.values() for value in request.values(header)]
    try:
        return any(_answers(scheme, user, request.method, request.body) for scheme in read_schemes(values))
    except AuthenticationError:
        return False


def _answers(scheme: Scheme, user: Credentials, method: bytes, body: bytes) -> bool:
    algorithm = ALGORITHMS.get((scheme.get(b"algorithm") or DEFAULT_ALGORITHM).lower())
    if scheme.name != b"digest" or algorithm is None:
        return False
    parameters = DigestParameters(
        username=user.username,
        realm=scheme.get(b"realm"),
        nonce=scheme.get(b"nonce"),
        uri=scheme.get(b"uri"),
        qop=scheme.get(b"qop").lower(),
        nc=scheme.get(b"nc"),
        cnonce=scheme.get(b"cnonce"),
    )
    password = expected_response(parameters.nonce, user.aka) if algorithm.aka else user.password
    return digest_response(algorithm, parameters, password, method, body) == scheme.get(b"response").lower()
