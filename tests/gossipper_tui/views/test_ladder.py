# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ladder, the facts and the XML of a scenario."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import Problem, ScenarioList, StepKind
from gossipper_tui.views import library, scenario, source
from gossipper_tui.views.ladder import arrow, heading, ladder
from gossipper_tui.views.spans import Tone, plain, width_of
from tests.gossipper_tui import samples

BROKEN = Problem(file="x.xml", line=7, column=3, message="unknown keyword [locl_ip]", hint="did you mean [local_ip]?")
DOUBTFUL = Problem(file="x.xml", line=19, column=1, message="attribute foo is not known", warning=True)


@pytest.mark.parametrize("width", [30, 40, 56, 80, 160])
def test_a_line_a_step_that_keeps_to_the_width(width):
    lines = ladder(samples.client(), width)
    assert len(lines) == len(samples.client().steps)
    assert all(width_of(each) <= width for each in lines)


def test_a_client_is_left_and_a_server_right():
    client, server = ladder(samples.client(), 60), ladder(samples.server(), 60)
    assert plain(heading(samples.client(), 60)).split() == ["UAC", "Remote"]
    assert plain(heading(samples.server(), 60)).split() == ["Remote", "UAS"]
    assert "▶" in plain(client[0])
    assert "◀" in plain(client[3])
    assert "▶" in plain(server[0])
    assert "◀" in plain(server[1])


def test_optional_messages_are_dashed_and_say_so():
    text = plain(ladder(samples.client(), 60)[1])
    assert "╌" in text
    assert "─" not in text
    assert text.endswith("optional")


def test_timers_and_pauses_have_their_signs():
    texts = [plain(each) for each in ladder(samples.client(), 60)]
    assert "◷1" in texts[0]
    assert "retrans 500 ms" in texts[0]
    assert "◶1" in texts[3]
    assert "‖ pause 3000 ms" in texts[5]


def test_problems_are_in_the_margin_of_their_step():
    texts = [plain(each) for each in ladder(samples.client((BROKEN, DOUBTFUL)), 60)]
    assert texts[0].startswith("✗")
    assert texts[1].startswith("!")
    assert texts[4].startswith(" ")


@given(st.text(max_size=30), st.integers(0, 60), st.booleans(), st.booleans())
def test_an_arrow_is_as_long_as_asked(label, width, right, optional):
    drawn = arrow("".join(c for c in label if c.isascii() and c.isprintable()), width, right, optional)
    assert len(drawn) == max(width, 3) or width < 4


def test_the_facts_of_a_scenario():
    text = " ".join(plain(each) for each in scenario.info(samples.client(), 120))
    assert text == "client · 8 steps · needs: remote host, -inf · variables: none · data files: none"
    assert all(width_of(each) <= 40 for each in scenario.info(samples.client(), 40))


def test_a_verdict_counts_problems_and_warnings_apart():
    assert plain(scenario.verdict(samples.client())) == "✔ sound"
    assert plain(scenario.verdict(samples.client((DOUBTFUL,)))) == "! 1 warning"
    assert plain(scenario.verdict(samples.client((BROKEN, BROKEN, DOUBTFUL)))) == "✗ 2 problems"


def test_a_problem_says_where_what_and_what_to_do():
    broken, doubtful = map(plain, scenario.problem_lines((BROKEN, DOUBTFUL)))
    assert broken == "✗ line 7: unknown keyword [locl_ip] — did you mean [local_ip]?"
    assert doubtful == "! line 19: attribute foo is not known"


def test_a_step_in_full_has_its_message():
    texts = [plain(each) for each in scenario.step_lines(samples.client().steps[0], 0)]
    assert texts[0] == "0 sends INVITE  retrans 500 ms · ◷1"
    assert texts[2] == "INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0"
    keywords = [span.text for span in scenario.step_lines(samples.client().steps[0], 0)[2] if span.tone is Tone.KEYWORD]
    assert keywords == ["[service]", "[remote_ip]", "[remote_port]"]


def test_the_source_keeps_every_character_and_marks_problems():
    lines = [plain(each) for each in source.source_lines(samples.XML, (BROKEN, DOUBTFUL))]
    assert [text[4:] for text in lines] == samples.XML.splitlines()
    assert lines[6].startswith("✗ 7 ")
    assert lines[18].startswith("!19 ")


def test_comments_and_cdata_are_seen_over_several_lines():
    lines = source.source_lines(samples.XML, ())
    assert {span.tone for span in lines[2][1:]} == {Tone.DIM}
    assert any(span == ("[service]", Tone.KEYWORD) for span in lines[6])
    assert any(span == ("</send", Tone.TITLE) for span in lines[17])


@given(st.text(max_size=300))
def test_any_text_can_be_shown(text):
    shown = source.source_lines(text, ())
    assert len(shown) == len(text.expandtabs(4).splitlines())
    assert all("\n" not in span.text and "\x1b" not in span.text for each in shown for span in each)


def test_the_library_has_a_shelf_a_folder():
    found = ScenarioList(built_in=("uac", "uas"), files=("b.xml", "calls/a.xml", "/tmp/far/x.xml"))
    made = {shelf.heading: [name for name, _ in shelf.scenarios] for shelf in library.shelves(found)}
    assert made == {"Built in": ["uac", "uas"], ".": ["b.xml"], "/tmp/far": ["x.xml"], "./calls": ["a.xml"]}


def test_a_filter_leaves_shelves_that_have_something():
    found = ScenarioList(built_in=("uac", "uas"), files=("b.xml", "calls/a.xml"))
    assert [shelf.heading for shelf in library.shelves(found, "CALLS a")] == ["./calls"]


def test_marks_of_scenarios():
    assert library.mark(None) == (" ", "")
    assert library.mark((DOUBTFUL,)) == ("!", "1")
    assert library.mark((BROKEN, BROKEN, DOUBTFUL)) == ("✗", "2")


def test_every_kind_of_step_can_be_drawn():
    described = samples.client()
    for kind in StepKind:
        step = samples.step(kind, "label")
        assert scenario.step_lines(step, 0)
        assert ladder(
            type(described)(**{f: getattr(described, f) for f in described.__struct_fields__} | {"steps": (step,)}), 60
        )
