# SPDX-License-Identifier: AGPL-3.0-or-later
"""What would keep a configuration from running, found before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from engine.call import Behaviours
from engine.errors import GossipperError, OptionError
from engine.export.log_events import read_attributes, read_samples
from engine.export.otel.settings import check_opentelemetry
from engine.messages import OptionProblem, Role, ScenarioDescription
from engine.options import FLAGS, RunConfig, check_config, settled
from engine.options.config.metrics import METRICS_PORT
from engine.run.data_checks import check_data_files, check_indexes
from engine.run.seconds import check_second, check_seconds, second_sources, with_globals
from engine.run.source_addresses import check_sources
from engine.run.texts import check_told_texts
from engine.run.tls_checks import check_tls_files, check_tls_role
from engine.run.transport_checks import alias_problems
from engine.scenario import call_id
from engine.scenario.describe import describe_scenario
from engine.scenario.input_files import is_pipe
from engine.scenario.problems import nearest
from engine.shard.following.asked import asked_by
from engine.transport.addresses import split_host_port
from engine.transport.stream.websocket import check_path

DEFAULT_SCENARIO = "uac"
LAST_PORT = 65535


def scenario_source(config: RunConfig) -> str:
    """The path or the name of the scenario that this configuration runs."""
    return config.scenario_file or config.scenario_name or DEFAULT_SCENARIO


def own_keywords(config: RunConfig) -> list[str]:
    """The keywords that this configuration defines (-key)."""
    return [name for name, _ in config.keywords]


def _one_scenario(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    if config.scenario_file and config.scenario_name:
        raise OptionError("-sn", config.scenario_name, "give either -sf or -sn, not both")


def _remote(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    if config.sending_address:
        split_host_port(config.sending_address, option="-rsa")
    if config.remote:
        split_host_port(config.remote)
    elif scenario is not None and scenario.role is Role.UAC:
        raise OptionError("<remote>", "", "the scenario makes calls and needs the host to call: host[:port]")


def _homer(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    if config.hep_address:
        from engine.export.homer_checks import check_homer  # which others need not import

        check_homer(config)


def _websocket_path(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    check_path(config.websocket_path)


def _global_values(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    declared = scenario.global_variables if scenario is not None else ()
    for name, value in config.global_values:
        if scenario is not None and name not in declared:
            hint = nearest(name, declared, "${}") or f'declare it with <Global variables="{name}"/>'
            raise OptionError("-set", f"{name} {value}", f"${name} is no global variable of the scenario; {hint}")


def _behaviours(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    Behaviours.parse(config.default_behaviors)


def _call_ids(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """A message belongs to a call by its Call-ID: of calls that are open together each needs its own."""
    one_at_a_time = 1 in (config.max_calls, config.call_limit, config.users)
    is_client = scenario is not None and scenario.role is Role.UAC
    if is_client and not one_at_a_time and config.call_id_type == call_id.FORMAT and not call_id.differ(config.call_id_format):
        hint = "put %u (the call's number) or %r (a random one) into it, or have one call at a time (-l 1)"
        raise OptionError("-cid_str", config.call_id_format, f"all calls would have the same Call-ID; {hint}")


def _workers(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    if config.workers > 1 and scenario is not None and scenario.role is Role.UAS:
        raise OptionError("-workers", config.workers, "a server scenario runs in one worker; leave -workers off")
    if config.users is not None and config.users < config.workers:
        raise OptionError("-users", config.users, f"{config.workers} workers need at least as many users")
    if config.call_limit is not None and config.call_limit < config.workers:
        raise OptionError("-l", config.call_limit, f"{config.workers} workers need at least as many open calls")
    if (config.local_port or 0) + config.workers - 1 > LAST_PORT:
        raise OptionError("-p", config.local_port, f"{config.workers} workers need as many ports, and {LAST_PORT} is the last")


def _media_ports(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    if config.max_media_port < config.media_port:
        what = f"ports for media begin at -mp {config.media_port}; give a higher one"
        raise OptionError("-max_rtp_port", config.max_media_port, what)


def _followed(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    asked_by(config)


def _event_log(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    for flag, texts, read in (
        ("-log_sample", config.log_samples, read_samples),
        ("-log_attr", config.log_attributes, read_attributes),
    ):
        try:
            read(texts)
        except ValueError as error:
            raise OptionError(flag, " ".join(texts), str(error)) from None


def _metrics(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    if config.metrics:
        split_host_port(config.metrics, METRICS_PORT, "-metrics")


_CHECKS: tuple[Callable[[RunConfig, ScenarioDescription | None], None], ...] = (
    _one_scenario,
    check_seconds,
    _remote,
    _websocket_path,
    _global_values,
    _behaviours,
    _call_ids,
    _workers,
    _media_ports,
    _followed,
    _metrics,
    check_told_texts,
    check_data_files,
    check_indexes,
    check_sources,
    check_tls_role,
    check_tls_files,
    _homer,
    _event_log,
    check_opentelemetry,
)


def problems_of(config: RunConfig, scenario: ScenarioDescription | None) -> Iterator[OptionError]:
    """Every option problem; `scenario` is None when it cannot be read."""
    yield from check_config(config)
    yield from alias_problems(config, scenario)
    config = settled(config)
    for check in _CHECKS:
        try:
            check(config, scenario)
        except OptionError as error:
            yield error


def check_stderr(config: RunConfig, *, has_stderr: bool) -> None:
    """Raise OptionError when standard error is to be written to and is not ours, because a screen is drawn on the terminal."""
    if config.log_to_stderr and not has_stderr:
        what = "there is a screen where standard error would be; write to a file (-log_file_jsonl), or use gossipper sipp"
        raise OptionError("-log_stdout", "true", what)


def check_options(config: RunConfig, *, has_stderr: bool = True) -> tuple[OptionProblem, ...]:
    """The same for an interface: by the names of options, with a scenario that cannot run as a problem of its option.

    It reads files. A scenario that comes out of a pipe is not looked at: that would take it from the run.
    """
    found: list[OptionProblem] = []
    scenario: ScenarioDescription | None = None
    scenario_option = "scenario_file" if config.scenario_file else "scenario_name"
    source = scenario_source(config)
    try:
        scenario = None if is_pipe(source) else describe_scenario(source, own_keywords(config))
        errors = [problem for problem in scenario.problems if not problem.warning] if scenario else []
        if errors:
            found.append(OptionProblem(option=scenario_option, message=f"{len(errors)} problems, the first: {errors[0]}"))
    except GossipperError as error:
        found.append(OptionProblem(option=scenario_option, message=str(error)))
    others = list(_seconds(config, found))
    scenario = scenario and with_globals(scenario, others)
    refused = chain(problems_of(config, scenario), _stderr_problems(config, has_stderr))
    found += [OptionProblem(option=_name_of(error.option), message=error.message) for error in refused]
    return tuple(found)


def _stderr_problems(config: RunConfig, has_stderr: bool) -> Iterator[OptionError]:
    try:
        check_stderr(config, has_stderr=has_stderr)
    except OptionError as error:
        yield error


def _seconds(config: RunConfig, found: list[OptionProblem]) -> Iterator[ScenarioDescription]:
    """The scenarios beside the main one; what keeps them from running goes to `found`."""
    for source in second_sources(config):
        try:
            if not is_pipe(source.source):
                scenario = describe_scenario(source.source, own_keywords(config))
                check_second(source, scenario)
                yield scenario
        except GossipperError as error:
            found.append(OptionProblem(option=_name_of(source.flag), message=str(error).splitlines()[0]))


def _name_of(flag: str) -> str:
    return FLAGS[flag].name if flag in FLAGS else flag.strip("<>")
