# SPDX-License-Identifier: AGPL-3.0-or-later
"""The same expressions, read and searched by glibc and by us.

What is left out: repetitions of what may match nothing, on which glibc may never come back; and for groups, empty
alternatives, anchors inside of groups and `{,n}` of groups, where glibc leaves groups unset or as they were the time before.
"""

from __future__ import annotations

import locale
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scenario.posix_regex import compile_posix
from engine.scenario.problems import Misuse
from tests.engine.scenario.glibc import GlibcExpression, Span, needs_glibc

pytestmark = needs_glibc


@pytest.fixture(autouse=True, scope="module")
def bytes_are_characters() -> Iterator[None]:
    """SIPp never asks for a locale, so a character is a byte; Python has asked for that of the environment."""
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    yield
    locale.setlocale(locale.LC_CTYPE, before)


class Piece(NamedTuple):
    """A part of an expression, and whether it may match nothing."""

    text: str
    may_be_empty: bool = False


CHARACTERS = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-b]", "[[:alpha:]]", r"\w", "[]a]"]
REPETITIONS = ["*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}"]
EMPTY_ONES = ["*", "?", "{0,1}"]


def repeated(piece: Piece, repetition: str) -> Piece:
    if piece.may_be_empty and repetition:
        repetition = "?"
    return Piece(piece.text + repetition, piece.may_be_empty or repetition in EMPTY_ONES)


def in_a_row(pieces: list[Piece]) -> Piece:
    return Piece("".join(piece.text for piece in pieces), all(piece.may_be_empty for piece in pieces))


def alternatives(pieces: list[Piece]) -> Piece:
    return Piece("|".join(piece.text for piece in pieces), any(piece.may_be_empty for piece in pieces))


def rows(pieces: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    parts = st.builds(repeated, pieces, st.sampled_from(["", "", *REPETITIONS]))
    return st.lists(parts, min_size=1, max_size=3).map(in_a_row)


def grouped(pieces: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    inner = st.lists(rows(pieces), min_size=1, max_size=3).map(alternatives)
    return inner.map(lambda piece: Piece(f"({piece.text})", piece.may_be_empty))


expressions = st.lists(
    rows(st.recursive(st.sampled_from(CHARACTERS).map(Piece), grouped, max_leaves=6)), min_size=1, max_size=3
).map(lambda found: alternatives(found).text)
texts = st.text(alphabet="abc", max_size=9).map(str.encode)


def theirs(expression: str, text: bytes) -> list[Span] | None:
    compiled = GlibcExpression(expression)
    try:
        return compiled.search(text)
    finally:
        compiled.free()


def ours(expression: str, text: bytes) -> list[Span] | None:
    compiled = compile_posix(expression)
    found = compiled.search(text)
    if found is None:
        return None
    return [None if found.span(group) == (-1, -1) else found.span(group) for group in range(compiled.groups + 1)]


@settings(max_examples=400, deadline=None)
@given(expressions, texts)
def test_the_same_match_and_the_same_groups(expression: str, text: bytes) -> None:
    assert ours(expression, text) == theirs(expression, text)


@settings(max_examples=100, deadline=None)
@given(
    expressions, texts, st.sampled_from(["^{}", "{}$", "^{}$", "x|{}|", "|{}", r"\<{}", r"{}\>", r"\b{}\B", "({})", "(({})|)"])
)
def test_the_same_match_with_anchors_and_empty_alternatives(expression: str, text: bytes, form: str) -> None:
    expression = form.format(f"({expression})")
    found, wanted = ours(expression, text), theirs(expression, text)
    assert (found and found[0]) == (wanted and wanted[0])


def assert_the_same_is_an_expression(expression: str) -> None:
    try:
        GlibcExpression(expression).free()
    except ValueError:
        with pytest.raises(Misuse):
            compile_posix(expression)
    else:
        compile_posix(expression)


TOKENS = r"""
    a b ab [ ] ( ) * + ? { } , 1 2 ^ $ | \ - . : [:alpha:] [:foo:] [.a.] [=a=] [.-.] \w \W \s \S \b \B \< \> \` \' \1 \2 \11 \d
    \n \( \{ \. \| {1} {1,2} {,2} {1, {0} [a-c] [^a] []a] [^]] [a-] [-a] [^-] [b-a] [a-b-c] [\d] [[:digit:]]
    [--a] [a--] [[:alpha:]-z] [a-[:alpha:]] [[=a=]-c] [[.a.]-c] [[:word:]] [[.ab.]] [[:alpha] [[= [[.-.]-a] [a-b- ] [^--b] []-a]
"""


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*TOKENS.split(), " "]), max_size=6).map("".join))
def test_the_same_is_an_expression_and_the_same_is_none(expression: str) -> None:
    assert_the_same_is_an_expression(expression)


@pytest.mark.parametrize("expression", ["a{32767}", "a{32768}", "a{1,32768}", "(a){0,200}", "a{000001}", "a{0}", "a{2,1}"])
def test_the_same_counts(expression: str) -> None:
    assert_the_same_is_an_expression(expression)


CLASSES = ["alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct", "print", "graph", "cntrl", "xdigit"]


@pytest.mark.parametrize("expression", [".", "[^a]", r"\w", r"\W", r"\s", r"\S", *(f"[[:{name}:]]" for name in CLASSES)])
def test_the_same_characters(expression: str) -> None:
    found, compiled = GlibcExpression(expression), compile_posix(expression)
    for number in range(1, 256):
        character = bytes([number])
        assert bool(compiled.search(character)) == bool(found.search(character))
    found.free()


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"(a)\1", b"aa"),
        (r"(a|b)*\1", b"abb"),
        (r"(a+)b\1", b"aabaa"),
        (r"([ab])(\1)", b"abb"),
        (r"(a)(b)\21", b"abb1"),
        (r"(a)\11\01", b"aa101"),
        (r"(^|,)a", b"a,a"),
        (r"a($|,)", b"ba"),
        (r"(|a)b", b"ab"),
        (r"a||b", b"b"),
        (r"(a*)(ab)*(b*)", b"abb"),
        (r"(a|ab)(c|bcd)(d*)", b"abcd"),
        (r"(ab|a)(bc)?", b"abc"),
        (r"(([a-z]+):)*x", b"a:bb:x"),
        (r"((a)|(b))+", b"ab"),
        (r"(foo|foobar|bar)+", b"foobarbar"),
        (r"x(a|(b))*y", b"xbay"),
        (r"[[.a.]-c]+", b"abcd"),
        (r"[a[.-.]]+", b"a-a"),
        (r"\(\)\{\}\*", b"(){}*"),
        (r"[^\n]+", b"n\n\\a"),
        (r"\w+\W\w", b"_a1-b"),
        (r"\<b", b"ab b"),
        (r"a\>", b"ab a"),
        (r".", b"\xe9"),
        (r"[[:alpha:]]", b"\xe9z"),
        ("\xe9+", b"\xe9\xe9"),
    ],
)
def test_what_expressions_are_made_of(expression: str, text: bytes) -> None:
    assert ours(expression, text) == theirs(expression, text)
