# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who begins the handshake of DTLS."""

from __future__ import annotations

import pytest

from engine.media.srtp.setup import answer_to, is_client


@pytest.mark.parametrize(
    ("offer", "answer"), [("actpass", "active"), ("passive", "active"), ("active", "passive"), ("", "passive")]
)
def test_answers(offer: str, answer: str) -> None:
    assert answer_to(offer) == answer
    assert is_client(answer, offer or "active") is (answer == "active")
    assert is_client(offer, answer) is (answer != "active")


def test_the_case_does_not_matter() -> None:
    assert answer_to("ActPass") == "active"
    assert is_client("ACTIVE", "Passive")


@pytest.mark.parametrize(
    ("ours", "theirs", "client"), [("active", "", True), ("passive", "", False), ("active", "actpass", True)]
)
def test_what_is_missing_or_left_open_is_the_other(ours: str, theirs: str, client: bool) -> None:
    assert is_client(ours, theirs) is client


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("active", "active"), ("passive", "passive"), ("actpass", "actpass"), ("actpass", ""), ("holdconn", "active")],
)
def test_nobody_or_both_is_told(ours: str, theirs: str) -> None:
    with pytest.raises(ValueError, match="do not say who begins DTLS"):
        is_client(ours, theirs)


def test_holdconn_cannot_be_answered() -> None:
    with pytest.raises(ValueError, match="a=setup:holdconn cannot be answered"):
        answer_to("holdconn")
