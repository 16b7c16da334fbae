# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls through a real proxy that stays in the dialog, with either side ours or SIPp's; and a real registrar's challenge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Kamailio
from tests.interop.sides import LOOPBACK, Ours, Sipp, at
from tests.interop.test_pairs import CALLS, LOAD, file_of
from tests.programs import Programs

HOST = LOOPBACK[4]
UAC, UAS = "record_route_uac", "record_route_uas"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """A proxy for all tests here."""
    started = Programs(tmp_path_factory.mktemp("kamailio"))
    yield Kamailio(started)
    started.end()


@pytest.fixture
def callers(tmp_path: Path) -> Iterator[Programs]:
    """Programs in a second folder: each side leaves files there."""
    folder = tmp_path / "caller"
    folder.mkdir()
    started = Programs(folder)
    yield started
    started.end()


def successes(side: Ours | Sipp) -> tuple[int, int]:
    """How many of a side's calls went well, and how many did not."""
    if isinstance(side, Ours):
        counters = side.summary().counters
        return counters.successful, counters.failed
    totals = side.totals()
    return int(totals["SuccessfulCall(C)"]), int(totals["FailedCall(C)"])


@pytest.mark.parametrize(("caller_kind", "callee_kind"), [(Ours, Ours), (Ours, Sipp), (Sipp, Ours)])
def test_dialogs_stay_on_the_proxy(
    proxy: Kamailio,
    programs: Programs,
    callers: Programs,
    caller_kind: type[Ours | Sipp],
    callee_kind: type[Ours | Sipp],
) -> None:
    caller, callee = caller_kind(callers), callee_kind(programs)
    server = callee.start(*file_of(UAS), "-m", str(CALLS))
    server.wait_bound(callee.port)
    mine = f"@{caller.port}.example"
    through = (*LOAD, "-s", str(callee.port), "-cid_str", f"%u{mine}", at(HOST, proxy.port))
    client = caller.start(*file_of(UAC), *through)
    assert (client.wait(), server.wait()) == (0, 0), client.output + server.output + proxy.program.output
    assert successes(caller) == successes(callee) == (CALLS, 0)
    # The INVITE of the hold and the two ACKs come from the caller, the BYE from the callee.
    assert proxy.relayed(mine) == {
        ("begins", "INVITE"): CALLS,
        ("follows", "INVITE"): CALLS,
        ("follows", "ACK"): 2 * CALLS,
        ("follows", "BYE"): CALLS,
    }


@pytest.mark.parametrize("defines", [(), ("SHA256",)], ids=["MD5", "SHA-256"])
def test_a_registrar_lets_us_in(programs: Programs, callers: Programs, defines: tuple[str, ...]) -> None:
    registrar, phone = Kamailio(programs, *defines), Ours(callers)
    program = phone.start("-sn", "register_auth_uac", *LOAD, at(HOST, registrar.port))
    assert program.wait() == 0, program.output
    counters = phone.summary().counters
    assert (counters.successful, counters.failed) == (CALLS, 0)


def test_a_registrar_keeps_out_who_does_not_know_the_password(proxy: Kamailio, callers: Programs) -> None:
    phone = Ours(callers)
    program = phone.start("-sn", "register_auth_uac", "-m", "3", "-ap", "wrong", at(HOST, proxy.port))
    assert program.wait() == 1, program.output
    counters = phone.summary().counters
    assert (counters.failed, set(counters.reasons)) == (3, {"unexpected 401 in step 5 (200)"})
