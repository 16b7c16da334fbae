# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a call keeps of the messages that it has received (RFC 3261 section 12), as SIPp keeps it."""

from __future__ import annotations

import pytest

from engine.call.dialog import Dialog
from engine.sip.message import Message
from tests.growth import grows_linearly

REQUEST = "INVITE sip:a SIP/2.0"
RESPONSE = "SIP/2.0 200 OK"


def keep(start: str, *headers: str) -> Dialog:
    """The dialog after a message with these headers."""
    dialog = Dialog(0)
    dialog.record_routes(Message("\r\n".join([start, "Call-ID: 1", *headers, "", ""]).encode()))
    return dialog


@pytest.mark.parametrize(
    ("start", "routes"),
    [(REQUEST, b"Route: <sip:a;lr>, <sip:b;lr>, <sip:c;lr>"), (RESPONSE, b"Route: <sip:c;lr>, <sip:b;lr>, <sip:a;lr>")],
)
def test_a_server_keeps_the_routes_in_order_and_a_client_reversed(start: str, routes: bytes) -> None:
    dialog = keep(
        start,
        "Record-Route: <sip:a;lr>  ,<sip:b;lr>",
        "Contact: <sip:x@y>;q=1",
        "Contact: <sip:z>",
        "RECORD-ROUTE:\r\n <sip:c;lr>",
    )
    assert (dialog.routes, dialog.next_url) == (routes, b"sip:x@y")


@pytest.mark.parametrize(
    ("contact", "next_url"),
    [
        ("<sip:x@y;z>;q=1", b"sip:x@y;z"),
        ("sip:x@y;q=1", b"sip:x@y;q=1"),
        ('"Bob" <sip:x@y>', b'"Bob" <sip:x@y>'),
        ("<sip:x@y", b"sip:x@y"),
        ("", b""),
    ],
)
def test_the_next_url_is_what_the_brackets_of_the_contact_hold(contact: str, next_url: bytes) -> None:
    dialog = keep(REQUEST, f"m: {contact}")
    assert (dialog.routes, dialog.next_url) == (b"", next_url)


def test_without_a_contact_nothing_is_kept() -> None:
    assert keep(REQUEST, "Record-Route: <sip:a;lr>").routes == b""


def test_a_comma_that_parts_nothing_stays_in_its_route() -> None:
    routes = '"a, b" <sip:a,b@c;lr>;x="1,2", <sip:c;lr>'
    assert keep(REQUEST, f"Record-Route: {routes}", "Contact: <sip:x@y>").routes == f"Route: {routes}".encode()


@pytest.mark.parametrize(
    ("start", "routes", "kept", "next_url"),
    [
        (REQUEST, "<sip:a>, <sip:c;lr>", b"Route: <sip:c;lr>, <sip:x@y>;q=1", b"sip:a"),
        (RESPONSE, "<sip:a;lr>, <sip:c>", b"Route: <sip:a;lr>, <sip:x@y>;q=1", b"sip:c"),
        (REQUEST, "sip:a", b"Route: <sip:x@y>;q=1", b"sip:a"),
        (RESPONSE, "<sip:a>, <sip:c;lr>", b"Route: <sip:c;lr>, <sip:a>", b"sip:x@y"),
    ],
)
def test_a_strict_router_is_the_next_url_and_the_contact_the_last_route(
    start: str, routes: str, kept: bytes, next_url: bytes
) -> None:
    dialog = keep(start, f"Record-Route: {routes}", "Contact: <sip:x@y>;q=1")
    assert (dialog.routes, dialog.next_url) == (kept, next_url)


def test_empty_entries_are_no_routes() -> None:
    assert keep(REQUEST, "Record-Route: ,, <sip:a;lr>,", "Contact: <sip:x@y>").routes == b"Route: <sip:a;lr>"
    assert keep(REQUEST, "Record-Route: ,,,", "Contact: <sip:x@y>").routes == b""


@pytest.mark.parametrize("route", [",", '",', '"', "<", "<,", '\\",', '"\\', "<sip:a>,", "\t,"])
def test_the_time_that_routes_take_grows_with_their_length(route: str) -> None:
    assert grows_linearly(lambda size: keep(REQUEST, "Record-Route: " + route * size, "Contact: <sip:x@y>"), 2000)
