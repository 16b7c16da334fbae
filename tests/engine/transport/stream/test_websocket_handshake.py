# SPDX-License-Identifier: AGPL-3.0-or-later
"""The beginning of a WebSocket: what is asked and answered, and what is said when the other side is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages import Failure
from engine.transport.stream.layer import StreamBroken
from engine.transport.stream.websocket_handshake import MOST_HEAD, ClientWebSocket
from tests.engine.transport.stream.ws_peers import (
    INVITE,
    answer,
    asked,
    broken_by,
    frame,
    open_both,
    open_client,
    open_server,
    our_client,
    our_server,
    said,
    taken,
    their_client,
    their_server,
)
from tests.growth import grows_linearly

TLS_ALERT = bytes.fromhex("15030300020246")
CLIENT_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(64)
REGISTER = b"REGISTER sip:example.com SIP/2.0\r\nCall-ID: 1\r\n\r\n"
BAD_REQUEST = b"SIP/2.0 400 Bad Request\r\nCall-ID: 1\r\n\r\n"


def request(*, line: str = "GET / HTTP/1.1", without: str = "", **more: str) -> bytes:
    """A client's request; `more` replaces headers or adds some, `_` for `-`."""
    headers = {
        "Host": "sip.example",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "sip",
    }
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    headers.pop(without, None)
    return "".join([f"{line}\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]).encode("latin-1")


def asking() -> ClientWebSocket:
    """A client of ours that has asked."""
    client = our_client("/sip")
    client.begin()
    client.own()
    return client


def test_our_client_and_the_library_agree() -> None:
    client, server = open_client()

    assert server.subprotocol == "sip"
    assert client.broken is None


def test_our_server_and_the_library_agree() -> None:
    server, client = open_server()

    assert client.subprotocol == "sip"
    assert server.broken is None


def test_two_of_ours_agree() -> None:
    client, server = open_both()

    assert client.is_ready
    assert server.is_ready


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("sip.example", b"sip.example:8080"),
        ("127.0.0.1", b"127.0.0.1:8080"),
        ("::1", b"[::1]:8080"),
        ("[::1]", b"[::1]:8080"),
        ("fe80::1%eth0", b"[fe80::1]:8080"),
    ],
)
def test_a_client_asks_the_host_for_sip(host: str, named: bytes) -> None:
    client = ClientWebSocket(host, 8080, "/ws", False)

    client.begin()
    lines = client.own().split(b"\r\n")

    assert lines[:2] == [b"GET /ws HTTP/1.1", b"Host: " + named]
    assert b"Origin: http://" + named in lines
    assert b"Sec-WebSocket-Protocol: sip" in lines
    assert b"Sec-WebSocket-Version: 13" in lines
    assert not [line for line in lines if line.startswith(b"Sec-WebSocket-Extensions")]


def test_each_client_asks_with_a_key_of_its_own() -> None:
    keys = set()
    for _ in range(20):
        client = our_client()
        client.begin()
        keys.add(re.search(rb"Sec-WebSocket-Key: (\S+)", client.own())[1])

    assert len(keys) == 20


def test_frames_right_behind_the_handshake_are_not_lost() -> None:
    client, their = our_client(), their_server()
    client.begin()
    answered = answer(their, client.own())
    their.send_text(INVITE)
    assert client.receive(answered + said(their)) == [INVITE]

    server = our_server()
    assert server.receive(request() + frame(1, INVITE, masked=True)) == [INVITE]
    assert server.own().startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("target", ["/", "/?a=b", "http://sip.example/", "HTTP://sip.example?x", "http://sip.example"])
def test_a_path_is_asked_for_in_several_ways(target: str) -> None:
    server = our_server("/")

    assert server.receive(request(line=f"GET {target} HTTP/1.1")) == []
    assert server.is_ready


def test_who_offers_more_gets_sip_and_no_compression() -> None:
    server = our_server()

    server.receive(request(Sec_WebSocket_Protocol="xmpp, sip", Sec_WebSocket_Extensions="permessage-deflate", Origin="null"))
    answered = server.own()

    assert server.is_ready
    assert b"\r\nSec-WebSocket-Protocol: sip\r\n" in answered
    assert b"Extensions" not in answered


# --- refused, to a client ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("404 Not Found", "404 Not Found — it has no WebSocket at this path; see -ws_path"),
        ("401 Unauthorized", "401 Unauthorized — it wants a password by HTTP, which is not built"),
        ("403 Forbidden", "403 Forbidden — it lets nobody in from this Origin, Host or path"),
        ("426 Upgrade Required", "426 Upgrade Required — it speaks another version of WebSocket"),
        ("503 Service Unavailable", "503 Service Unavailable"),
        ("503", "503"),
        ("302 Found\r\nlocation: wss://b.example/x", "302 Found — it sends to wss://b.example/x"),
        ("500 \x1b[31m" + "x" * 200, "500 ?[31m" + "x" * 95 + "…"),
    ],
)
def test_a_server_that_refuses_says_why(status: str, reason: str) -> None:
    broken = broken_by(asking(), f"HTTP/1.1 {status}\r\nContent-Length: 9999\r\n\r\nNo.".encode("latin-1"))

    assert broken.reason == f"the server refuses WebSocket at /sip: {reason}"
    assert broken.failure is Failure.TCP_CONNECT
    assert not broken.garbage


