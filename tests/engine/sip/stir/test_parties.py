# SPDX-License-Identifier: AGPL-3.0-or-later
"""Telephone numbers and URIs in their canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sip.stir import NotAParty, Party, party_of

NUMBER = Party("12155551212", True)


@pytest.mark.parametrize(
    "text",
    [
        "12155551212",
        "+12155551212",
        " +1 (215) 555-1212 ",
        "+1.215.555.1212",
        "tel:+1-215-555-1212",
        "TEL:+12155551212;phone-context=x",
        "sip:+12155551212@example.com;user=phone",
        "sips:+1-215-555-1212@[::1]:5061",
        "sip:+12155551212;npdi@example.com",
        "sip:12155551212:password@example.com",
        '"A <b> \\" c" <sip:+12155551212@example.com>;tag=1',
        "Alice <tel:+12155551212>",
        "<sip:+12155551212@example.com;transport=tcp>",
        "sip:+12155551212@example.com;tag=x",
    ],
)
def test_forms_of_one_number(text: str) -> None:
    assert party_of(text) == NUMBER


@pytest.mark.parametrize(("text", "number"), [("*31#0", "*31#0"), ("911", "911"), ("+0", "0")])
def test_other_numbers(text: str, number: str) -> None:
    assert party_of(text) == Party(number, True)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("SIPS:Alice:pw@Example.COM:5061;transport=tcp?a=b", "sip:Alice@example.com"),
        ("<sip:alice@[2001:DB8::1]:5060>", "sip:alice@[2001:db8::1]"),
        ("sip:example.com", "sip:example.com"),
    ],
)
def test_uris(text: str, uri: str) -> None:
    assert party_of(text) == Party(uri, False)


@pytest.mark.parametrize("text", ["", "alice", "+", "tel:alice", "sip:", "sip:@", "12a", "++1", "sip:a b@c", "x" * 300, "1<2"])
def test_what_is_nobody(text: str) -> None:
    with pytest.raises(NotAParty):
        party_of(text)


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    try:
        party = party_of(text)
    except NotAParty:
        return
    assert party.text.isascii()
    assert party_of(party.text) == party
