# SPDX-License-Identifier: AGPL-3.0-or-later
"""The addresses that calls come from, or come to at a server, where they are many: told by -ip_list, or by a field of the
data file (-ip_field). All of them are looked at before a run: that each is one, and is one of this machine.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from functools import partial
from random import Random

import trio
from msgspec.structs import replace

from engine.errors import OptionError, TransportError
from engine.messages import Role, ScenarioDescription
from engine.options import RunConfig
from engine.options.transports import KINDS
from engine.scenario.data_files import DataFile, LoadedFile, OrderName, Problem
from engine.transport import Addresses
from engine.transport.addresses import resolve
from engine.transport.local_addresses import MOST_ADDRESSES, parse_address, parse_list, why_not_ours

MANY = "ui"
"""The transport that is made for many addresses, and the only one by which a server has several."""
MOST_LINES = 20_000_000
"""A PRINTF file has as many lines as it says, and all are looked at."""


def check_sources(config: RunConfig, scenario: ScenarioDescription | None) -> None:
    """Raise OptionError when what was given does not say which addresses calls come from, or cannot have them."""
    if config.source_list and config.source_field is not None:
        raise OptionError("-ip_field", config.source_field, "-ip_list tells the addresses already; give one of the two")
    if config.transport == MANY and not config.source_list and not config.data_files:
        hint = "give -inf FILE with the addresses in its field 0 (-ip_field N: in another), or a list (-ip_list 10.0.0.0/28)"
        raise OptionError("-t", MANY, f"it needs to know its addresses; {hint}")
    if not config.source_list and config.source_field is None:
        return
    flag, value = _told_by(config)
    if config.transport != MANY and (reason := _misfit(config.transport, scenario)):
        raise OptionError(flag, value, reason)
    if config.source_list:
        parse_list(config.source_list)
    elif not config.data_files:
        raise OptionError(flag, value, "there is no data file with the addresses; name it with -inf FILE")


def _misfit(transport: str, scenario: ScenarioDescription | None) -> str:
    """Why calls over this transport have no addresses of their own, or ""."""
    kind = KINDS[transport]
    if scenario is not None and scenario.role is Role.UAS:
        return f"a server listens on several addresses with -t {MANY} only"
    if kind.of_a_call:
        return ""
    shares, other = ("connection", transport[:-1] + "n") if kind.is_stream else ("socket", MANY)
    return f"with -t {transport} all calls share one {shares}, which has one address; use -t {other}"


async def addresses_of(config: RunConfig, files: Sequence[LoadedFile], role: Role) -> Addresses:
    """The addresses of a run. Raises BindError, OptionError, TransportError."""
    sources = await trio.to_thread.run_sync(partial(read_sources, config, files))
    look_up = partial(
        resolve,
        config.remote,
        config.local_ip,
        config.local_port,
        KINDS[config.transport].default_port,
        aside=config.sending_address,
        device=config.bind_to_device,
        bind_local=config.bind_local,
        listens=role is Role.UAS,
    )
    try:
        addresses = await look_up(_family(sources[0]) if sources else socket.AF_UNSPEC)
    except TransportError:
        if not sources:
            raise
        addresses = await look_up()  # it has addresses of the other family only
    for ip in sources if addresses.remote_ip else ():
        if _family(ip) != addresses.family:
            flag, value = _told_by(config)
            raise OptionError(flag, value, f"{ip} cannot send to {addresses.remote_ip}: one is IPv4, the other IPv6")
    return replace(addresses, sources=sources)


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def _told_by(config: RunConfig) -> tuple[str, object]:
    return ("-ip_list", config.source_list) if config.source_list else ("-ip_field", config.source_field or 0)


def read_sources(config: RunConfig, files: Sequence[LoadedFile]) -> tuple[str, ...]:
    """The addresses: of a list all, in their order; of a field each once; none when they are not asked for.

    Raises OptionError, for the first that is no address of this machine too. It takes time: not in a trio loop.
    """
    if config.source_list:
        listed = parse_list(config.source_list)
        for ip in dict.fromkeys(listed):
            if reason := why_not_ours(ip):
                raise OptionError("-ip_list", ip, reason)
        return listed
    if config.source_field is None and config.transport != MANY:
        return ()
    name = os.path.basename(config.data_files[0])
    return _of_field(config, next(file for file in files if file.name == name), config.source_field or 0)


def _of_field(config: RunConfig, loaded: LoadedFile, field: int) -> tuple[str, ...]:
    if loaded.size > MOST_LINES:
        raise OptionError("-ip_field", field, f"{loaded.path} has {loaded.size} lines; at most {MOST_LINES} can tell addresses")
    if loaded.heading.order is OrderName.USER and config.users is None and config.remote:
        reason = f"{loaded.path} has a line for each user, and the run has none; give -users N, or make it SEQUENTIAL"
        raise OptionError("-ip_field", field, reason)
    file = DataFile(loaded, Random(), lambda: 1)
    try:
        return tuple(dict.fromkeys(_different(file, field)))
    except Problem as problem:
        raise OptionError("-ip_field", field, str(problem)) from None
    finally:
        file.close()


def _different(file: DataFile, field: int) -> Iterable[str]:
    """The address of each text that the field has, looked at once. Raises Problem."""
    seen: set[bytes] = set()
    for line in range(file.size):
        fields = file.fields(line)
        if field >= len(fields):
            raise Problem(f"{file.place(line)} has {len(fields)} fields, and the address is in field {field}, counted from 0")
        text = fields[field]
        if text in seen:
            continue
        if len(seen) >= MOST_ADDRESSES:
            raise Problem(f"{file.place(line)}: more than {MOST_ADDRESSES} different addresses")
        seen.add(text)
        try:
            ip = parse_address(text.decode("latin-1"))
        except ValueError as error:
            raise Problem(f"{file.place(line)}: field {field}: {error}") from None
        if reason := why_not_ours(ip):
            raise Problem(f"{file.place(line)}: {reason}")
        yield ip
