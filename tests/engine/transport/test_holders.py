# SPDX-License-Identifier: AGPL-3.0-or-later
"""A port that cannot be had: which, and who has it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine.errors import BindError
from engine.transport.addresses import Addresses
from engine.transport.holders import holder_of, with_holder
from engine.transport.sockets import bind, bind_port, shortage_of
from tests.engine.transport.sides import at, open_side
from tests.own_network import run_in_own_network
from tests.programs import free_port, require

HERE = Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1")
US = f"{Path('/proc/self/comm').read_text().strip()} (process {os.getpid()})"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_has_a_port_is_found(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    port = free_port(host)
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams, socket.socket(family, socket.SOCK_STREAM) as stream:
        datagrams.bind((host, port))
        assert (holder_of("udp", port), holder_of("tcp", port)) == (US, "")
        stream.bind((host, port))
        stream.listen()
        assert holder_of("tcp", port) == US
    assert (holder_of("udp", port), holder_of("tcp", port)) == ("", "")


@pytest.mark.parametrize(("name", "kind"), [("u1", "udp"), ("un", "udp"), ("t1", "tcp"), ("tn", "tcp")])
async def test_a_port_that_is_taken_is_told_with_who_has_it(name: str, kind: str) -> None:
    port = free_port()
    async with open_side(name[0] + "1", at("127.0.0.1", local_port=port)):
        with pytest.raises(BindError) as raised:
            async with open_side(name, at("127.0.0.1", local_port=port)):
                pass
    error = raised.value
    assert str(error).startswith(f"cannot bind to 127.0.0.1 port {port}: Address already in use; choose another with -p")
    assert error.taken_port == port
    assert str(await with_holder(error, kind)) == str(error)
    with bind_port(HERE, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM, port, 0) as sock:
        if kind == "tcp":
            sock.listen()
        assert str(await with_holder(error, kind)) == f"{error}: {US}"


async def test_what_is_no_question_of_ports_is_told_as_it_is() -> None:
    error = BindError("no")
    assert await with_holder(error, "udp") is error


@pytest.mark.alone
def test_without_a_port_the_next_is_taken_and_what_helps_nothing_is_not_tried_again() -> None:
    taken: list[socket.socket] = []
    for _ in range(3):
        taken.append(bind(HERE, socket.SOCK_DGRAM, 0))
    ports = [sock.getsockname()[1] for sock in taken]
    for sock in taken:
        sock.close()
    assert ports == sorted(set(ports))
    assert ports[-1] < 5060 + 60
    with pytest.raises(BindError, match=r"203.0.113.9 port 5060: .*it is no address of this machine; choose one with -i"):
        bind(Addresses(local_ip="203.0.113.9", bind_ip="203.0.113.9"), socket.SOCK_DGRAM, 0)


def test_what_the_kernel_gave_less_of_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        assert shortage_of(sock, 8192) == ""
        assert shortage_of(sock, 10_000).startswith("the kernel gives 8192 bytes for what comes and 16384 for what goes; ")


PRIVILEGED = """
import os, socket, sys
from engine.errors import BindError
from engine.transport.addresses import Addresses
from engine.transport.sockets import bind
WITHOUT = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
if "again" not in os.environ:
    os.environ["again"] = "yes"
    os.execvp(WITHOUT[0], (*WITHOUT, sys.executable, "-c", {code!r}))
try:
    bind(Addresses(local_ip="127.0.0.1", bind_ip="127.0.0.1", local_port=81), socket.SOCK_DGRAM, 0)
except BindError as error:
    print(error)
"""


def test_a_port_that_needs_privileges() -> None:
    require("setpriv")
    told = run_in_own_network(PRIVILEGED.format(code=PRIVILEGED.format(code="")))
    assert told == (
        "cannot bind to 127.0.0.1 port 81: Permission denied; ports below 1024 need privileges; choose another with -p\n"
    )
