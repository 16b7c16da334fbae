# SPDX-License-Identifier: AGPL-3.0-or-later
"""The attributes of elements: what each may hold, as tables.

A converter takes the text and returns the value or raises `Misuse`. To add an attribute: an entry in the table of its
element, and the field of the same name in `model`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.scenario.distributions import PARAMETERS, SHORT_FORMS
from engine.scenario.problems import Misuse, nearest
from engine.scenario.values import parse_bool, parse_number

_MOST_DIGITS = 15

Converter = Callable[[str, str], object]
"""Takes the text and the name of the attribute, which errors mention."""


def text(value: str, name: str) -> str:
    """As it stands."""
    return value


def boolean(value: str, name: str) -> bool:
    """true, false or a number."""
    return parse_bool(value, name)


def present(value: str, name: str) -> bool:
    """True whatever the value, as SIPp reads crlf."""
    return True


def whole(value: str, name: str) -> int:
    """A whole number; nothing is 0."""
    if not re.fullmatch(r"[+-]?\d+|", value):
        raise Misuse(f'{name}="{value}" is no whole number')
    if len(value) > _MOST_DIGITS:
        raise Misuse(f'{name}="{value}" is too large')
    return int(value or "0")


def milliseconds(value: str, name: str) -> float:
    """A duration in ms that may have a fraction; what is not above 0 counts as 0."""
    found = number(value, name)
    return found if found > 0.0 else 0.0


def number(value: str, name: str) -> float:
    """A number; nothing is 0."""
    found = parse_number(value)
    if found is None:
        raise Misuse(f'{name}="{value}" is no number')
    if abs(found) >= 10**_MOST_DIGITS:
        raise Misuse(f'{name}="{value}" is too large')
    return found


def status(value: str, name: str) -> int:
    """A status code."""
    if not re.fullmatch(r"[1-6]\d\d", value):
        raise Misuse(f'{name}="{value}" is no status code', "a number from 100 to 699")
    return int(value)


def statuses(value: str, name: str) -> tuple[int, ...] | str:
    """Status codes with commas between them; anything else stays as it is, for it may be a regular expression."""
    return value if re.search(r"[^\d, ]", value) else tuple(status(each.strip(), name) for each in value.split(","))


def chance(value: str, name: str) -> float:
    """A probability."""
    found = number(value, name)
    if not 0 <= found <= 1:
        raise Misuse(f'{name}="{value}" is no probability', "a number from 0 (never) to 1 (always)")
    return found


def transaction(value: str, name: str) -> str:
    """The name of a transaction."""
    if not value or "$" in value or "," in value:
        raise Misuse(f'{name}="{value}" is no name of a transaction', "a name without $ and commas")
    return value


def method(value: str, name: str) -> str:
    """The method of a request."""
    if not value or re.search(r"\s", value):
        raise Misuse(f'{name}="{value}" is no method')
    return value


def optional(value: str, name: str) -> str:
    """true, false or global."""
    if value not in ("true", "false", "global"):
        raise Misuse(f'{name}="{value}" is not known', "it is true, false or global")
    return value


def timers(value: str, name: str) -> tuple[str, ...]:
    """Names of response times; `true` is the one called 1, `false` none."""
    names = ("1" if each.strip() == "true" else each.strip() for each in value.split(","))
    return tuple(each for each in names if each and each != "false")


def counter_name(value: str, name: str) -> str:
    """The name of a counter."""
    if not value:
        raise Misuse("counter= names no counter")
    return value


def bounds(value: str, name: str) -> tuple[int, ...]:
    """Upper bounds in ms, rising."""
    parts = [part.strip() for part in value.split(",")]
    if not all(re.fullmatch(rf"\d{{1,{_MOST_DIGITS}}}", part) for part in parts):
        raise Misuse(f'{name}="{value}" is no list of milliseconds', 'write "10, 20, 50"')
    return tuple(sorted({int(part) for part in parts}))


def variable(value: str, name: str) -> str:
    """The name of a variable."""
    if not value or "$" in value or "," in value:
        raise Misuse(f'{name}="{value}" is not the name of one variable', "a name without $ and commas")
    return value


def names(value: str, name: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part for part in (each.strip() for each in value.split(",")) if part)


def default_message(value: str, name: str) -> str:
    """Which message of the default behaviours."""
    if value not in DEFAULT_MESSAGES:
        raise Misuse(f'{name}="{value}" is no default message', nearest(value, DEFAULT_MESSAGES) or _KNOWN_MESSAGES)
    return value


DEFAULT_MESSAGES = ("3pcc_abort", "ack", "ack2", "bye", "cancel", "200")
"""What a <DefaultMessage> can replace: the ACK of an error, that of a 2xx that is followed by BYE, and so on."""
_KNOWN_MESSAGES = f"they are {', '.join(DEFAULT_MESSAGES)}"

COMMON: Mapping[str, Converter] = {
    "start_rtd": timers,
    "rtd": timers,
    "repeat_rtd": boolean,
    "crlf": present,
    "next": text,
    "test": text,
    "chance": chance,
    "condexec": text,
    "condexec_inverse": boolean,
    "counter": counter_name,
    "display": text,
    "hide": boolean,
    "hiderest": boolean,
    "lost": number,
}
_WAITS: Mapping[str, Converter] = {"timeout": whole, "ontimeout": text}
_PAUSE: Mapping[str, Converter] = {
    **COMMON,
    **dict.fromkeys(sorted(PARAMETERS | SHORT_FORMS), text),
    "distribution": text,
    "milliseconds": milliseconds,
    "sanity_check": boolean,
    "variable": variable,
}

OF_ELEMENT: Mapping[str, Mapping[str, Converter]] = {
    "scenario": {"name": text},
    "send": {**COMMON, **_WAITS, "retrans": whole, "start_txn": transaction, "ack_txn": transaction},
    "recv": {
        **COMMON,
        **_WAITS,
        "response": statuses,
        "request": method,
        "dtmf": text,
        "optional": optional,
        "rrs": boolean,
        "auth": boolean,
        "regexp_match": boolean,
        "response_txn": transaction,
        "ignoresdp": boolean,
        "advance_state": boolean,
    },
    "pause": _PAUSE,
    "timewait": _PAUSE,
    "nop": COMMON,
    "sendCmd": {**COMMON, "dest": text},
    "recvCmd": {**COMMON, **_WAITS, "src": text, "optional": optional},
    "label": {"id": text},
    "ResponseTimeRepartition": {"value": bounds},
    "CallLengthRepartition": {"value": bounds},
    "Reference": {"variables": names},
    "Global": {"variables": names},
    "User": {"variables": names},
    "DefaultMessage": {"id": default_message},
    "init": {},
    "action": {},
}

REQUIRED: Mapping[str, str] = {
    "label": "id",
    "ResponseTimeRepartition": "value",
    "CallLengthRepartition": "value",
    "Reference": "variables",
    "Global": "variables",
    "User": "variables",
    "DefaultMessage": "id",
}

IN_INIT = ("nop", "pause", "label", "sendCmd", "recvCmd")
"""What may stand in an <init>: nothing there has a peer."""


COMMANDS = ("send", "recv", "pause", "timewait", "nop", "sendCmd", "recvCmd")
COMMANDS_LATER = frozenset({"sendCmd", "recvCmd"})
"""Commands that are read and checked, and cannot run yet."""
