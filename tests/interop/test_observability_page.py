# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command lines of docs/observability.md do what the page says, and its tables have all that there is."""

from __future__ import annotations

import json
import re

import msgspec

from engine.export.call_records import SCHEMA, CallRecord
from engine.export.results import CANCELLED, RESULTS
from tests.interop.pages import blocks_of, page, run_block
from tests.programs import Programs

PAGE = page("observability.md")


def section_of(title: str) -> str:
    """The section of the page with this title."""
    begin = PAGE.index(f"## {title}\n")
    return PAGE[begin : PAGE.find("\n## ", begin)]


def test_the_call_records_of_the_example_are_those_of_its_calls(programs: Programs, shell: dict[str, str]) -> None:
    (block,) = blocks_of(section_of("Call records"))
    run_block(programs, shell, block)
    lines = [json.loads(line) for line in (programs.folder / "calls.jsonl").read_text().splitlines()]
    assert sorted(line["call_number"] for line in lines) == list(range(1, 21))
    assert {line["result"] for line in lines} == {"success"}


def test_the_page_has_every_field_of_a_call_record() -> None:
    section = section_of("Call records")
    rows = re.findall(r"^\| (`.+?) \| .+ \|$", section, re.M)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert named[: len(CallRecord.__struct_fields__)] == list(CallRecord.__struct_fields__)
    assert f"`{SCHEMA}`" in section
    assert [result for result in (*RESULTS.values(), CANCELLED) if f"`{result}`" not in section] == []
    assert msgspec.structs.fields(CallRecord)[0].default == SCHEMA


def test_followed_calls_stand_in_the_final_text(programs: Programs, shell: dict[str, str]) -> None:
    section = section_of("Followed calls")
    (block,) = blocks_of(section)
    (said,) = run_block(programs, shell, block)
    assert re.findall(r"^Call ([0-9]+) to 127.0.0.1 port [0-9]+ · .* · followed: every 100$", said, re.M) == ["100", "200"]
    shown = re.search(r"```text\n(Call 100 .*?)```", section, re.S)
    assert shown
    steps = re.compile(r"[▶◀] step [0-9] +(?:SIP/2.0 )?([A-Z]+|[0-9]+) ")
    assert steps.findall(shown[1]) == steps.findall(said)[:6] == ["INVITE", "180", "200", "ACK", "BYE", "200"]
