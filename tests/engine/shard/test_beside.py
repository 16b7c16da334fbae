# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import threading
from functools import partial

from engine.shard.beside import Beside

LIMIT_S = 10.0


def test_work_is_done_in_order_by_another_thread() -> None:
    beside, done, threads = Beside(), list[int](), set[int]()
    for number in range(50):
        beside.run(partial(done.append, number))
        beside.run(lambda: threads.add(threading.get_ident()))
    over = threading.Event()
    beside.run(over.set)
    assert over.wait(LIMIT_S)
    assert done == list(range(50))
    assert threading.get_ident() not in threads


def hold(gate: threading.Event) -> None:
    gate.wait(LIMIT_S)


def test_it_waits_for_nothing_and_begins_again() -> None:
    beside, gate, first, second = Beside(), threading.Event(), threading.Event(), threading.Event()
    beside.run(lambda: hold(gate))
    beside.run(first.set)
    assert not first.is_set()
    gate.set()
    assert first.wait(LIMIT_S)
    beside.run(second.set)
    assert second.wait(LIMIT_S)
