# SPDX-License-Identifier: AGPL-3.0-or-later
"""Actions on data files: look a line up, add one, replace one. What they change is seen by the later calls of their shard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.scenario.actions.node import ActionKind, ActionNode, single_variable
from engine.scenario.data_files import DataFile, Problem
from engine.scenario.keywords.fields import FileOfCall, file_named
from engine.scenario.problems import Misuse, one_line
from engine.scenario.program import Action, CallState
from engine.scenario.scope import Scope
from engine.scenario.values import whole_number

Deed = Callable[[CallState, DataFile], None]
"""What an action does with a data file. Raises Problem."""


def _with_file(node: ActionNode, scope: Scope, deed: Deed, check: Callable[[DataFile], str]) -> Action:
    """Do it with the file that the action names. `check` says what is wrong with a file that is known before. Raises Misuse."""
    node.required("file")
    if scope.checking:
        return lambda call: None
    file = file_named(scope, node.texts["file"], node.name)
    wrong = check(file.known) if file.known is not None else ""
    if wrong:
        raise Misuse(f"{node.name}: {wrong}")
    return lambda call: _do(call, file, deed)


def _do(call: CallState, file: FileOfCall, deed: Deed) -> None:
    found = file.find(call)
    if found is None:
        return
    try:
        deed(call, found)
    except Problem as problem:
        file.fail(call, str(problem))


def _lookup(node: ActionNode, scope: Scope) -> Action:
    node.required("key")
    target = scope.variable(node.required("assign_to"))
    key = scope.render(node.texts["key"])

    def look_up(call: CallState, file: DataFile) -> None:
        target.set(call, float(file.lookup(key(call))))

    return _with_file(node, scope, look_up, DataFile.why_unindexed)


def _insert(node: ActionNode, scope: Scope) -> Action:
    node.required("value")
    value = scope.render(node.texts["value"])
    return _with_file(node, scope, lambda call, file: file.insert(value(call)), DataFile.why_fixed)


def _replace(node: ActionNode, scope: Scope) -> Action:
    node.required("value")
    node.required("line")
    value, line = scope.render(node.texts["value"]), scope.render(node.texts["line"])

    def replace(call: CallState, file: DataFile) -> None:
        text = line(call)
        number = whole_number(text)
        if number is None:
            raise Problem(f"'{one_line(text[:40].decode('latin-1'))}' is no number of a line")
        file.replace(number, value(call))

    return _with_file(node, scope, replace, DataFile.why_fixed)


ACTIONS: Mapping[str, ActionKind] = {
    "lookup": ActionKind(
        _lookup,
        frozenset({"assign_to", "file", "key"}),
        texts=frozenset({"file", "key"}),
        variables={"assign_to": single_variable},
    ),
    "insert": ActionKind(_insert, frozenset({"file", "value"}), texts=frozenset({"file", "value"})),
    "replace": ActionKind(_replace, frozenset({"file", "line", "value"}), texts=frozenset({"file", "line", "value"})),
}
