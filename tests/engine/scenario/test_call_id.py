# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Call-IDs of the calls that we make: their forms, and whether they differ from call to call."""

from __future__ import annotations

import re
from random import Random
from typing import Any
from uuid import UUID

import pytest

from engine.options import option
from engine.scenario.call_id import compile_call_id, differ
from engine.scenario.program import RunFacts

TYPES = option("call_id_type").setting.choices


def call_ids(**facts: Any) -> list[bytes]:
    """Those of the calls 7 and 8."""
    call_id = compile_call_id(RunFacts(local_ip="127.0.0.2", local_port=5060, pid=4242, **facts))
    return [call_id(7), call_id(8)]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%u-%p@%s", b"7-4242@127.0.0.2"),
        ("%u", b"7"),
        ("abc%%d-%u", b"abc%d-7"),
        ("%u%x%s", b"7%127.0.0.2"),
        ("%u.%u", b"7.7"),
        ("x///%u@%s", b"x///7@127.0.0.2"),
        ("plain", b"plain"),
        ("", b""),
        ("50%", b"50%"),
    ],
)
def test_forms(form: str, expected: bytes) -> None:
    assert call_ids(call_id_format=form)[0] == expected


def test_random_numbers_differ_and_are_written_as_sipp_does() -> None:
    made = [one for _ in range(5) for one in call_ids(call_id_format="%r-%u")]
    assert len(set(made)) == 10
    assert all(re.fullmatch(rb"[0-9]+-[78]", each) for each in made)


@pytest.mark.parametrize("form", ["%u-%p@%s", "%r", "x%%%u", "%x%r"])
def test_forms_that_differ(form: str) -> None:
    assert differ(form)
    assert len(set(call_ids(call_id_format=form))) == 2


@pytest.mark.parametrize("form", ["same@%s", "%p", "", "%%u", "%", "u", "%x%%r"])
def test_forms_that_do_not_differ(form: str) -> None:
    assert not differ(form)
    assert len(set(call_ids(call_id_format=form))) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("default", rb"[78]-4242@127\.0\.0\.2"),
        ("uuid", rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("uuid-compact", rb"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"),
        ("random", rb"[0-9a-f]{32}"),
        ("timestamp", rb"1234500000-[78]-4242@127\.0\.0\.2"),
    ],
)
def test_types(name: str, expected: bytes) -> None:
    made = call_ids(call_id_type=name, wall_clock=lambda: 1234.5)
    assert all(re.fullmatch(expected, each) for each in made), made
    assert len(set(made)) == 2


def test_a_uuid_is_one() -> None:
    assert UUID(call_ids(call_id_type="uuid")[0].decode()).version == 4


@pytest.mark.parametrize("name", TYPES)
def test_every_type_gives_different_ones_whatever_the_form(name: str) -> None:
    form = "%u" if name == "default" else "same"
    assert len(set(call_ids(call_id_type=name, call_id_format=form))) == 2


@pytest.mark.parametrize("drawn", [{"call_id_format": "%r"}, *({"call_id_type": name} for name in ("uuid", "random"))])
def test_the_same_seed_repeats_them(drawn: dict[str, str]) -> None:
    first, second, other = (call_ids(**drawn, random=Random(seed)) for seed in (1, 1, 2))
    assert first == second != other
