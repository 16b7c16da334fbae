# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest

from engine.media.echo_check import ON_THE_WAY, EchoCheck, payloads_of
from engine.media.track import Track, even_track

SPOKEN = bytes(range(160)) + bytes(160) + bytes([7]) * 80
TRACK = even_track(SPOKEN, 160, 20, clock_rate=8000, payload_type=0, codec="PCMU")


def hears(check: EchoCheck, *payloads: bytes, times: int = 1) -> None:
    for number in range(times):
        for payload in payloads:
            check.heard(None, 0, payload, number, 160 * number, 0)


def test_what_comes_is_one_of_the_payloads_that_were_sent() -> None:
    check = EchoCheck(payloads_of)
    check.plays(TRACK)
    hears(check, SPOKEN[:160], bytes(160), bytes([7]) * 80, bytes([8]) * 160)
    assert (check.same, check.other) == (3, 1)
    check.plays(even_track(bytes([8]) * 160, 160, 20, clock_rate=8000, payload_type=0, codec="PCMU"))
    hears(check, bytes([8]) * 160, SPOKEN[:160])
    assert (check.same, check.other) == (5, 1)


def test_of_a_capture_the_headers_may_be_others() -> None:
    datagrams = bytes(12) + b"first" + bytes(12) + b"second"
    track = Track(datagrams, [0, 17], [17, 18], [0, 20], [0, 0], [0, 0], period_ns=40, period_ticks=0, whole=True)
    check = EchoCheck(payloads_of)
    check.plays(track)
    hears(check, b"second", b"first", b"third")
    assert (check.same, check.other) == (2, 1)


def test_digits_need_not_come_back() -> None:
    check = EchoCheck(payloads_of)
    check.plays(even_track(b"right", 5, 20, clock_rate=8000, payload_type=0, codec="PCMU"))
    hears(check, b"right", times=50)
    assert check.broken_by(100, 0.1)
    check.excused = 40
    assert not check.broken_by(100, 0.1)


@pytest.mark.parametrize(
    ("sent", "same", "other", "tolerance", "reason"),
    [
        (0, 0, 0, 0.0, ""),
        (100, 100, 0, 0.0, ""),
        (100, 100 - ON_THE_WAY, 0, 0.0, ""),
        (100, 81, 0, 0.1, ""),
        (100, 80, 0, 0.1, "10 of 90 packets did not come back as they were sent, at most 0.1 of them may"),
        (100, 90, 20, 0.1, "20 of 110 packets"),
        (100, 0, 0, 0.5, "100 of 100 packets"),
        (5, 0, 0, 0.99, "5 of 5 packets"),
        (100, 50, 0, 1.0, ""),
    ],
)
def test_how_much_may_be_lost(sent: int, same: int, other: int, tolerance: float, reason: str) -> None:
    check = EchoCheck(payloads_of)
    check.plays(even_track(b"right", 5, 20, clock_rate=8000, payload_type=0, codec="PCMU"))
    hears(check, b"right", times=same)
    hears(check, b"wrong", times=other)
    found = check.broken_by(sent, tolerance)
    assert found.startswith(reason)
    assert bool(found) == bool(reason)
