# SPDX-License-Identifier: AGPL-3.0-or-later
"""The message log, byte for byte as SIPp 3.6.1 writes it."""

from __future__ import annotations

import time

import pytest

from engine.report.message_log import format_message, format_messages

WHEN_NS = 1_795_371_510_368_204_999
MESSAGE = b"BYE sip:a@b SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n\xff\x00"


@pytest.fixture
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.usefixtures("_utc")
def test_sent_and_received_as_sipp_writes_them() -> None:
    rule = b"----------------------------------------------- 2026-11-22 18:18:30.368204\n"
    assert format_message(WHEN_NS, "UDP", True, MESSAGE) == rule + b"UDP message sent (38 bytes):\n\n" + MESSAGE + b"\n"
    assert format_message(WHEN_NS, "TCP", False, MESSAGE) == rule + b"TCP message received [38] bytes :\n\n" + MESSAGE + b"\n"


def test_times_as_rfc_3339() -> None:
    first = format_message(WHEN_NS, "UDP", True, MESSAGE, rfc3339=True).split(b"\n")[0]
    assert first.endswith(b"- 2026-11-22T18:18:30.368204Z")


def test_a_batch_is_its_messages_in_order() -> None:
    records = [(WHEN_NS, True, b"first"), (WHEN_NS + 1_000_000_000, False, b"second")]
    assert format_messages(records, "UDP", rfc3339=False) == (
        format_message(WHEN_NS, "UDP", True, b"first") + format_message(WHEN_NS + 1_000_000_000, "UDP", False, b"second")
    )
    assert format_messages([], "UDP", rfc3339=False) == b""
