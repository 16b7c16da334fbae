# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls through a real proxy by TCP and TLS, both ways, and what it and we say when one of us is not to be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.messages import Failure
from tests.certificates import Lab
from tests.interop.kamailio import Kamailio
from tests.interop.sides import LOOPBACK, Ours, at
from tests.programs import Programs, missing

HOST = LOOPBACK[4]
CALLS = 20
LOAD = ("-m", str(CALLS), "-r", "50")


class Proxies:
    """The proxies of these tests, each started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.lab = Lab(folder / "lab")
        self._folder = folder
        self._started: list[Programs] = []
        self._running: dict[tuple[str, ...], Kamailio] = {}

    def get(self, listens: str, callee: str, *more: str) -> Kamailio:
        """One that listens over a protocol and calls over another."""
        key = (listens, callee, *more)
        if key not in self._running:
            folder = self._folder / "-".join(key)
            folder.mkdir()
            self._started.append(Programs(folder))
            files = {"CERTIFICATE": "server.pem", "KEY": "server.key", "CA": "ca.pem"}
            defines = [f'{name}="{self.lab[file]}"' for name, file in files.items()]
            defines += [f'CALLEE="{callee}"', *more]
            ports = (listens,) if listens == callee else (listens, callee)
            self._running[key] = Kamailio(self._started[-1], *defines, configuration="kamailio_tls.cfg", listens=ports)
        return self._running[key]

    def end(self) -> None:
        """End them."""
        for programs in self._started:
            programs.end()


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    if not any(Path("/usr/lib").glob("*/kamailio/modules/tls.so")):
        missing("kamailio's module tls")
    started = Proxies(tmp_path_factory.mktemp("kamailio"))
    yield started
    started.end()


@pytest.fixture
def callers(tmp_path: Path) -> Iterator[Programs]:
    """Programs in a second folder: each side leaves files there."""
    folder = tmp_path / "caller"
    folder.mkdir()
    started = Programs(folder)
    yield started
    started.end()


@pytest.mark.parametrize(
    ("listens", "caller_over", "callee_over"),
    [
        ("tls", "l1", "udp"),
        ("tls", "ln", "udp"),
        ("tls", "l1", "tls"),
        ("tls", "ln", "tls"),
        ("tcp", "t1", "tcp"),
        ("tcp", "tn", "tcp"),
    ],
)
def test_dialogs_stay_on_the_proxy_and_the_callee_hangs_up(
    proxies: Proxies, programs: Programs, callers: Programs, listens: str, caller_over: str, callee_over: str
) -> None:
    proxy, lab = proxies.get(listens, callee_over), proxies.lab
    caller, callee = Ours(callers), Ours(programs)
    over = {"udp": ("-t", "u1"), "tcp": ("-t", "t1"), "tls": ("-t", "l1", *shows(lab, "server"))}[callee_over]
    server = callee.start("-sn", "record_route_uas", "-m", str(CALLS), *over)
    server.wait_bound(callee.port)
    mine = f"@{caller.port}.example"
    trust = ("-tls_ca", lab["ca.pem"]) if listens == "tls" else ()
    through = ("-s", str(callee.port), "-cid_str", f"%u{mine}", "-t", caller_over, *trust, at(HOST, proxy.port))
    client = caller.start("-sn", "record_route_uac", *LOAD, *through)
    assert (client.wait(), server.wait()) == (0, 0), client.output + server.output + proxy.program.output[-3000:]
    for counters in (caller.summary().counters, callee.summary().counters):
        assert (counters.created, counters.successful, counters.failed, counters.open) == (CALLS, CALLS, 0, 0)
    assert proxy.relayed(mine) == {
        ("begins", "INVITE"): CALLS,
        ("follows", "INVITE"): CALLS,
        ("follows", "ACK"): 2 * CALLS,
        ("follows", "BYE"): CALLS,
    }


def shows(lab: Lab, name: str) -> tuple[str, ...]:
    return ("-tls_cert", lab[f"{name}.pem"], "-tls_key", lab[f"{name}.key"])


@pytest.mark.parametrize(
    ("strict", "options", "told"),
    [
        (False, ("-tls_ca", "other-ca.pem"), "the peer's certificate comes from a CA that is not in -tls_ca"),
        (True, (), "the peer asks for a certificate and we have none; give one with -tls_cert and -tls_key"),
        (
            True,
            ("-tls_cert", "other.pem", "-tls_key", "other.key"),
            "the peer refused our certificate: it does not know the CA",
        ),
    ],
    ids=["wrong CA", "certificate missing", "certificate of another CA"],
)
def test_who_is_not_trusted_makes_no_call(
    proxies: Proxies, programs: Programs, strict: bool, options: tuple[str, ...], told: str
) -> None:
    proxy = proxies.get("tls", "udp", *(["STRICT"] if strict else []))
    files = [proxies.lab[word] if "." in word else word for word in options]
    caller = Ours(programs)
    client = caller.start("-sn", "uac", "-m", "3", "-t", "ln", *files, at(HOST, proxy.port))
    assert client.wait() == 1, client.output
    counters = caller.summary().counters
    assert (counters.created, counters.failed) == (3, 3)
    assert counters.failures == {Failure.TCP_CONNECT: 3}
    (reason,) = counters.reasons
    assert told in reason
    shared = Ours(programs).start("-sn", "uac", "-m", "1", "-t", "l1", *files, at(HOST, proxy.port))
    assert shared.wait() == 255
    assert told in shared.output


def test_a_proxy_that_asks_for_a_certificate_takes_ours(proxies: Proxies, programs: Programs, callers: Programs) -> None:
    proxy, lab = proxies.get("tls", "udp", "STRICT"), proxies.lab
    caller, callee = Ours(callers), Ours(programs)
    server = callee.start("-sn", "record_route_uas", "-m", "3")
    server.wait_bound(callee.port)
    trust = ("-tls_ca", lab["ca.pem"], *shows(lab, "client"))
    client = caller.start(
        "-sn", "record_route_uac", "-m", "3", "-s", str(callee.port), "-t", "ln", *trust, at(HOST, proxy.port)
    )
    assert (client.wait(), server.wait()) == (0, 0), client.output
    assert caller.summary().counters.successful == 3
