# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/language.md has an entry for every word of the language, and its examples do what it says."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from engine.media.srtp.suites import SUITES
from engine.scenario import actions, keywords
from engine.scenario.attributes import COMMANDS_LATER, COMMON, DEFAULT_MESSAGES, OF_ELEMENT
from engine.scenario.data_files.heading import OrderName
from engine.scenario.describe import describe
from engine.scenario.distributions import DISTRIBUTIONS, PARAMETERS, SHORT_FORMS
from engine.scenario.program import RunAborted, SendStep
from engine.scenario.values import text_of
from engine.scenario.variables import Value
from engine.sip.authentication import Authentication
from engine.sip.message import Message
from tests.compatibility.language import Entry, read_entries, received_message
from tests.engine.scenario.helpers import OPTIONS, Call, data_file, problems_of, program_of, scenario_bytes
from tests.engine.scenario.told_media import ToldMedia
from tests.engine.sip.stir.keys import RFC_8225_PRIVATE, RFC_8225_PUBLIC

ENTRIES = read_entries()
NOT_YET = "*(not yet)*"
REFUSAL = " is not built yet"
VARIABLES: dict[str, Value] = {"n": 5.0, "text": b"  a b ", "name": b"joe", "yes": True}
USERS = "SEQUENTIAL\nalice;secret\nbob;hidden\n"


def section(title: str) -> list[Entry]:
    return [entry for entry in ENTRIES if entry.section == title]


# --- names ---------------------------------------------------------------------------------------------------------------

_PATTERNS = {"[last_NAME:]": "last_", "[fieldN]": "field", "[$NAME]": "$"}
_SUITES = "|".join(suite.keyword for suite in SUITES)
_CRYPTO = re.compile(rf"(cryptotag|cryptokeyparams|cryptosuite|ue)({_SUITES})?[12](audio|video)")


def _family(name: str) -> str:
    """The entry of a keyword: those for `a=crypto` share a few."""
    found = _CRYPTO.fullmatch(name)
    return f"{found[1]}{'SUITE' if found[2] else ''}NKIND" if found else name


_OF_SOME = {
    f"{element} {name}"
    for element, table in OF_ELEMENT.items()
    if element != "timewait"
    for name in table.keys() - COMMON.keys() - (PARAMETERS | SHORT_FORMS if element == "pause" else set())
}
NAMES = {
    "What a scenario consists of": set(OF_ELEMENT),
    "Attributes of every command": set(COMMON),
    "Attributes of some commands": _OF_SOME,
    "Distributions": set(DISTRIBUTIONS),
    "Keywords": {_family(name) for name in keywords.KEYWORDS},
    "Actions": actions.ACTIONS.keys(),
    "Data files": {*OrderName, "PRINTF", "PRINTFMULTIPLE", "PRINTFOFFSET"},
}


@pytest.mark.parametrize("title", NAMES)
def test_every_name_has_its_entry_and_no_entry_is_unknown(title: str) -> None:
    found = [_PATTERNS.get(entry.name, entry.name.strip("[]")) for entry in section(title)]
    assert sorted(found) == sorted(NAMES[title])


def test_every_section_is_one_of_these() -> None:
    assert {entry.section for entry in ENTRIES} == NAMES.keys()


def mentioned(name: str, entry: Entry) -> bool:
    return re.search(rf"\b{name}\b", entry.text + "\n".join(entry.example)) is not None


def test_every_attribute_of_an_action_is_told() -> None:
    for entry in section("Actions"):
        kind = actions.ACTIONS.get(entry.name)
        wanted = kind.attributes - (PARAMETERS - {"value"}) if kind else frozenset()
        assert [name for name in sorted(wanted) if not mentioned(name, entry)] == [], entry.name


def test_every_parameter_of_a_distribution_is_told() -> None:
    for entry in section("Distributions"):
        parameters = [parameter.name for parameter in DISTRIBUTIONS[entry.name].parameters]
        assert [name for name in parameters if f"`{name}`" not in entry.text] == [], entry.name


def test_every_default_message_is_told() -> None:
    entry = next(entry for entry in ENTRIES if entry.name == "DefaultMessage")
    assert [name for name in DEFAULT_MESSAGES if f"`{name}`" not in entry.text] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_says_what_it_is_with_an_example_of_two_lines(entry: Entry) -> None:
    assert entry.text.strip()
    assert len(entry.example) >= 1
    assert len(entry.example) + len(entry.results) >= 2


def test_what_is_not_built_is_marked() -> None:
    for entry in ENTRIES:
        refused = entry.name.strip("[]").partition(" ")[0] in COMMANDS_LATER
        assert (NOT_YET in entry.text) == refused, entry.name


# --- examples ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The run that the page speaks of."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "body.sdp").write_bytes(b"v=0\r\n")
    (tmp_path / "key.pem").write_bytes(RFC_8225_PRIVATE)
    (tmp_path / "public.pem").write_bytes(RFC_8225_PUBLIC)
    return {
        "wall_clock": lambda: 1795377600.25,
        "tick_ns": lambda: 5_250_000_000,
        "started_ns": 1_000_000_000,
        "tdm_map": "{0-3}{99}{5-8}{1-31}",
        "data_files": {"users.csv": data_file(USERS, indexed_field=0)},
    }