def test_a_server_without_sip_over_websocket() -> None:
    client, server = our_client(), their_server(subprotocols=None)
    client.begin()

    broken = broken_by(client, answer(server, client.own()))

    assert broken.reason == "the server does not speak SIP over WebSocket: it did not agree to the sub-protocol 'sip'"
    assert broken.failure is Failure.TCP_CONNECT
    assert not client.is_ready


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((rb"Protocol: sip", b"Protocol: xmpp"), "xmpp"),
        ((rb"Accept: .", b"Accept: !"), "Sec-WebSocket-Accept"),
        ((rb"Upgrade: websocket", b"Upgrade: h2c"), "h2c"),
        ((rb"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), "extensions"),
    ],
)
def test_a_server_whose_answer_is_no_handshake(change: tuple[bytes, bytes], why: str) -> None:
    client, server = our_client(), their_server()
    client.begin()

    broken = broken_by(client, re.sub(*change, answer(server, client.own())))

    assert broken.reason.startswith("the server's answer is no handshake of WebSocket: ")
    assert why in broken.reason
    assert broken.failure is Failure.TCP_CONNECT


TO_A_CLIENT = [
    (BAD_REQUEST, "SIP without WebSocket: -t t1 and, over TLS, -t l1 speak it"),
    (TLS_ALERT, "TLS where WebSocket should begin: -t ws1 and -t wsn speak it"),
    (b"220 mail.example ESMTP\r\n", "no HTTP where WebSocket should begin: '220 mail.example ESMTP'"),
    (b"SSH-2.0-OpenSSH_9\r\n", "no HTTP where WebSocket should begin: 'SSH-2.0-OpenSSH_9'"),
    (b"HTTP/2 101\r\n\r\n", "no HTTP where WebSocket should begin: 'HTTP/2 101'"),
    (bytes(12), "no HTTP where WebSocket should begin: '????????????'"),
]
TO_A_SERVER = [
    (REGISTER, "SIP without WebSocket: -t t1 and, over TLS, -t l1 speak it"),
    (CLIENT_HELLO, "TLS where WebSocket should begin: -t ws1 and -t wsn speak it"),
    (b"\r\n\r\n", "no HTTP where WebSocket should begin: ''"),
    (b"get / HTTP/1.1\r\n", "no HTTP where WebSocket should begin: 'get / HTTP/1.1'"),
    (bytes(12), "no HTTP where WebSocket should begin: '????????????'"),
]


@pytest.mark.parametrize(("came", "reason"), TO_A_CLIENT)
def test_an_answer_that_is_no_http(came: bytes, reason: str) -> None:
    broken = broken_by(asking(), came)

    assert (broken.reason, broken.failure, broken.garbage) == (reason, Failure.TCP_CONNECT, True)


@pytest.mark.parametrize(("came", "reason"), TO_A_SERVER)
def test_a_request_that_is_no_http(came: bytes, reason: str) -> None:
    server = our_server()
    broken = broken_by(server, came)

    assert (broken.reason, broken.failure, broken.garbage) == (reason, Failure.TCP_CONNECT, True)
    assert server.own() == b""


@pytest.mark.parametrize("came", [REGISTER, BAD_REQUEST, TLS_ALERT, CLIENT_HELLO, bytes(40)])
def test_that_is_told_as_well_when_it_comes_byte_by_byte(came: bytes) -> None:
    for whole, in_bytes in ((asking(), asking()), (our_server(), our_server())):
        broken = broken_by(in_bytes, *(came[at : at + 1] for at in range(len(came))))

        assert broken.failure is Failure.TCP_CONNECT
        assert broken.garbage
        assert broken.reason.split(":")[0] == broken_by(whole, came).reason.split(":")[0]


# --- refused, by a server ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "status", "why"),
    [
        (request(line="GET /other HTTP/1.1"), "404 Not Found", "it asks for /other, and -ws_path is /"),
        (request(without="Host"), "400 Bad Request", "it does not name one Host"),
        (request(without="Upgrade"), "426 Upgrade Required", "Upgrade"),
        (request(Connection="close"), "426 Upgrade Required", "Connection"),
        (request(without="Sec-WebSocket-Key"), "400 Bad Request", "Sec-WebSocket-Key"),
        (request(Sec_WebSocket_Key="short"), "400 Bad Request", "Sec-WebSocket-Key"),
        (request(without="Sec-WebSocket-Version"), "400 Bad Request", "Sec-WebSocket-Version"),
        (request(Sec_WebSocket_Version="8"), "426 Upgrade Required", "it speaks version 8 of WebSocket, and there is 13"),
        (request(without="Sec-WebSocket-Protocol"), "400 Bad Request", "subprotocol"),
        (request(Sec_WebSocket_Protocol="xmpp"), "400 Bad Request", "subprotocol"),
    ],
)
def test_a_server_refuses_by_http(asks: bytes, status: str, why: str) -> None:
    server = our_server()
    broken = broken_by(server, asks)

    assert broken.reason.startswith("refused a request for WebSocket: ")
    assert why in broken.reason
    assert broken.failure is Failure.TCP_CONNECT
    assert broken.garbage
    assert server.own().startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert not server.is_ready


