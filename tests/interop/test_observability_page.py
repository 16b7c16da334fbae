# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command lines of docs/observability.md do what the page says, and its tables have all that there is."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

import msgspec

from engine.export.call_records import SCHEMA, CallRecord
from engine.export.log_events import LEVELS, LogKind
from engine.export.media_figures import NAMES
from engine.export.results import CANCELLED, RESULTS
from engine.options.values import Group
from tests.interop.pages import blocks_of, flags_not_named, on_free_ports, page, port_of, run_block
from tests.interop.tshark_sip import statistics, wrong
from tests.programs import Programs, require

MOST_TRIES = 30
PAGE = page("observability.md")


def test_the_page_names_every_option_of_its_group() -> None:
    assert flags_not_named(PAGE, {Group.OBSERVABILITY}) == []


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
    assert " ".join(told for told, _ in NAMES.values()) in section
    assert [result for result in (*RESULTS.values(), CANCELLED) if f"`{result}`" not in section] == []
    assert msgspec.structs.fields(CallRecord)[0].default == SCHEMA


def test_the_capture_of_the_example_has_what_the_page_says(programs: Programs, shell: dict[str, str]) -> None:
    section = section_of("A capture")
    (block,) = blocks_of(section)
    (said,) = run_block(programs, shell, block)
    assert "followed:" not in said  # who asks for a file of calls did not ask to read them on the terminal
    path = programs.folder / "calls.pcapng"
    assert statistics(path) == {"INVITE": 100, "180": 100, "200": 200, "ACK": 100, "BYE": 100}
    assert wrong(path) == []
    for command in re.findall(r"^ *(tshark .*)$", section, re.M):
        reading = programs.start("sh", "-c", command)
        assert reading.wait() == 0, reading.output
        assert ("Number of SIP messages: 600" in reading.output) == ("sip,stat" in command)


def test_the_log_of_failed_calls_has_those_of_the_example(programs: Programs, shell: dict[str, str]) -> None:
    section = section_of("SIPp's log of failed calls")
    (command,) = re.findall(r"^(gossipper .*)$", section, re.M)
    assert programs.start("sh", "-c", on_free_ports()(command), environment=shell).wait() == 1
    log = (programs.folder / "failed.log").read_text()
    assert log.count("Call debugging information for call") == 3
    shown = re.search(r"^-{79}\n.*?SIP/2.0\n", section, re.S | re.M)
    assert shown
    forms = [re.escape(line).replace("42", "[0-9]+") for line in re.sub(r"[0-9]+", "42", shown[0]).splitlines()]
    assert all(re.fullmatch(form, line) for form, line in zip(forms, log.replace("\r", "").splitlines(), strict=False))


def test_followed_calls_stand_in_the_final_text(programs: Programs, shell: dict[str, str]) -> None:
    section = section_of("Followed calls")
    (block,) = blocks_of(section)
    (said,) = run_block(programs, shell, block)
    assert re.findall(r"^Call ([0-9]+) to 127.0.0.1 port [0-9]+ · .* · followed: every 100$", said, re.M) == ["100", "200"]
    shown = re.search(r"```text\n(Call 100 .*?)```", section, re.S)
    assert shown
    steps = re.compile(r"[▶◀] step [0-9] +(?:SIP/2.0 )?([A-Z]+|[0-9]+) ")
    assert steps.findall(shown[1]) == steps.findall(said)[:6] == ["INVITE", "180", "200", "ACK", "BYE", "200"]


def test_the_event_log_of_the_example_has_all_that_happened(programs: Programs, shell: dict[str, str]) -> None:
    (block,) = blocks_of(section_of("Event log"))
    run_block(programs, shell, block)
    events = [json.loads(line) for line in (programs.folder / "events.jsonl").read_text().splitlines()]
    assert {event["resource"]["site"] for event in events} == {"lab"}
    kinds = Counter(event["kind"] for event in events)
    # A scenario of 20 calls: INVITE, ACK and BYE go out, 180, 200 and 200 come, of which one in ten is told.
    assert (kinds["call.started"], kinds["sip.send"], kinds["sip.recv"], kinds["call.ended"]) == (20, 60, 6, 20)
    assert (kinds["engine.started"], kinds["engine.stopped"]) == (1, 1)
    assert events[-1]["attributes"]["dropped_logs"] == 0
    rows = rows_of_events()
    for event in events:
        told = rows[event["kind"]][1]
        rest = [name for name in event["attributes"] if name not in told and not name.startswith(("rtd.", "call_"))]
        assert rest == [], event["kind"]


def rows_of_events() -> dict[str, tuple[str, list[str]]]:
    """The level of each kind of event that the page has, and its attributes."""
    found: dict[str, tuple[str, list[str]]] = {}
    of_messages: list[str] = []
    for kind, level, attributes in re.findall(
        r"^\| `([a-z.]+)` \| (\w[\w ]*) \| .+ \| (.+) \|$", section_of("Event log"), re.M
    ):
        names = " ".join(re.findall(r"`(.+?)`", attributes)).split()
        if kind == "sip.send":
            of_messages = names
        found[kind] = level, names + (of_messages if attributes.startswith("the same") else [])
    return found


def test_the_page_has_every_kind_of_event_and_its_level() -> None:
    rows = rows_of_events()
    assert list(rows) == [kind.value for kind in LogKind]
    for kind, level in LEVELS.items():
        assert rows[kind][0] == ("its own" if kind is LogKind.ACTION_LOG else level.value)


def test_the_figures_of_the_example_are_scraped_while_its_calls_go_on(programs: Programs, shell: dict[str, str]) -> None:
    require("curl")
    section = section_of("Metrics")
    (block,) = blocks_of(section)
    shown = re.search(r"```text\n(curl .*)\n((?:gossipper_.* [0-9.]+\n)+)```", section)
    assert shown
    here = on_free_ports()
    serve, call, ask = map(here, (*block, shown[1]))
    programs.start("sh", "-c", serve, environment=shell).wait_bound(port_of(serve))
    calls = programs.start("sh", "-c", call, environment=shell)
    figures = re.compile(r"^(gossipper_\w+\{.*\}) [1-9][0-9.]*$", re.M)
    (figure,) = figures.findall(shown[2])
    for _ in range(MOST_TRIES):
        asking = programs.start("sh", "-c", ask)
        asking.wait()
        if figures.findall(asking.output) == [figure]:
            break
        time.sleep(0.5)
    assert figures.findall(asking.output) == [figure], calls.output
    assert len(asking.output.splitlines()) == len(shown[2].splitlines())
    assert calls.process.poll() is None