class TellingCall(Call):
    """A call that says in the words of the page what its actions do."""

    def log(self, text: str) -> None:
        self.logs.append(f"logs {text}")

    def log_event(self, text: str, level: str, name: str, attributes: tuple[tuple[str, str], ...]) -> None:
        said = ", ".join(f"{each}={value}" for each, value in attributes)
        self.logs.append(f"logs {text} as {level} {name}: {said}")

    def warn(self, text: str) -> None:
        self.logs.append(f"warns {text}")

    def execute(self, command: bytes, label: str) -> None:
        self.logs.append(f"runs {command.decode()}")

    def set_destination(self, host: str, port: str, protocol: str) -> None:
        self.logs.append(f"sends to {host} port {port} by {protocol}")

    def close_connection(self) -> None:
        self.logs.append("closes the connection")

    def jump_to(self, index: int) -> None:
        self.logs.append(f"jumps to {index}")

    def restore_pause(self, until_ms: float) -> None:
        self.logs.append(f"takes up a pause to {until_ms:g}")


def call_of(names: tuple[str, ...]) -> TellingCall:
    """The call that the page speaks of; it has variables with these names."""
    received = Message(received_message().encode())
    return TellingCall(
        last=received,
        message=received.data,
        peer_tag=b";tag=b1",
        routes=b"Route: <sip:proxy.example;lr>",
        next_url=b"sip:bob@127.0.0.1:5070",
        media=ToldMedia(digits_come=b"1234#"),
        authentication=Authentication(401, [b'Digest realm="r", nonce="n"']),
        variables=[VARIABLES.get(name) for name in names],
    )


def with_variables(example: str) -> str:
    """What declares the variables of an example, and names those that the page speaks of."""
    named = re.findall(r'(?:assign_to|variable2?)="([\w,]+)"', example)
    names = {name for names in named for name in names.split(",")} | VARIABLES.keys()
    text = "".join(f"[${name}]" for name in VARIABLES)
    return f'<Reference variables="{",".join(sorted(names))}"/><nop><action><log message="{text}"/></action></nop>'


def refusals(body: str) -> list[str]:
    """What a scenario with this body is refused for, or warned of because it is ignored."""
    return [problem for problem in problems_of(body) if ": warning: " not in problem or "ignored" in problem]


def is_refused(entry: Entry) -> bool:
    return any(result.endswith(REFUSAL) for result in entry.results)


def assert_refused(entry: Entry, body: str) -> None:
    found = refusals(body)
    assert len(found) == 1
    assert entry.results[0] in found[0]


STEPS = [entry for title in list(NAMES)[:4] for entry in section(title)]


@pytest.mark.parametrize("entry", STEPS, ids=lambda entry: entry.name)
def test_commands_and_attributes(entry: Entry) -> None:
    example = "\n".join(entry.example)
    if is_refused(entry):
        assert_refused(entry, OPTIONS + example)
        return
    if example.startswith("<scenario"):
        data = example.replace("</scenario>", OPTIONS + "</scenario>").encode()
        assert problems_of(data) == []
        return
    assert refusals(OPTIONS + example) == []
    if entry.results:
        steps = describe("s.xml", scenario_bytes(OPTIONS + example)).steps
        assert [steps[-1].label] == entry.results


@pytest.mark.parametrize("entry", section("Keywords"), ids=lambda entry: entry.name)
def test_keywords(entry: Entry, facts: dict[str, Any]) -> None:
    example = "\n".join(entry.example)
    body = f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nCall-ID: 1\n{example}\n]]></send>" + with_variables("")
    if is_refused(entry):
        assert_refused(entry, body)
        return
    program = program_of(body, **facts)
    step = program.steps[0]
    assert isinstance(step, SendStep)
    lines = step.render(call_of(program.variables)).decode("latin-1").split("\r\n")
    assert entry.results
    for line, result in zip(lines[2 : 2 + len(entry.results)], entry.results, strict=True):
        assert re.fullmatch(re.escape(result).replace("…", ".*"), line), line


@pytest.mark.parametrize("entry", section("Actions"), ids=lambda entry: entry.name)
def test_actions(entry: Entry, facts: dict[str, Any]) -> None:
    example = "\n".join(entry.example)
    body = f'{OPTIONS}<recv response="200"><action>{example}</action></recv>' + with_variables(example)
    if is_refused(entry):
        assert_refused(entry, body)
        return
    program = program_of(body, **facts)
    call = call_of(program.variables)
    call.step_index = 1
    outcome = do(call, program.steps[1].actions)
    values = dict(zip(program.variables, call.variables, strict=True))
    assert call.failures == []
    assert entry.results
    for result in entry.results:
        name, _, expected = result.partition(": ")
        if name.startswith("$"):
            assert text_of(values[name[1:]]).decode("latin-1") == expected
        else:
            assert result in outcome
    told = [line for line in entry.results if not line.startswith("$")]
    assert told in ([], outcome)


def do(call: Call, acts: Any) -> list[str]:
    """Do actions; what comes of them, in the words of the page, a line each."""
    try:
        for act in acts:
            act(call)
    except RunAborted as aborted:
        return [f"ends the run: {aborted}"]
    return [*call.logs, *call.media.told]


@pytest.mark.parametrize("entry", section("Data files"), ids=lambda entry: entry.name)
def test_data_files(entry: Entry) -> None:
    text = "\n".join(entry.example) + "\n"
    assert entry.results
    for result in entry.results:
        who, _, expected = result.partition(": ")
        kind, _, number = who.partition(" ")
        call = Call(number=int(number)) if kind == "call" else Call(number=9, user=int(number))
        fields = ";".join(f"[field{index}]" for index in range(expected.count(";") + 1))
        body = f"<send><![CDATA[OPTIONS sip:x SIP/2.0\nX: {fields}\n\n]]></send>"
        step = program_of(body, users=2, data_files={"a.csv": data_file(text)}).steps[0]
        assert isinstance(step, SendStep)
        assert step.render(call).decode().split("\r\n")[1] == f"X: {expected}"
