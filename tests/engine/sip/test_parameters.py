# SPDX-License-Identifier: AGPL-3.0-or-later
"""How the values of headers are parted."""

from __future__ import annotations

import pytest

from engine.sip.parameters import entries


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (b"<sip:a;lr>", [b"<sip:a;lr>"]),
        (b" <sip:a>\t,<sip:b>;x=y , c ", [b"<sip:a>", b"<sip:b>;x=y", b"c"]),
        (b'"a, b" <sip:a>, "c\\", d" <sip:c>', [b'"a, b" <sip:a>', b'"c\\", d" <sip:c>']),
        (b"<sip:a,b@c>,d", [b"<sip:a,b@c>", b"d"]),
        (b'"never ended, <sip:a>', [b'"never ended, <sip:a>']),
        (b"<never ended, b", [b"<never ended, b"]),
        (b'"\\', [b'"\\']),
        (b",, ,a,", [b"a"]),
        (b"", []),
    ],
)
def test_a_list_is_parted_at_its_commas(value: bytes, parts: list[bytes]) -> None:
    assert entries(value) == parts
