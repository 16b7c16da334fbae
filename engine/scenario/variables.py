# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where variables are kept: of a call, of a user, of the run.

A scenario's variables belong to each call, but for those that a <User> or a <Global> element names: those are in a `Memory`,
which the scenarios of a shard share. An action reads and writes through a `Variable`, which knows where its value is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

Value = bytes | float | bool | None
"""What a variable holds; None until something is assigned."""


def is_set(value: Value) -> bool:
    """Whether a variable counts as set for `test` and the like: not when it is unset, false, or, as in SIPp, the number 0."""
    return value is not None and value is not False and value != 0.0


class Holder(Protocol):
    """Who has variables: a call. Lists of one value for each variable of a call, and of its user."""

    variables: list[Value]
    user_variables: list[Value]


class Variable:
    """A variable of a call: the one at `index` of its list."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def get(self, call: Holder) -> Value:
        """What it holds for this call."""
        return call.variables[self.index]

    def set(self, call: Holder, value: Value) -> None:
        """Assign a value."""
        call.variables[self.index] = value


class UserVariable(Variable):
    """A variable that all calls of a user share."""

    __slots__ = ()

    def get(self, call: Holder) -> Value:
        """What it holds for the user of this call."""
        return call.user_variables[self.index]

    def set(self, call: Holder, value: Value) -> None:
        """Assign a value."""
        call.user_variables[self.index] = value


class GlobalVariable(Variable):
    """A variable that all calls share."""

    __slots__ = ("_values",)

    def __init__(self, index: int, values: list[Value]) -> None:
        super().__init__(index)
        self._values = values

    def get(self, call: Holder) -> Value:
        """What it holds, whatever the call."""
        return self._values[self.index]

    def set(self, call: Holder, value: Value) -> None:
        """Assign a value."""
        self._values[self.index] = value


class Memory:
    """The variables that outlive calls. The scenarios of a shard share one, and each shard has its own.

    `presets` are the values that global variables begin with (-set).
    """

    def __init__(self, presets: Mapping[str, bytes] | None = None) -> None:
        self._presets = presets or {}
        self._globals: dict[str, int] = {}
        self._global_values: list[Value] = []
        self._users: dict[str, int] = {}
        self._user_values: dict[int, list[Value]] = {}

    def declare(self, global_names: Iterable[str], user_names: Iterable[str]) -> dict[str, Variable]:
        """The variables of these names, which are made where they are not there yet. To be called before the first call."""
        found: dict[str, Variable] = {}
        for name in user_names:
            found[name] = UserVariable(self._users.setdefault(name, len(self._users)))
        for name in global_names:
            index = self._globals.setdefault(name, len(self._globals))
            if index == len(self._global_values):
                self._global_values.append(self._presets.get(name))
            found[name] = GlobalVariable(index, self._global_values)
        return found

    def of_user(self, user: int) -> list[Value]:
        """The values of this user's variables, shared by all of the user's calls. User 0 is none: each call has its own."""
        if not user:
            return [None] * len(self._users)
        values = self._user_values.get(user)
        if values is None:
            values = self._user_values[user] = [None] * len(self._users)
        return values
