# SPDX-License-Identifier: AGPL-3.0-or-later
"""From the plan of a shard to its parts: what the configuration means for templates, calls and pacing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from engine.call import Behaviours, CallContext, Host
from engine.messages import Role
from engine.scenario.data_files import DataFile
from engine.scenario.program import Program, RunFacts
from engine.scenario.variables import Memory
from engine.shard.pacing import NoPacer, Pacer, RatePacer, UserPacer
from engine.shard.protocol import ShardPlan
from engine.shard.shares import calls_per_second, random_of, share_of
from engine.stats.meter import Meter
from engine.transport import Transport

NS_PER_MS = 1_000_000


def facts(plan: ShardPlan, transport: Transport, coming_number: Callable[[], int]) -> RunFacts:
    """The constants of the run that templates are made with; `coming_number` is that of the call that begins next."""
    config, addresses = plan.config, plan.addresses
    random = random_of(config.seed, plan.index)
    return RunFacts(
        local_ip=addresses.local_ip,
        local_port=0 if transport.port_per_call else transport.local_port,
        transport=transport.protocol,
        remote_host=addresses.remote_host,
        remote_ip=addresses.remote_ip if addresses.sends_aside else transport.remote[0] or addresses.remote_ip,
        remote_port=addresses.remote_port,
        media_ip=config.media_ip or addresses.local_ip,
        media_port=config.media_port,
        rtp_payload=config.rtp_payload,
        service=config.service,
        pid=plan.pid,
        users=config.users,
        base_cseq=config.base_cseq,
        call_id_format=config.call_id_format,
        call_id_type=config.call_id_type,
        pause_ns=config.pause_ms * NS_PER_MS,
        lost=config.lost,
        recv_timeout_ns=config.recv_timeout_ms * NS_PER_MS if config.recv_timeout_ms else None,
        retransmits=not (transport.reliable or config.no_retransmissions),
        dynamic_start=config.dynamic_start,
        dynamic_max=config.dynamic_max,
        dynamic_step=config.dynamic_step,
        tdm_map=config.tdm_map,
        server_ip_of_call=bool(addresses.sources),
        local_ip_of_call=bool(addresses.sources and config.source_list),
        auth_username=config.auth_username,
        auth_password=config.auth_password,
        auth_uri=config.auth_uri,
        keywords=config.keywords,
        data_files={file.name: DataFile(file, random, coming_number) for file in plan.data_files},
        memory=Memory({name: value.encode("utf-8", "replace") for name, value in config.global_values}),
        random=random,
    )


def facts_of_incoming(plan: ShardPlan, constants: RunFacts) -> RunFacts:
    """The same for the scenario of incoming calls, whose data files are those of -rxinf before those of -inf."""
    own = [os.path.basename(path) for path in plan.config.incoming_data_files]
    files = constants.data_files
    return replace(constants, data_files={**{name: files[name] for name in own}, **files})


def context(plan: ShardPlan, constants: RunFacts, program: Program, host: Host) -> CallContext:
    """What the calls of the shard share."""
    config = plan.config
    most = config.max_retransmissions
    limits = (config.max_invite_retransmissions, config.max_non_invite_retransmissions)
    max_invite, max_other = (limit if most is None else min(most, limit) for limit in limits)
    return CallContext(
        program=program,
        meter=Meter(
            steps=len(program.steps),
            timers=program.timers,
            counters=program.counters,
            response_bounds_ms=program.response_bounds_ms,
            call_length_bounds_ms=program.call_length_bounds_ms,
        ),
        host=host,
        behaviours=Behaviours.parse("none" if config.no_defaults else config.default_behaviors, auto_answer=config.auto_answer),
        t2_ns=config.t2_ms * NS_PER_MS,
        max_invite_retransmissions=max_invite,
        max_other_retransmissions=max_other,
        loose=config.retransmission_check == "loose",
        ignores_in_pause=config.ignore_in_pause,
        chance=constants.random.random,
    )


def make_pacer(plan: ShardPlan, program: Program, start_ns: int) -> Pacer:
    """The pacer that the configuration asks for."""
    config = plan.config
    if program.role is Role.UAS:
        return NoPacer()
    if config.users is not None:
        first = 1 + sum(share_of(config.users, index, plan.count) or 0 for index in range(plan.index))
        return UserPacer(start_ns, share_of(config.users, plan.index, plan.count) or 0, first=first)
    return RatePacer(start_ns, calls_per_second(config.rate, config), index=plan.index, count=plan.count)
