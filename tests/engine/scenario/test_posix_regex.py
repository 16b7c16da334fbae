# SPDX-License-Identifier: AGPL-3.0-or-later
"""POSIX extended expressions: what they find. The expected matches are glibc's, seen through SIPp."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenario.posix_regex import compile_posix
from engine.scenario.problems import Misuse
from tests.engine.scenario.helpers import no_hang


@pytest.mark.parametrize(
    ("expression", "text", "match", "groups"),
    [
        ("(a|ab)(c|bcd)?", b"xabcd", b"abcd", (b"a", b"bcd")),
        ("a|ab|abc", b"abcd", b"abc", ()),
        ("o.*?e", b"ounce done", b"ounce done", ()),
        ("a+?b", b"aab", b"aab", ()),
        ("[[:alnum:]]+ [[:alpha:]]+", b" o1 two ", b"o1 two", ()),
        ("[^[:space:]]+", b" \ta:b\r\n", b"a:b", ()),
        ("x[]a]+x", b"x]a]x", b"x]a]x", ()),
        ("[^]a]", b"a]b", b"b", ()),
        ("x[a-]x", b"x-x", b"x-x", ()),
        ("[-a]+", b"b-a-", b"-a-", ()),
        (r"[\n]+", b"a\\nb", b"\\n", ()),
        ("[[.-.]]", b"a-b", b"-", ()),
        ("[[=a=]b]+", b"xabx", b"ab", ()),
        ("[a&&b||c~~d]+", b"x&~|x", b"&~|", ()),
        ("[0-9]{2,3}", b"1 2345", b"234", ()),
        ("a{,2}x", b"aaax", b"aax", ()),
        ("a{2}", b"aaa", b"aa", ()),
        ("a{2,}", b"aaa", b"aaa", ()),
        (r"\d+", b"12dd", b"dd", ()),
        (r"\w+\W", b" ab_1-", b"ab_1-", ()),
        (r"\bone\b", b"none one", b"one", ()),
        (r"\<one\>", b"none one", b"one", ()),
        (r"(one|two)\1", b"onetwotwo", b"twotwo", (b"two",)),
        (r"a\.b\*", b"axb a.b*", b"a.b*", ()),
        (r"a\$b", b"a$b", b"a$b", ()),
        ("a.b", b"a\nb", b"a\nb", ()),
        ("^b", b"a\nb", None, ()),
        ("a$", b"a\n", None, ()),
        ("b$", b"a\nb", b"b", ()),
        ("a$b", b"a$b", None, ()),
        ("a^b", b"a^b", None, ()),
        ("(^a|b$)", b"ab", b"a", (b"a",)),
        ("()a", b"ba", b"a", (b"",)),
        ("a|", b"b", b"", ()),
        ("", b"b", b"", ()),
        ("(x(y)?)+z", b"xyxz", b"xyxz", (b"x", b"y")),
        ("a)b", b"a)b", b"a)b", ()),
        ("(a*)+", b"b", b"", (b"",)),
        (" #a", b" #a", b" #a", ()),
        ("\xe9", b"\xe9", b"\xe9", ()),
        ("sips?:[^@]+@", b"To: <sip:a@b>", b"sip:a@", ()),
    ],
)
def test_matches(expression: str, text: bytes, match: bytes | None, groups: tuple[bytes, ...]) -> None:
    found = compile_posix(expression).search(text)
    assert (found[0] if found else None) == match
    if found:
        assert found.groups() == groups


@pytest.mark.parametrize(
    "expression",
    ["(a", "[a", "[[:alpha:]", "*a", "+", "(*a)", "a|*b", "(?:a)", "a{x", "a{1", "a\\", "a{3,2}", "[z-a]", "\u20ac"],
)
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(Misuse, match="is no regular expression"):
        compile_posix(expression)


@given(
    st.lists(
        st.sampled_from(["a", "b", ".", "[ab]", "(a)", "(", ")", "*", "+", "?", "{1,2}", "{2}", "^", "$"]), max_size=7
    ).map("".join)
)
def test_the_way_of_searching_makes_no_difference(expression: str) -> None:
    """An alternative makes it search for the longest match; without one it may find that by taking the most first."""
    try:
        plain, longest = compile_posix(expression), compile_posix(f"{expression}|{expression}")
    except Misuse:
        return
    for text in (b"aabab", b"bba", b"", b"xabx"):
        found, other = plain.search(text), longest.search(text)
        assert (found and found.span()) == (other and other.span())


@pytest.mark.parametrize(
    ("expression", "text"), [("(a|aa)+$", b"a" * 60 + b"b"), ("x+y", b"x" * 200_000), (".*x.*y.*z", b"x" * 60_000)]
)
def test_a_search_comes_to_an_end(expression: str, text: bytes) -> None:
    compiled = compile_posix(expression)
    with pytest.raises(TimeoutError):
        compiled.search(text)
    assert not compiled.fits(text)


@given(st.text(alphabet="ab([])*+?{},1^$|\\.:-<w", max_size=30))
def test_any_text_is_an_expression_or_is_refused(expression: str) -> None:
    try:
        compiled = compile_posix(expression)
    except Misuse:
        return
    with suppress(TimeoutError):
        compiled.search(b"aabb(a)[b]1,1")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 40 + "a" + "){1,9}" * 40,
        "(" * 20 + "a" + ")+" * 20,
        "(" * 5000 + "a" + ")" * 5000,
        "a" + "{2}" * 5000,
        "a" * 25_000,
        "(a+|" * 30 + "b" + ")+" * 30,
        "a{32768}",
        "a{1,99999999999999999999}",
        "[" * 5000,
        "[a" * 5000,
        "(" * 5000,
        "\\" * 4999,
    ],
)
def test_what_would_take_too_much_to_compile_is_refused(expression: str) -> None:
    with no_hang(), pytest.raises(Misuse) as refused:
        compile_posix(expression)
    assert len(refused.value.message) < 25_500


@pytest.mark.parametrize(
    ("expression", "text", "match"),
    [
        ("a" + "*+?" * 5000, b"aaab", b"aaa"),
        ("a" + "+" * 5000, b"baa", b"aa"),
        ("(a)" + "?" * 5000 + "b", b"aab", b"ab"),
        ("a{32767}|b", b"b", b"b"),
        ("(a|" * 19 + "b" + ")*" * 19, b"ab", b"ab"),
        ("ab|" * 4000 + "c", b"c", b"c"),
        ("([a-c]{2}){3}" * 300 + "|d", b"d", b"d"),
    ],
)
def test_long_expressions(expression: str, text: bytes, match: bytes) -> None:
    with no_hang():
        found = compile_posix(expression).search(text)
    assert found
    assert found[0] == match


@pytest.mark.parametrize("expression", [r"\b*", r"\<+", r"\'?", r"a\B{2}", "^*", "($*)", r"(\>*)"])
def test_a_place_cannot_be_repeated(expression: str) -> None:
    with pytest.raises(Misuse, match="nothing to repeat"):
        compile_posix(expression)