def test_who_speaks_another_version_learns_which_there_is() -> None:
    server = our_server()
    broken_by(server, request(Sec_WebSocket_Version="8"))

    assert b"\r\nSec-WebSocket-Version: 13\r\n" in server.own()


@pytest.mark.parametrize(
    ("asks", "why"),
    [
        (request().replace(b"\r\n", b"\n"), "line"),
        (request().replace(b"Host:", b"Host "), "Host  sip.example"),
        (b"GET /\r\n\r\n", "GET /"),
        (request(line="POST / HTTP/1.1"), "POST"),
        (request(line="GET / HTTP/1.0"), "HTTP/1.0"),
        (request(Content_Length="5"), "body"),
    ],
)
def test_a_request_that_is_wrong_as_http(asks: bytes, why: str) -> None:
    broken = broken_by(our_server(), asks)

    assert re.match("no request of HTTP: |refused a request for WebSocket: ", broken.reason)
    assert why in broken.reason
    assert broken.garbage


def test_the_library_sees_the_refusal() -> None:
    client, server = their_client(path="/other"), our_server()
    broken_by(server, asked(client))

    client.receive_data(server.own())

    assert "404" in str(client.handshake_exc)


# --- limits -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\n", b"HTTP/1.1 101 Switching Protocols\r\n"])
@pytest.mark.parametrize("more", [b"x", b"X: y\r\n"])
def test_a_head_that_does_not_end(begin: bytes, more: bytes) -> None:
    layer = our_server() if begin.startswith(b"GET") else asking()
    pieces = [begin, *[more * 100] * MOST_HEAD]
    broken = broken_by(layer, *pieces)

    assert broken.reason == f"HTTP without an end of its headers in {MOST_HEAD} bytes"
    assert (broken.failure, broken.garbage) == (Failure.TCP_CONNECT, True)


def test_a_head_that_ends_too_late() -> None:
    asks = request(X="x" * 8000, Y="y" * 8000, Z="z" * 8000)

    assert broken_by(our_server(), asks).reason == f"HTTP without an end of its headers in {MOST_HEAD} bytes"


@pytest.mark.parametrize("asks", [request(X="x" * 9000), request(**{f"X{n}": "" for n in range(300)})])
def test_a_line_or_a_number_of_lines_that_the_library_refuses(asks: bytes) -> None:
    assert broken_by(our_server(), asks).reason.startswith("no request of HTTP: ")


@pytest.mark.parametrize("layer", [asking, our_server])
def test_a_peer_that_leaves_in_the_handshake(layer) -> None:
    with pytest.raises(StreamBroken, match=r"^closed by the peer in the handshake of WebSocket$") as caught:
        layer().ended()

    assert caught.value.failure is Failure.TCP_CONNECT


def test_a_slow_head_costs_no_more_than_its_bytes() -> None:
    def one_by_one(size: int) -> None:
        asks = request(**{f"X{n}": "y" * 90 for n in range(size // 100)})
        server = our_server()
        for at in range(len(asks)):
            server.receive(asks[at : at + 1])
        assert server.is_ready

    assert grows_linearly(one_by_one, 1000)


def test_a_first_line_that_never_ends_is_looked_at_once() -> None:
    def one_by_one(size: int) -> None:
        for line in (b"GET /" + b"x" * size, b"G" * size):
            server = our_server()
            for byte in line:
                server.receive(bytes([byte]))

    assert grows_linearly(one_by_one, 1900)


# --- anything at all --------------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=60), max_size=8), st.sampled_from([b"", b"GET / HTTP/1.1\r\n", request()[:-2]]))
def test_any_bytes_end_in_one_clear_line_at_a_server(pieces: list[bytes], begin: bytes) -> None:
    _, broken = taken(our_server(), [begin, *pieces] if begin else pieces)

    assert broken is None or (broken.reason and "\n" not in broken.reason)


@given(
    st.lists(st.binary(max_size=60), max_size=8),
    st.sampled_from([b"", b"HTTP/1.1 101 Ok\r\n", b"HTTP/1.1 302 Found\r\nLocation:"]),
)
def test_any_bytes_end_in_one_clear_line_at_a_client(pieces: list[bytes], begin: bytes) -> None:
    _, broken = taken(asking(), [begin, *pieces] if begin else pieces)

    assert broken is None or (broken.reason and "\n" not in broken.reason)
