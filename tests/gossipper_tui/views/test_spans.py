# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines of spans keep to the cells that they are given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gossipper_tui.views.spans import Span, Tone, cut, fit, line, padded, plain, spread, stacked, trimmed, width_of, wrapped

texts = st.text(alphabet=st.sampled_from("ab ─▶中文é…"), max_size=30)
lines = st.lists(st.builds(Span, texts, st.sampled_from(Tone)), max_size=5).map(lambda spans: line(*spans))


@given(lines, st.integers(0, 40))
def test_a_fitted_line_is_never_wider_than_asked(parts, width):
    assert width_of(fit(parts, width)) <= width


@given(lines, st.integers(0, 40))
def test_a_line_that_fits_is_left_as_it_is(parts, width):
    if width_of(parts) <= width:
        assert plain(fit(parts, width)) == plain(parts)


@given(texts, st.integers(0, 40))
def test_padded_text_takes_exactly_its_cells(text, width):
    assert width_of((Span(padded(text, width)),)) == width


@given(lines, lines, st.integers(1, 60))
def test_spread_lines_keep_to_the_width(left, right, width):
    assert width_of(spread(left, right, width)) <= width


@given(st.lists(lines, max_size=6), st.integers(1, 40))
def test_wrapped_phrases_keep_to_the_width(phrases, width):
    assert all(width_of(each) <= width for each in wrapped(phrases, width))


def test_cut_text_says_that_it_is_cut():
    assert cut("trustworthy", 6) == "trust…"
    assert cut("中文中文", 5) == "中文…"
    assert cut("any", 0) == ""


def test_spread_puts_the_right_part_at_the_edge():
    assert plain(spread(line("left"), line("12"), 10)) == "left    12"


def test_wrapped_phrases_go_on_in_the_next_line():
    assert [plain(each) for each in wrapped([line("one"), line("two"), line("three")], 9)] == ["one · two", "three"]


def test_blocks_are_stacked_with_an_empty_line_between():
    assert stacked([[line("a")], [], [line("b")]]) == [line("a"), (), line("b")]


def test_blanks_at_the_end_are_trimmed():
    assert trimmed(line(" a ", Span("  ", Tone.DIM))) == line(" a")
    assert trimmed(line("  ")) == ()
