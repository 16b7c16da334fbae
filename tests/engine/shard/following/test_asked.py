# SPDX-License-Identifier: AGPL-3.0-or-later
"""What -follow says, and what files of followed calls ask for."""

from __future__ import annotations

import pytest

from engine.errors import OptionError
from engine.options import RunConfig
from engine.shard.following.asked import asked_by
from engine.shard.protocol import Follow


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, Follow()),
        ({"follow": ("every=100",)}, Follow(every=100)),
        ({"follow": ("failed", "text=alice", "text=a=b c")}, Follow(failed=True, texts=("alice", "a=b c"))),
        ({"follow": ("next=3",)}, Follow(next=3)),
        ({"trace_call_debug": True}, Follow(failed=True)),
        ({"trace_pcap": "a.pcapng"}, Follow(every=1)),
        ({"trace_pcap": "a.pcapng", "follow": ("failed",)}, Follow(failed=True)),
        ({"hep_address": "homer", "hep_what": "all"}, Follow()),
        ({"hep_address": "homer", "hep_what": "failed"}, Follow(failed=True)),
        ({"hep_address": "homer", "hep_what": "failed", "follow": ("every=5",)}, Follow(every=5, failed=True)),
        ({"hep_address": "homer", "hep_what": "followed"}, Follow(every=1)),
        ({"hep_address": "homer", "hep_what": "followed", "follow": ("every=5",)}, Follow(every=5)),
        ({"hep_what": "failed"}, Follow()),
    ],
)
def test_what_is_asked(options: dict[str, object], asked: Follow) -> None:
    assert asked_by(RunConfig(**options)) == asked  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("all", "write every=N, failed, text=…, or next=N"),
        ("every", "write every=N, a whole number from 1 on"),
        ("every=0", "write every=N, a whole number from 1 on"),
        ("every=-3", "write every=N"),
        ("every=٣", "write every=N"),
        ("next=" + "9" * 5000, "write next=N"),
        ("failed=yes", "failed takes no value"),
        ("text=", "write text=WHAT A MESSAGE HOLDS"),
        ("", "write every=N, failed"),
    ],
)
def test_what_makes_no_sense(word: str, hint: str) -> None:
    with pytest.raises(OptionError, match="-follow") as error:
        asked_by(RunConfig(follow=(word,)))
    assert hint in str(error.value)
