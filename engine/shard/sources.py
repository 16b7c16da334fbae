# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which address a call comes from, where calls have addresses of their own: the next of a list (`-ip_list`), or what a field
says of the line that the call takes of the data file (`-ip_field`).

It is chosen before the transport is asked, so whatever gives calls sockets of their own binds them to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final

from engine.messages import Role
from engine.options import RunConfig
from engine.scenario.data_files import DataFile, Problem
from engine.transport.local_addresses import parse_address

MOST_KEPT: Final = 100_000
"""Texts of fields whose addresses are kept; then it starts anew."""


class Sources(ABC):
    """The source addresses of a run's calls."""

    @abstractmethod
    def address_of(self, number: int, user: int) -> str:
        """The address of the call with this number and user. Raises Problem when it has none."""


class ListedSources(Sources):
    """Call after call takes the next, and the first again after the last. The shards of a run share the numbers of calls."""

    __slots__ = ("_addresses",)

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = tuple(addresses)

    def address_of(self, number: int, user: int) -> str:
        """See `Sources`."""
        return self._addresses[(number - 1) % len(self._addresses)]


class FieldSources(Sources):
    """A field of the line whose fields the call's messages say too."""

    __slots__ = ("_field", "_file", "_known")

    def __init__(self, file: DataFile, field: int) -> None:
        self._file = file
        self._field = field
        self._known: dict[bytes, str] = {}

    def address_of(self, number: int, user: int) -> str:
        """See `Sources`."""
        file = self._file
        if file.own_number != number:
            file.take(number, user)
        fields = file.own
        text = fields[self._field] if self._field < len(fields) else b""
        address = self._known.get(text)
        return self._read(text, file.line_of(number, user)) if address is None else address

    def _read(self, text: bytes, line: int) -> str:
        try:
            address = parse_address(text.decode("latin-1"))
        except ValueError as error:
            raise Problem(f"-ip_field: {self._file.place(line)}: {error}") from None
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[text] = address
        return address


def make_sources(config: RunConfig, role: Role, addresses: Sequence[str], files: Mapping[str, DataFile]) -> Sources | None:
    """Where the calls of a run come from; None when they all come from its one address, or to it.

    `addresses` are those that were found before the run, in the order of a list; `files` has the one of -ip_field first.
    """
    if not addresses or role is Role.UAS:
        return None
    if config.source_list:
        return ListedSources(addresses)
    return FieldSources(next(iter(files.values())), config.source_field or 0)
