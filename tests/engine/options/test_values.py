# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.options import OPTIONS, Option, OptionError, option, parse_value
from engine.options.values import Kind, format_value, parse_duration_ms

DURATIONS = [entry for entry in OPTIONS if entry.setting.kind is Kind.DURATION]
INTEGERS = [entry for entry in OPTIONS if entry.setting.kind is Kind.INTEGER]
NUMBERS = [entry for entry in OPTIONS if entry.setting.kind is Kind.NUMBER]


@pytest.mark.parametrize(
    ("text", "unit", "ms"),
    [
        ("500", "ms", 500),
        ("500", "s", 500_000),
        ("20s", "ms", 20_000),
        ("1500ms", "s", 1500),
        ("2m", "ms", 120_000),
        ("1h", "ms", 3_600_000),
        ("1:30", "ms", 90_000),
        ("1:00:00", "s", 3_600_000),
        ("0.5s", "ms", 500),
        (".5", "s", 500),
    ],
)
def test_sipps_forms_of_a_duration(text: str, unit: str, ms: int) -> None:
    assert parse_duration_ms(text, unit) == ms


@pytest.mark.parametrize("text", ["", "abc", "-5", "5 apples", "1:2:3:4", "ms", "1e3", "nan"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration_ms(text, "ms")


@given(st.sampled_from(DURATIONS), st.integers(min_value=1, max_value=10**9))
def test_a_duration_is_read_back(entry: Option, ms: int) -> None:
    assert parse_value(entry, format_value(entry, ms)) == ms


@given(st.sampled_from(NUMBERS), st.floats(min_value=0, max_value=1, allow_subnormal=False))
def test_a_number_is_read_back_to_the_last_digit(entry: Option, part: float) -> None:
    value = part * min(100.0, entry.setting.maximum or 100.0)
    assert parse_value(entry, format_value(entry, value)) == value


@pytest.mark.parametrize("text", ["abc", "", "1e3", "inf", "nan", "0x10", "1,5"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(OptionError, match=r"-r: .* is not a number"):
        parse_value(option("rate"), text)


@pytest.mark.parametrize("text", ["abc", "", "1.5", "1_000"])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(OptionError, match=r"-m: .* is not a whole number"):
        parse_value(option("max_calls"), text)


def test_a_choice_names_what_there_is() -> None:
    with pytest.raises(OptionError, match="'u2' is not one of u1, un, "):
        parse_value(option("transport"), "u2")


@pytest.mark.parametrize("entry", [entry for entry in (*INTEGERS, *NUMBERS) if entry.setting.minimum is not None])
def test_too_little_is_refused_by_its_flag(entry: Option) -> None:
    assert entry.setting.minimum is not None
    with pytest.raises(OptionError, match=f"^{entry.flag}: .* is out of range"):
        parse_value(entry, str(int(entry.setting.minimum) - 1))
