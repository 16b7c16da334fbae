# SPDX-License-Identifier: AGPL-3.0-or-later
"""The form of options: fields, their texts and values, searching, pasted command lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import Role
from engine.options import OPTIONS, Group, Kind, OptionError, RunConfig, option
from gossipper_tui.views import form


@pytest.mark.parametrize("entry", OPTIONS, ids=lambda entry: entry.name)
def test_an_untouched_field_means_the_default(entry):
    text = form.field_text(entry, entry.default)
    assert form.read_field(entry, text) == entry.default
    if not form.choices_of(entry):
        assert text == ""
        assert form.placeholder(entry)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 2.5),
        ("rate_period_ms", 500),
        ("max_calls", 7),
        ("auto_answer", True),
        ("transport", "t1"),
        ("data_files", ("users.csv", "with space.csv")),
        ("keywords", (("to", "alice"), ("text", "two words"))),
        ("local_ip", "::1"),
    ],
)
def test_a_value_comes_back_from_its_text(name, value):
    entry = option(name)
    assert form.read_field(entry, form.field_text(entry, value)) == value
    config = form.with_value(RunConfig(), entry, value)
    assert form.is_changed(config, entry)
    assert form.changed_in(config, entry.setting.group) == 1


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("rate", "abc", "not a number"),
        ("rate", "-5", "out of range"),
        ("keywords", "a b c", "'c' has no value"),
        ("data_files", "'open", "quotation mark"),
        ("pause_ms", "soon", "not a duration"),
    ],
)
def test_a_wrong_text_is_refused_in_a_sentence(name, text, part):
    with pytest.raises(OptionError, match=part):
        form.read_field(option(name), text)


@given(st.sampled_from(OPTIONS), st.text(max_size=40))
def test_any_text_is_a_value_or_refused(entry, text):
    try:
        value = form.read_field(entry, text)
    except OptionError as error:
        value = error
    assert isinstance(value, OptionError) or form.with_value(RunConfig(), entry, value)


def test_every_option_is_in_a_group():
    assert sorted(entry.name for group in Group for entry in form.options_of(group)) == sorted(entry.name for entry in OPTIONS)


def test_a_search_looks_at_names_flags_and_help_together():
    assert option("rate_period_ms") in form.found("-rp")
    assert option("recv_timeout_ms") in form.found("timeout wait")
    assert option("transport") in form.found("TCP")
    assert form.found("there is no such option") == []


def test_a_choice_says_what_the_chosen_one_is():
    transport = option("transport")
    assert form.help_text(transport, "un") == "How messages travel. un: UDP, a socket a call."
    assert form.help_text(transport, "sn") == "How messages travel. un: UDP, a socket a call."
    assert form.help_text(option("rate"), 10.0) == option("rate").setting.help


def test_roles():
    assert form.is_for(option("rate"), Role.UAC)
    assert not form.is_for(option("rate"), Role.UAS)


def test_a_scenario_is_a_name_or_a_file():
    config = form.with_scenario(RunConfig(), "my.xml", built_in=False)
    assert form.scenario_source(config) == "my.xml"
    assert form.scenario_source(form.with_scenario(config, "uas", built_in=True)) == "uas"
    assert form.scenario_source(RunConfig()) == "uac"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sipp -sn uac 10.0.0.1", ["sipp", "-sn", "uac", "10.0.0.1"]),
        ("  $ ./sipp -sf 'my file.xml' \\\n   host", ["sipp", "-sf", "my file.xml", "host"]),
        ("gossipper sipp -r 5 h\n", ["gossipper", "sipp", "-r", "5", "h"]),
        ("/usr/bin/sipp h", ["sipp", "h"]),
        ("sippy cup", None),
        ("sipp 'open", None),
        ("", None),
        ("\x00\x1b[31m", None),
    ],
)
def test_a_pasted_command_line_is_recognised(text, words):
    assert form.pasted_words(text) == words


@pytest.mark.parametrize(
    "entry", [entry for entry in OPTIONS if entry.setting.kind is Kind.SWITCH], ids=lambda entry: entry.name
)
def test_a_switch_is_on_or_off(entry):
    assert form.choices_of(entry) == ("off", "on")
    assert form.read_field(entry, "on") is True
    assert form.read_field(entry, "off") is False
