# SPDX-License-Identifier: AGPL-3.0-or-later
"""Host names that come up while calls run: looked up beside the loop, kept for a while, never too many at once."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from engine.transport import names as names_module
from engine.transport.names import Names

LIMIT_S = 10


@asynccontextmanager
async def tended(names: Names) -> AsyncIterator[None]:
    """Names that are looked up while the block runs."""
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(names.tend)
            yield
            nursery.cancel_scope.cancel()


async def answer_to(names: Names, host: str) -> tuple[str, str]:
    """Ask for a host and wait."""
    answers: list[tuple[str, str]] = []
    heard = trio.Event()

    def hear(ip: str, reason: str) -> None:
        answers.append((ip, reason))
        heard.set()

    assert names.ask(host, hear)
    await heard.wait()
    return answers[0]


@pytest.mark.parametrize(
    ("family", "host", "expected"),
    [
        (socket.AF_INET, "127.0.0.1", ("127.0.0.1", "")),
        (socket.AF_INET6, "::1", ("::1", "")),
        (socket.AF_INET6, "0:0::0:1", ("::1", "")),
        (socket.AF_INET, "::1", ("", "::1 is no address of the family that this run uses")),
        (socket.AF_INET6, "127.0.0.1", ("", "127.0.0.1 is no address of the family that this run uses")),
        (socket.AF_INET, "localhost", None),
        (socket.AF_INET, "", None),
        (socket.AF_INET, "127.0.0.1.", None),
    ],
)
def test_addresses_need_no_look_up(family: socket.AddressFamily, host: str, expected: tuple[str, str] | None) -> None:
    assert Names(family).known(host) == expected


async def test_a_name_is_looked_up_and_kept() -> None:
    names = Names(socket.AF_INET)
    async with tended(names):
        assert await answer_to(names, "localhost") == ("127.0.0.1", "")
    assert names.known("localhost") == ("127.0.0.1", "")


@pytest.mark.parametrize("host", ["no.such.invalid", "", "a" * 70 + ".invalid", "bad..name", "\u2603" * 80])
async def test_what_is_no_host_has_a_reason_and_harms_nobody(host: str) -> None:
    names = Names(socket.AF_INET)
    async with tended(names):
        ip, reason = await answer_to(names, host)
        assert (ip, bool(reason)) == ("", True)
        assert await answer_to(names, "localhost") == ("127.0.0.1", "")


async def test_all_who_ask_for_a_name_are_answered_by_one_look_up() -> None:
    names = Names(socket.AF_INET)
    answers: list[str] = []
    for _ in range(3):
        assert names.ask("localhost", lambda ip, reason: answers.append(ip))
    async with tended(names):
        assert await answer_to(names, "localhost") == ("127.0.0.1", "")
    assert answers == ["127.0.0.1"] * 3


async def test_only_so_many_wait() -> None:
    names = Names(socket.AF_INET)
    asked = [names.ask(f"host{number}.invalid", lambda ip, reason: None) for number in range(names_module.MOST_WAITING + 1)]
    assert asked.count(False) == 1


async def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "MOST_KEPT", 2)
    names = Names(socket.AF_INET)
    async with tended(names):
        for host in ("localhost", "127.1", "127.2"):
            await answer_to(names, host)
    assert [names.known(host) is None for host in ("localhost", "127.1", "127.2")] == [True, False, False]
