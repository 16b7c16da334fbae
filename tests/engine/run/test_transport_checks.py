# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a transport fits the scenario and its other options."""

from __future__ import annotations

import pytest

from engine.messages import Role
from engine.options import RunConfig
from engine.options.transports import ALIASES
from engine.run.transport_checks import idle_options
from engine.run.validation import check_options, problems_of
from engine.scenario.describe import describe_scenario
from tests.engine.run.runs import call, engine_with_server

SCENARIOS = {"uac": describe_scenario("uac", ()), "uas": describe_scenario("uas", ())}
OTHER = {"uac": "uas", "uas": "uac"}


def problems(role: str, **given: object) -> list[str]:
    config = RunConfig(scenario_name=role, remote="127.0.0.1" if role == "uac" else "", **given)  # type: ignore[arg-type]
    return [str(problem) for problem in problems_of(config, SCENARIOS[role]) if problem.option == "-t"]


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_fits_its_own_side(name: str) -> None:
    assert problems(ALIASES[name].role, transport=name) == []


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_for_the_other_side_is_refused_and_says_what_it_stands_for(name: str) -> None:
    (problem,) = problems(OTHER[ALIASES[name].role], transport=name)
    assert problem.startswith(f"-t: {name} is {ALIASES[name].kind} for a ")
    assert f"; use {ALIASES[name].kind}" in problem


def test_the_error_of_an_alias_says_what_sipp_means_by_it() -> None:
    assert problems("uac", transport="s1") == [
        "-t: s1 is u1 for a server, and the scenario makes calls; use u1 (SIPp's s1 is SCTP, which is not built)"
    ]


def test_an_interface_shows_it_at_the_option() -> None:
    (problem,) = check_options(RunConfig(remote="127.0.0.1", transport="sn"))
    assert problem.option == "transport"


@pytest.mark.parametrize(
    ("role", "given", "told"),
    [
        (Role.UAC, {"transport": "t1", "tls_ca": "ca.pem", "tls_skip_verify": True}, ["-tls_ca -tls_skip_verify with -t t1: "]),
        (Role.UAS, {"transport": "u1", "tls_certificate": "s.pem", "tls_key": "s.key"}, ["-tls_cert -tls_key with -t u1: "]),
        (Role.UAC, {"transport": "l1", "websocket_path": "/sip"}, ["-ws_path with -t l1: "]),
        (Role.UAC, {"transport": "tn", "max_reconnect": 3}, ["-max_reconnect with -t tn: "]),
        (Role.UAC, {"transport": "u1", "reconnect_close": False}, ["-reconnect_close with -t u1: "]),
        (Role.UAS, {"transport": "t1", "max_reconnect": 3}, ["-max_reconnect with -t t1: "]),
        (Role.UAC, {"transport": "t1", "keep_sockets": True}, ["-keep_sockets with -t t1: "]),
        (Role.UAC, {"transport": "un", "send_timeout_ms": 5}, ["-send_timeout with -t un: "]),
        (
            Role.UAC,
            {"transport": "u1", "tls_ca": "ca.pem", "max_reconnect": 1},
            ["-tls_ca with", "-max_reconnect with"],
        ),
    ],
)
def test_options_that_change_nothing_are_told(role: Role, given: dict[str, object], told: list[str]) -> None:
    warnings = idle_options(RunConfig(**given), role)  # type: ignore[arg-type]
    assert len(warnings) == len(told)
    assert all(warning.startswith(start) for warning, start in zip(warnings, told, strict=True))


@pytest.mark.parametrize(
    ("role", "given"),
    [
        (
            Role.UAC,
            {"transport": "wsn", "tls_ca": "ca.pem", "websocket_path": "/sip", "keep_sockets": True},
        ),
        (Role.UAC, {"transport": "ws1", "max_reconnect": 3, "reconnect_close": False, "reconnect_sleep_ms": 5}),
        (Role.UAS, {"transport": "l1", "tls_certificate": "s.pem", "tls_ca": "ca.pem", "send_timeout_ms": 5}),
        (Role.UAC, {"transport": "un", "keep_sockets": True, "max_socket": 5}),
        (Role.UAC, {"transport": "u1", "max_socket": 5, "max_reconnect": 0}),
    ],
)
def test_options_that_work_are_not_warned_of(role: Role, given: dict[str, object]) -> None:
    assert idle_options(RunConfig(**given), role) == []  # type: ignore[arg-type]


def test_that_nothing_is_encrypted_is_said() -> None:
    assert idle_options(RunConfig(transport="tn", tls_ca="ca.pem"), Role.UAC) == [
        "-tls_ca with -t tn: it has no TLS, and nothing is encrypted; l1 ln ws1 wsn have it"
    ]


async def test_a_run_tells_it_once() -> None:
    async with engine_with_server() as (bus, server):
        watched = await call(bus, server.port, max_calls=3, tls_ca="ca.pem", max_reconnect=2)
        summary = await watched.finish()
    assert summary.counters.successful == 3
    assert [warning.partition(":")[0] for warning in watched.warnings] == ["-tls_ca with -t u1", "-max_reconnect with -t u1"]
