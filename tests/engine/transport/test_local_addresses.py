# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists of addresses, and whether they are this machine's."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OptionError
from engine.transport.local_addresses import MOST_ADDRESSES, parse_address, parse_list, why_not_ours


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("127.0.1.1", ["127.0.1.1"]),
        ("10.0.0.2, 10.0.0.1,10.0.0.2", ["10.0.0.2", "10.0.0.1", "10.0.0.2"]),
        ("127.0.1.0/29", [f"127.0.1.{number}" for number in range(1, 7)]),
        ("10.0.0.4/31,10.0.0.9/32", ["10.0.0.4", "10.0.0.5", "10.0.0.9"]),
        ("10.0.0.254-10.0.1.1", ["10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"]),
        ("10.0.0.8-10", ["10.0.0.8", "10.0.0.9", "10.0.0.10"]),
        ("fd00::/126", ["fd00::1", "fd00::2", "fd00::3"]),
        ("[FD00::A]-fd00::c", ["fd00::a", "fd00::b", "fd00::c"]),
        ("fe80::1%lo,[::1]", ["fe80::1%lo", "::1"]),
        ("10.0.0.1,::1", ["10.0.0.1", "::1"]),
    ],
)
def test_what_a_list_means(text: str, addresses: list[str]) -> None:
    assert list(parse_list(text)) == addresses


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is no IP address"),
        ("10.0.0.1,,10.0.0.2", "'' is no IP address"),
        ("10.0.0.256", "'10.0.0.256' is no IP address"),
        ("host.example", "'host.example' is no IP address"),
        ("10.0.0.5/28", "'10.0.0.5/28' is no network; write 10.0.0.0/28, or 10.0.0.5 for the one address"),
        ("10.0.0.0/33", "'10.0.0.0/33' is no network; write one as 10.0.0.0/28"),
        ("10.0.0.0/8", "10.0.0.0/8 has 16777216 addresses; at most 65536 addresses can be told"),
        ("fd00::/64", "fd00::/64 has 18446744073709551616 addresses; at most 65536 addresses can be told"),
        ("fd00::-fd00::1:0", "the range from fd00:: to fd00::1:0 has 65537 addresses; at most 65536 addresses can be told"),
        ("10.1.0.0/16,10.2.0.0/16", "at most 65536 addresses can be told"),
        ("10.0.0.5-10.0.0.4", "the range from 10.0.0.5 to 10.0.0.4 goes backwards"),
        ("10.0.0.5-fd00::1", "'10.0.0.5-fd00::1' is no range; write one as 10.0.0.1-10.0.0.20"),
        ("fe80::1%lo-fe80::3%lo", "'fe80::1%lo-fe80::3%lo' is no range"),
        ("0.0.0.0", "0.0.0.0 is no address that a message can come from"),
        ("::", ":: is no address that a message can come from"),
        ("223.255.255.255-224.0.0.1", "224.0.0.1 is no address that a message can come from"),
        ("255.255.255.255", "255.255.255.255 is no address that a message can come from"),
    ],
)
def test_what_is_no_list_is_told_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(OptionError, match=re.escape(f"-ip_list: {told}")):
        parse_list(text)


@given(st.text("0123456789abcdef.:/-,%[] ", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_list_of_so_many_or_one_clear_error(text: str) -> None:
    told = ""
    found: tuple[str, ...] = ()
    try:
        found = parse_list(text)
    except OptionError as error:
        told = str(error)
    assert len(told.splitlines()) + bool(found) == 1
    assert len(found) <= MOST_ADDRESSES
    assert all(parse_address(address) == address for address in found)


def test_an_address_of_this_machine_and_one_that_is_none() -> None:
    before = os.listdir("/proc/self/fd")
    assert [why_not_ours(ip) for ip in ("127.0.0.1", "127.0.1.77")] == ["", ""]
    assert why_not_ours("192.0.2.1").startswith("192.0.2.1 is no address of this machine; ")
    assert why_not_ours("2001:db8::1").startswith("2001:db8::1 is no address of this machine; ")
    assert why_not_ours("fe80::1%no-such-interface").startswith("fe80::1%no-such-interface cannot be bound to: ")
    assert os.listdir("/proc/self/fd") == before
