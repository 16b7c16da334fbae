# SPDX-License-Identifier: AGPL-3.0-or-later
"""A user as a scenario names one: `username`, `password` and the keys for AKA, as text or, behind `0x`, in hexadecimal.

The keyword [authentication] answers challenges with it, the action verifyauth compares answers with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from engine.scenario.problems import Misuse
from engine.scenario.program import CallState
from engine.scenario.scope import Scope
from engine.scenario.template import Parsed
from engine.sip.authentication import AKA_KEY_BYTES, AkaKeys, Credentials

ARGUMENTS: Final = frozenset({"username", "password", "aka_K", "aka_OP", "aka_OPc", "aka_AMF"})
"""What a user is told with. SIPp wants aka_AMF; it stands in the challenge, so it is not needed."""

_KEYS: Final = ("aka_K", "aka_OP", "aka_OPc")
_HEXADECIMAL: Final = re.compile(rb"0x((?:[0-9A-Fa-f]{2})+)")
_NO_KEY: Final = bytes(AKA_KEY_BYTES)


def credentials_of(texts: Mapping[str, Parsed], scope: Scope) -> Callable[[CallState], Credentials]:
    """The user that these texts tell of, in a call. Who is not named is the one of -au or -s, with the password of -ap.

    Raises Misuse when a key has the wrong length.
    """
    given = {name: text for name, text in texts.items() if name in ARGUMENTS and text.constant != b""}
    for name in _KEYS:
        _check_key(name, given.get(name))
    facts = scope.facts
    defaults = {"username": facts.auth_username or facts.service, "password": facts.auth_password}
    constants = {name: value.encode("utf-8", "replace") for name, value in defaults.items()}
    constants |= {name: text.constant for name, text in given.items() if text.constant is not None}
    renders = {name: scope.render(text) for name, text in given.items() if text.constant is None}
    if not renders:
        always = _credentials(constants)
        return lambda call: always
    return lambda call: _credentials({**constants, **{name: render(call) for name, render in renders.items()}})


def _check_key(name: str, text: Parsed | None) -> None:
    value = text.constant if text is not None else None
    found = _HEXADECIMAL.fullmatch(value) if value is not None else None
    if value is not None and value.startswith(b"0x") and (not found or len(found[1]) != 2 * AKA_KEY_BYTES):
        raise Misuse(f"{name}= is no key", f"0x and {2 * AKA_KEY_BYTES} hexadecimal digits")


def _credentials(values: Mapping[str, bytes]) -> Credentials:
    password = values["password"]
    opc = values.get("aka_OPc")
    return Credentials(
        username=_plain(values["username"]),
        password=_plain(password),
        aka=AkaKeys(
            k=_key(values.get("aka_K") or password),
            op=_key(values.get("aka_OP") or _NO_KEY),
            opc=_key(opc) if opc else b"",
        ),
    )


def _plain(value: bytes) -> bytes:
    found = _HEXADECIMAL.fullmatch(value)
    return bytes.fromhex(found[1].decode("ascii")) if found else value


def _key(value: bytes) -> bytes:
    """A key; a text is cut or filled with zeros to its length."""
    plain = _plain(value)
    return value.ljust(AKA_KEY_BYTES, b"\0")[:AKA_KEY_BYTES] if plain is value else plain
