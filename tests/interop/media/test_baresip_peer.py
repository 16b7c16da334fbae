# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests take for granted of `baresip`, shown between two of it: so a failure elsewhere is ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.media.baresip_peer import ACCOUNTS, SPOKEN_DB, SPOKEN_HZ, Baresip
from tests.media_audio import dominant_hz, level_db, loud_part
from tests.programs import Programs

TALK_S = 0.8


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Baresip, Baresip]]:
    programs = Programs(tmp_path_factory.mktemp("baresip"))
    try:
        yield Baresip(programs), Baresip(programs)
    finally:
        programs.end()


@pytest.mark.parametrize("user", ACCOUNTS)
def test_each_hears_the_tone_and_the_digits_of_the_other(pair: tuple[Baresip, Baresip], user: str) -> None:
    caller, callee = pair
    caller.dial(user, callee.address(user))
    for phone in pair:
        phone.expect("CALL_RTPESTAB", user)
    for digit in "5#":
        caller.press(user, digit)
    assert callee.digits(2) == "5#"
    callee.press(user, "0")
    assert caller.digits(1) == "0"
    caller.hang_up(user)
    for phone in pair:
        rate, samples = phone.heard(user)
        part = loud_part(samples, rate)
        assert len(part) > TALK_S * rate / 4
        assert dominant_hz(part, rate) == pytest.approx(SPOKEN_HZ, rel=0.01)
        assert level_db(part) == pytest.approx(SPOKEN_DB, abs=2)
