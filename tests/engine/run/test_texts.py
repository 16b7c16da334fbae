# SPDX-License-Identifier: AGPL-3.0-or-later
"""Arguments that are no UTF-8 stop a run only where they would have to be told to another process, and then in one line."""

from __future__ import annotations

from typing import Any

import pytest

from engine import open_engine
from engine.errors import OptionError
from engine.messages import StartRun
from engine.options import RunConfig
from engine.run.texts import check_told_texts
from tests.engine.run.runs import call, engine_with_server

LATIN_1 = "a\udcff"
OTHERS: list[dict[str, Any]] = [
    {"workers": 2},
    {"events_file": "events.jsonl"},
    {"call_records": "calls.jsonl"},
    {"hep_address": "127.0.0.1:9"},
]


@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize(
    ("flag", "texts"),
    [("-key", {"keywords": (("name", LATIN_1),)}), ("-ap", {"auth_password": LATIN_1}), ("-inf", {"data_files": (LATIN_1,)})],
)
def test_what_cannot_be_told_is_refused(flag: str, texts: dict[str, Any], others: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="no UTF-8") as error:
        check_told_texts(RunConfig(**texts, **others), None)
    assert error.value.option == flag
    assert str(error.value).isascii()


@pytest.mark.parametrize("others", OTHERS)
def test_any_text_that_can_be_told_is_taken(others: dict[str, Any]) -> None:
    check_told_texts(RunConfig(keywords=(("name", "ü€"),), **others), None)


async def test_a_run_of_one_process_sends_what_it_was_given() -> None:
    async with engine_with_server() as (bus, server):
        run = await call(bus, server.port, max_calls=1, keywords=(("name", LATIN_1),))
        assert (await run.finish()).counters.successful == 1


async def test_under_the_application_a_run_has_another_process() -> None:
    async with open_engine(in_process=False) as bus:
        with pytest.raises(OptionError, match="no UTF-8"):
            await bus.call(StartRun(config=RunConfig(remote="127.0.0.1:9", keywords=(("name", LATIN_1),))))
