# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is made of the options once a run: a layer for each connection, and a path that can be asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import OptionError
from engine.options import RunConfig
from engine.run.validation import problems_of
from engine.transport import Addresses
from engine.transport.stream.websocket import check_path, websocket
from engine.transport.stream.websocket_handshake import ClientWebSocket, ServerWebSocket


def to(port: int = 8080) -> Addresses:
    return Addresses(local_ip="127.0.0.1", remote_host="sip.example", remote_ip="127.0.0.1", remote_port=port)


def test_each_connection_has_a_layer_of_its_own() -> None:
    make = websocket(RunConfig(transport="w1", websocket_path="/sip"), to(), False)

    first, second = make("sip.example"), make("sip.example")

    assert isinstance(first, ClientWebSocket)
    assert first is not second


def test_a_server_is_asked_for_the_path_and_a_client_asks_for_it() -> None:
    config = RunConfig(transport="w1", websocket_path="/sip?token=1")
    client, server = websocket(config, to(), False)("sip.example"), websocket(config, to(), True)("")
    assert isinstance(server, ServerWebSocket)

    client.begin()
    request = client.own()
    server.receive(request)
    client.receive(server.own())

    assert request.startswith(b"GET /sip?token=1 HTTP/1.1\r\nHost: sip.example:8080\r\n")
    assert client.is_ready
    assert server.is_ready


@pytest.mark.parametrize(
    ("transport", "port", "host", "origin"),
    [
        ("w1", 80, b"sip.example", b"http://sip.example"),
        ("wn", 443, b"sip.example:443", b"http://sip.example:443"),
        ("ws1", 443, b"sip.example", b"https://sip.example"),
        ("wsn", 8443, b"sip.example:8443", b"https://sip.example:8443"),
    ],
)
def test_the_usual_port_of_each_is_not_said(transport: str, port: int, host: bytes, origin: bytes) -> None:
    client = websocket(RunConfig(transport=transport), to(port), False)("sip.example")

    client.begin()
    request = client.own()

    assert b"\r\nHost: " + host + b"\r\n" in request
    assert b"\r\nOrigin: " + origin + b"\r\n" in request


@pytest.mark.parametrize("path", ["/", "/ws", "/a/b?c=d&e=%41", "/~x:y@z!$'()*+,;="])
def test_what_is_a_path(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize("path", ["", "ws", "ws://host/", "/a b", "/a#b", "/ä", "/a\r\nHost: evil", "/a\n"])
def test_what_is_none(path: str) -> None:
    with pytest.raises(OptionError, match=r"^-ws_path: '.*' is no path of a URL: it begins with /") as caught:
        check_path(path)
    (problem,) = [found for found in problems_of(RunConfig(websocket_path=path), None) if found.option == "-ws_path"]

    assert problem.message == caught.value.message


def test_the_library_is_imported_for_runs_over_websocket_only() -> None:
    script = "import sys, engine.run; sys.exit('websockets' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
