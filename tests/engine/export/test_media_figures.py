# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of a call's media have their units in their names, and none is left without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.export.media_figures import NAMES, figures_of
from engine.messages import Outcome
from tests.engine.run.runs import engine_with_server, start


def test_each_kind_has_its_own() -> None:
    media = {"audio_packets": 150.0, "audio_loss": 0.0012345, "video_gap": 24.6955881, "video_new_figure": 1.0}
    assert figures_of(media) == {
        "audio": {"packets_received": 150, "loss_percent": 0.123},
        "video": {"longest_gap_ms": 24.696, "new_figure": 1.0},
    }


@pytest.mark.alone
async def test_all_that_is_measured_of_a_call_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    async with engine_with_server() as (bus, _):
        there = {"local_ip": "127.0.0.1", "local_port": 0}
        server = await start(bus, scenario_name="stream_uas", **there)
        remote = f"127.0.0.1:{server.port}"
        run = await start(bus, scenario_name="stream_uac", remote=remote, max_calls=1, call_records=str(path), **there)
        assert (await run.finish()).outcome is Outcome.PASSED
    (audio,) = [json.loads(line)["media"]["audio"] for line in path.read_bytes().splitlines()]
    assert set(audio) == {told for told, _ in NAMES.values()}
    assert audio["packets_received"] == audio["packets_expected"] == 150
    assert (audio["packets_lost"], audio["loss_percent"]) == (0, 0)
