# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import msgspec
import pytest

from engine.options import FLAGS, OPTIONS, Kind, Option, RunConfig, check_config, option

every_option = pytest.mark.parametrize("entry", OPTIONS, ids=lambda entry: entry.name)


def test_every_field_is_an_option_in_order() -> None:
    assert [entry.name for entry in OPTIONS] == list(RunConfig.__struct_fields__)
    assert [getattr(RunConfig(), entry.name) for entry in OPTIONS] == [entry.default for entry in OPTIONS]


def test_no_flag_is_two_options() -> None:
    assert len(FLAGS) == sum(len(entry.setting.flags) for entry in OPTIONS)


@every_option
def test_an_option_says_everything_an_interface_shows(entry: Option) -> None:
    assert entry.setting.help.endswith((".", "…"))
    assert all(flag.startswith("-") for flag in entry.setting.flags)
    assert bool(entry.setting.choices) == (entry.setting.kind is Kind.CHOICE)
    assert set(entry.setting.roles) <= {"uac", "uas"}
    assert (entry.setting.kind is Kind.DURATION) == entry.name.endswith("_ms")


@every_option
def test_defaults_are_allowed(entry: Option) -> None:
    assert option(entry.name) is entry
    assert check_config(RunConfig()) == []


def test_all_that_is_wrong_with_a_configuration_is_told_at_once() -> None:
    config = RunConfig(rate=-1.0, transport="pigeon", local_port=70_000, max_calls=0)
    assert [problem.option for problem in check_config(config)] == ["-r", "-m", "-t", "-p"]


def test_a_configuration_travels_as_json() -> None:
    config = RunConfig(remote="[::1]:5060", keywords=(("a", "b"),), data_files=("x.csv",), rate=0.5)
    assert msgspec.json.decode(msgspec.json.encode(config), type=RunConfig) == config


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("tls_ca", "TLS CA"),
        ("local_ip", "Local IP"),
        ("call_id_format", "Call ID format"),
        ("websocket_path", "WebSocket path"),
        ("reconnect_sleep_ms", "Reconnect sleep"),
    ],
)
def test_a_label_is_spelled_as_people_do(name: str, label: str) -> None:
    assert option(name).label == label
