# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import shlex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.options import FLAGS, OPTIONS, Kind, Option, OptionError, RunConfig
from engine.options.transports import ALIASES, KINDS
from gossipper_tui.cli.arguments import command_line, parse, parse_run
from gossipper_tui.cli.sipp_flags import TUNING_FLAGS, UNBUILT_FLAGS

EVERYTHING = (
    "10.0.0.5:5060 -sf my.xml -r 5.5 -rp 5s -l 10 -m 100 -d 1:30 -lost 10 -aa -t un -i 10.0.0.1 -p 5070 -s alice -timeout 20 "
    "-inf a.csv -inf b.csv -key one 1 -key two -2 -message_overwrite false -trace_msg -nostdin"
)


def test_flags_become_options() -> None:
    assert parse_run(shlex.split(EVERYTHING)) == RunConfig(
        remote="10.0.0.5:5060",
        scenario_file="my.xml",
        rate=5.5,
        rate_period_ms=5000,
        call_limit=10,
        max_calls=100,
        pause_ms=90_000,
        lost=10,
        auto_answer=True,
        transport="un",
        local_ip="10.0.0.1",
        local_port=5070,
        service="alice",
        run_timeout_ms=20_000,
        data_files=("a.csv", "b.csv"),
        keywords=(("one", "1"), ("two", "-2")),
        message_overwrite=False,
        trace_messages=True,
        no_stdin=True,
    )


@given(st.permutations(["10.0.0.5", "-r 5", "-key a b", "-aa", "-sn uac", "-message_overwrite true"]))
def test_flags_and_host_stand_in_any_order(groups: list[str]) -> None:
    words = shlex.split(" ".join(groups))
    assert parse_run(words) == RunConfig(
        remote="10.0.0.5", rate=5.0, keywords=(("a", "b"),), auto_answer=True, scenario_name="uac", message_overwrite=True
    )


@pytest.mark.parametrize("program", ["", "sipp", "gossipper sipp", "/usr/local/bin/sipp", "/opt/bin/gossipper sipp"])
def test_a_pasted_line_may_start_with_its_program(program: str) -> None:
    assert parse_run([*program.split(), "-sn", "uas"]) == RunConfig(scenario_name="uas")


