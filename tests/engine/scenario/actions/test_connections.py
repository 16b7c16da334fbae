# SPDX-License-Identifier: AGPL-3.0-or-later
"""`setdest` and `closecon`: what they hand on, and what is refused."""

from __future__ import annotations

import re

import pytest

from engine.errors import ScenarioErrors
from tests.engine.scenario.helpers import OPTIONS, Call, problems_of, program_of


def in_nop(action: str) -> str:
    return f"<nop><action>\n{action}</action></nop>"


def act(action: str, **facts: object) -> list[str]:
    """What the action has handed on."""
    call = Call(next_url=b"peer.example")
    program_of(OPTIONS + in_nop(action), **facts).steps[1].actions[0](call)
    return call.logs


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('<setdest host="peer" port="5062" protocol="UDP"/>', "UDP to peer port 5062"),
        ('<setdest host="[next_url]" port="[remote_port+1]" protocol="[transport]"/>', "UDP to peer.example port 5071"),
        ('<setdest host=" [::1] " port=" 1 " protocol="udp"/>', "udp to [::1] port 1"),
        ("<closecon/>", "close_connection"),
    ],
)
def test_what_is_handed_on(action: str, expected: str) -> None:
    assert act(action) == [expected]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('<setdest port="1" protocol="UDP"/>', "setdest needs host="),
        ('<setdest host="h" protocol="UDP"/>', "setdest needs port="),
        ('<setdest host="h" port="1"/>', "setdest needs protocol="),
        ('<setdest host="h" port="" protocol="UDP"/>', 'setdest: port="" is no port — a number from 1 to 65535'),
        ('<setdest host="h" port="65536" protocol="UDP"/>', 'setdest: port="65536" is no port'),
        ('<setdest host="h" port="0" protocol="UDP"/>', 'setdest: port="0" is no port'),
        ('<setdest host="h" port="1" protocol="TLS"/>', "setdest to TLS is not built yet — SIPp knows it"),
        ('<setdest host="h" port="1" protocol="FOO"/>', 'setdest: protocol="FOO" is not known — it is UDP or TCP'),
    ],
)
def test_what_is_refused(action: str, expected: str) -> None:
    (problem,) = problems_of(OPTIONS + in_nop(action))
    assert problem.startswith(f"s.xml:9: {expected}")


def test_the_protocol_stays_that_of_the_run() -> None:
    action = '<setdest host="h" port="1" protocol="TCP"/>'
    assert act(action, transport="TCP") == ["TCP to h port 1"]
    with pytest.raises(ScenarioErrors, match=re.escape("s.xml:9: setdest cannot change from UDP to TCP, nor can SIPp")):
        act(action)
