# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on strings. The values are those that SIPp 3.6.1 has, but for urlencode and urldecode, which are younger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import Failure
from engine.scenario.actions.text import difference, url_decode, url_encode
from engine.scenario.variables import Value
from tests.engine.scenario.actions.running import RECEIVED, problems_of_action, run
from tests.engine.scenario.helpers import Call, message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a[call_number]b", b"a7b"),
        ("[last_CSeq:]", b"CSeq: 1 BYE"),
        ("[last_None:]x", b"x"),
        ("[branch] [msg_index]", b"z9hG4bK-4242-7-0 -2"),
        (r"a\nb", b"a\r\nb"),
        (r"a\r\nb", b"a\r\r\nb"),
        (r"\\x5b\x41", b"[A"),
        ("&lt;&quot;", b'<"'),
        ("", b""),
    ],
)
def test_assignstr(value: str, expected: bytes) -> None:
    before = Call(message=RECEIVED.data, last=message("BYE sip:x SIP/2.0", "CSeq: 1 BYE"))
    values, _ = run(f'<assignstr assign_to="v" value="{value}"/>', "v", call=before)
    assert values["v"] == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (b"abc", "abc", 0),
        (b"abc", "abd", -1),
        (b"abd", "abc", 1),
        (b"abc", "ab", 99),
        (b"ab", "abc", -99),
        (b"", "a", -97),
        (b"a", "", 97),
        (b"", "", 0),
        (b"A", "a", -32),
        (b"\xe9", "a", 136),
        (b"a", "\xe9", -136),
        (b"7", "[call_number]", -36),
        (None, "x", -120),
        (None, "", 0),
        (5.0, "5.000000", -53),
        (True, "true", -116),
    ],
)
def test_strcmp_subtracts_the_first_bytes_that_differ(left: Value, right: str, expected: int) -> None:
    values, _ = run(f'<strcmp assign_to="r" variable="v" value="{right}"/>', "r", "v", start={"v": left})
    assert values["r"] == expected
    assert type(values["r"]) is float


@pytest.mark.parametrize(("left", "right", "expected"), [(b"b", b"a", 1), (b"a", b"a", 0), (None, None, 0), (b"a", 1.0, 97)])
def test_strcmp_of_two_variables(left: Value, right: Value, expected: int) -> None:
    values, _ = run('<strcmp assign_to="r" variable="v" variable2="w"/>', "r", "v", "w", start={"v": left, "w": right})
    assert values["r"] == expected


@pytest.mark.parametrize(
    ("attributes", "failure", "result"),
    [
        ('value="y" check_it="true" assign_to="r"', Failure.STRCMP_DOES_NOT_MATCH, None),
        ('value="a" check_it="true" assign_to="r"', Failure.STRCMP_DOES_NOT_MATCH, None),
        ('value="x" check_it="true" assign_to="r"', None, 0.0),
        ('value="x" check_it_inverse="true" assign_to="r"', Failure.STRCMP_SHOULD_NOT_MATCH, None),
        ('value="y" check_it_inverse="true" assign_to="r"', None, -1.0),
    ],
)
def test_a_checked_strcmp(attributes: str, failure: Failure | None, result: float | None) -> None:
    values, call = run(f'<strcmp variable="v" {attributes}/>', "r", "v", start={"v": b"x"})
    assert ([kind for kind, _ in call.failures], values.get("r")) == ([failure] if failure else [], result)


def test_a_strcmp_that_only_checks_needs_no_variable_for_its_result() -> None:
    _, call = run('<strcmp variable="v" value="y" check_it="true"/>', "v", start={"v": b"x"})
    assert [kind for kind, _ in call.failures] == [Failure.STRCMP_DOES_NOT_MATCH]


@given(st.binary(max_size=6), st.binary(max_size=6))
def test_a_difference_has_the_sign_that_the_order_has(left: bytes, right: bytes) -> None:
    left, right = left.replace(b"\0", b""), right.replace(b"\0", b"")
    assert (difference(left, right) > 0) == (left > right)
    assert difference(left, right) == -difference(right, left)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"  ab  ", b"ab"), (b"\t a b \r\n", b"a b"), (b"   ", b""), (b"", b""), (None, b""), (5.0, b""), (True, b"")],
)
@pytest.mark.parametrize("attribute", ["variable", "assign_to"])
def test_trim(value: Value, expected: bytes, attribute: str) -> None:
    assert run(f'<trim {attribute}="v"/>', "v", start={"v": value})[0]["v"] == expected


@pytest.mark.parametrize(
    ("plain", "encoded"),
    [
        (b"this: is a string", b"this%3A%20is%20a%20string"),
        (b"AZaz09-._~", b"AZaz09-._~"),
        (b"a@b;c=d&e+f%", b"a%40b%3Bc%3Dd%26e%2Bf%25"),
        (b"\xc3\xa9\r\n\0", b"%C3%A9%0D%0A%00"),
        (b"", b""),
    ],
)
@pytest.mark.parametrize("attribute", ["variable", "assign_to"])
def test_urlencode_and_urldecode(plain: bytes, encoded: bytes, attribute: str) -> None:
    assert run(f'<urlencode {attribute}="v"/>', "v", start={"v": plain})[0]["v"] == encoded
    assert run(f'<urldecode {attribute}="v"/>', "v", start={"v": encoded})[0]["v"] == plain


@pytest.mark.parametrize(
    ("encoded", "expected"), [(b"a%", b"a%"), (b"%4", b"%4"), (b"%zz%41", b"%zzA"), (b"%2541", b"%41"), (b"a+b%2b", b"a+b+")]
)
def test_what_is_not_encoded_stays(encoded: bytes, expected: bytes) -> None:
    assert url_decode(encoded) == expected


@given(st.binary())
def test_what_was_encoded_is_decoded(text: bytes) -> None:
    assert url_decode(url_encode(text)) == text


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('<assignstr value="a"/>', "assignstr needs assign_to="),
        ('<assignstr assign_to="v"/>', "assignstr needs value="),
        ('<assignstr assign_to="v,w" value="a"/>', "'v,w' is not the name of one variable"),
        ('<assignstr assign_to="$v" value="a"/>', "'$v' is not the name of one variable"),
        ('<strcmp variable="v" value="a"/>', "strcmp needs assign_to="),
        ('<strcmp variable="v" value="a" check_it="false"/>', "strcmp needs assign_to="),
        ('<strcmp assign_to="r" value="a"/>', "strcmp needs variable="),
        ('<strcmp assign_to="r" variable="v"/>', "strcmp needs value= or variable2="),
        ('<strcmp assign_to="r" variable="v" value="a" variable2="w"/>', "both value and variable2"),
        ('<strcmp variable="v" value="a" check_it="1" check_it_inverse="1"/>', "both check_it and check_it_inverse"),
        ("<trim/>", "trim needs variable= or assign_to="),
        ('<urlencode variable="v" assign_to="w"/>', "both variable and assign_to"),
        ('<urldecode variable="v,w"/>', "'v,w' is not the name of one variable"),
    ],
)
def test_what_is_no_action(action: str, expected: str) -> None:
    found = problems_of_action(action)
    assert any(expected in problem and problem.startswith("s.xml:9: ") for problem in found)
