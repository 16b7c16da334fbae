# SPDX-License-Identifier: AGPL-3.0-or-later
"""The names of files are those that SIPp 3.6.1 gives."""

from __future__ import annotations

import pytest

from engine.report.names import TraceFile, default_name


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        ("uac", "uac_42_.csv"),
        ("register.xml", "register_42_.csv"),
        ("../some folder/register.xml", "register_42_.csv"),
        ("a.b.scenario", "a.b.scenario_42_.csv"),
    ],
)
def test_statistics_file(scenario: str, name: str) -> None:
    assert default_name(TraceFile.STATISTICS, scenario, 42) == name


def test_message_log() -> None:
    assert default_name(TraceFile.MESSAGES, "uas", 7) == "uas_7_messages.log"