@pytest.mark.parametrize("host", ["[::1]:5060", "::1", "[::1]", "localhost", "sip.example.org:5080"])
def test_hosts(host: str) -> None:
    assert parse_run([host]).remote == host


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-r abc", "-r: 'abc' is not a number"),
        ("-r -5", "-r: -5 is out of range; it must be from 0 to 1000000 calls"),
        ("-r", "-r: its argument is missing"),
        ("-key name", "-key: its argument is missing"),
        ("-m 1.5", "-m: '1.5' is not a whole number"),
        ("-trace_sta", "-trace_sta: unknown flag — did you mean -trace_stat?"),
        ("-tracemsg", "-tracemsg: unknown flag — did you mean -trace_msg?"),
        ("--zzz", "--zzz: unknown flag"),
        ("-bg", "-bg: not built yet; SIPp has this flag, Gossipper will"),
        ("-t c1", f"-t: c1 is compression, which SIPp leaves to a plugin and which is not built; there are {', '.join(KINDS)}"),
        ("-t u2", f"-t: 'u2' is not one of {', '.join(KINDS)}"),
        ("a b", "b: a second host; the first is a"),
        ("-sd uac", "-sd: prints something and ends; no run has it"),
        ("-h", "-h: prints something and ends; no run has it"),
    ],
)
def test_bad_lines_are_refused_in_one_line(line: str, message: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_run(line.split())
    assert str(refused.value) == message


@pytest.mark.parametrize("flag", sorted(UNBUILT_FLAGS))
def test_what_is_not_built_is_refused_by_name(flag: str) -> None:
    with pytest.raises(OptionError, match=f"^{flag}: not built yet"):
        parse_run([flag, "x"])


@pytest.mark.parametrize("name", ["i1", "in", "c1", "cn"])
def test_a_transport_that_is_not_built_is_refused_by_name(name: str) -> None:
    with pytest.raises(OptionError, match=f"^-t: {name} is .* not built; there are u1, "):
        parse_run(["-t", name])


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_of_a_transport_stays_as_it_was_typed(name: str) -> None:
    config = parse_run(["-t", name])
    assert config.transport == name
    assert command_line(config) == f"gossipper sipp -t {name}"


def test_every_flag_of_sipp_is_known(sipp_flags: list[str]) -> None:
    known = {*FLAGS, *TUNING_FLAGS, *UNBUILT_FLAGS, "-sd", "-v", "-h"}
    assert [flag for flag in sipp_flags if flag not in known] == []


def test_tuning_flags_take_their_argument_and_change_nothing() -> None:
    line = parse(["-timer_resol", "10", "host", "-watchdog_reset", "5"])
    assert line.config == RunConfig(remote="host")
    assert line.tuning == ("-timer_resol", "-watchdog_reset")


def test_some_tuning_flags_take_none() -> None:
    line = parse(["-rtpcheck_debug", "host", "-rtp_buffsize", "9000", "-srtpcheck_debug"])
    assert line.config == RunConfig(remote="host")
    assert line.tuning == ("-rtpcheck_debug", "-rtp_buffsize", "-srtpcheck_debug")


def test_actions_are_kept_apart_from_the_run() -> None:
    line = parse(["-sd", "uas", "--version", "--replay", "x.jsonl"], {"--replay": ("--replay", 1)})
    assert line.actions == {"-sd": "uas", "-v": "", "--replay": "x.jsonl"}
    assert line.config == RunConfig()


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (RunConfig(), "gossipper sipp"),
        (RunConfig(remote="10.0.0.5", rate=100.0), "gossipper sipp 10.0.0.5 -r 100"),
        (RunConfig(pause_ms=1500, rate_period_ms=5000), "gossipper sipp -rp 5s -d 1500ms"),
        (RunConfig(scenario_file="my calls.xml", trace_messages=True), "gossipper sipp -sf 'my calls.xml' -trace_msg"),
        (RunConfig(message_overwrite=False), "gossipper sipp -message_overwrite false"),
        (RunConfig(keywords=(("a", "it's"),)), """gossipper sipp -key a 'it'"'"'s'"""),
    ],
)
def test_only_what_differs_is_written(config: RunConfig, line: str) -> None:
    assert command_line(config) == line


def values(entry: Option) -> st.SearchStrategy[object]:
    """Values that this option may have."""
    setting = entry.setting
    low, high = int(setting.minimum or 0), int(setting.maximum or 10**9)
    words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)
    by_kind: dict[Kind, st.SearchStrategy[object]] = {
        Kind.SWITCH: st.booleans(),
        Kind.INTEGER: st.integers(low, high),
        Kind.DURATION: st.integers(low, high),
        Kind.NUMBER: st.floats(low, high, allow_subnormal=False),
        Kind.CHOICE: st.sampled_from(setting.choices or ("",)),
        Kind.PAIRS: st.lists(st.tuples(words, words), max_size=3).map(tuple),
        Kind.PATHS: st.lists(words, max_size=3).map(tuple),
        Kind.TEXTS: st.lists(words, max_size=3).map(tuple),
    }
    # A host that starts with a dash is no host: it would be read as a flag.
    hosts = words.filter(lambda word: not word.startswith("-"))
    given_value = by_kind.get(setting.kind, words if setting.flags else hosts)
    return st.one_of(st.just(entry.default), given_value)


@given(st.fixed_dictionaries({entry.name: values(entry) for entry in OPTIONS}))
def test_a_written_line_is_read_back(settings: dict[str, object]) -> None:
    config = msgspec.convert(settings, RunConfig)
    assert parse_run(shlex.split(command_line(config))) == config


def run_or_problem(words: list[str]) -> RunConfig | OptionError:
    try:
        return parse_run(words)
    except OptionError as problem:
        return problem


@given(st.lists(st.one_of(st.sampled_from(sorted(FLAGS)), st.text(max_size=8))))
def test_any_words_are_a_run_or_an_option_error(words: list[str]) -> None:
    found = run_or_problem(words)
    if isinstance(found, RunConfig):
        assert parse_run(shlex.split(command_line(found))) == found
    else:
        assert found.message
