# SPDX-License-Identifier: AGPL-3.0-or-later
"""The action `exec`: a command of the shell, a command to ourselves (`int_cmd`), those of media in modules of their own."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scenario.actions import media_checks, media_digits, media_echo, media_playing, media_recording
from engine.scenario.actions.exec_command import ExecCommand
from engine.scenario.actions.node import ActionKind, ActionNode
from engine.scenario.problems import Misuse, nearest, readable
from engine.scenario.program import Action, CallState, RunAborted
from engine.scenario.scope import Scope, join_tables


def _command(node: ActionNode, scope: Scope) -> Action:
    """A command of the shell. Failures are told by the command as it stands in the file, which all calls share."""
    label = readable(node.attributes["command"])
    if not label.strip():
        raise Misuse("exec: command= is empty")
    render = scope.render(node.texts["command"])
    return lambda call: call.execute(render(call), label)


def _int_cmd(node: ActionNode, scope: Scope) -> Action:
    return _INT_COMMANDS.get(node.attributes["int_cmd"], _INT_COMMANDS[_STOP_CALL])


def _stop_now(call: CallState) -> None:
    raise RunAborted


_STOP_CALL = "stop_call"
_INT_COMMANDS: Mapping[str, Action] = {
    _STOP_CALL: lambda call: call.stop_call(),
    "stop_gracefully": lambda call: call.end_run(),
    "stop_now": _stop_now,
}


_OWN: Mapping[str, ExecCommand] = {
    "command": ExecCommand(_command, holds_keywords=True),
    "int_cmd": ExecCommand(_int_cmd),
}
MEDIA_COMMANDS = join_tables(
    media_playing.COMMANDS, media_echo.COMMANDS, media_digits.COMMANDS, media_recording.COMMANDS, media_checks.COMMANDS
)
"""Those that say something of the media of a call."""
COMMANDS = join_tables(_OWN, MEDIA_COMMANDS)
"""THE table of what `exec` may be told to do. Of several in one `exec` the first in its order counts, as in SIPp."""


def _exec(node: ActionNode, scope: Scope) -> Action:
    for name, command in COMMANDS.items():
        if name in node.attributes:
            return command.compile(node, scope)
    raise Misuse("exec names nothing to do", f"it has one of {', '.join(COMMANDS)}")


def _doubt(node: ActionNode, element: str) -> str:
    """A command, or the name of a file, that a peer has a part in; and what SIPp makes of an `int_cmd`: any that it does not
    know is `stop_call`, and that stops a call only in a <recv>."""
    for attribute, text in node.texts.items():
        heard = next((word.source for word in text.words if word.name in _FROM_PEER), "") if attribute in _RISKS else ""
        if heard:
            return f"exec: what the peer sends for [{heard}] {_RISKS[attribute]}"
    if "int_cmd" not in node.attributes:
        return ""
    name = node.attributes["int_cmd"]
    if name not in _INT_COMMANDS:
        hint = nearest(name, _INT_COMMANDS) or f"it is one of {', '.join(_INT_COMMANDS)}"
        return f'exec: int_cmd="{name}" is not known and counts as stop_call, as in SIPp — {hint}'
    if name == _STOP_CALL and element != "recv":
        return f"stop_call stops no call in a <{element}>, as in SIPp; only in a <recv>"
    return ""


_FROM_PEER = frozenset({"last_", "last_message", "last_Request_URI", "next_url", "routes", "peer_tag_param"})
"""Keywords whose text is the peer's."""
_RISKS: Mapping[str, str] = {
    "command": "is read by the shell, commands in it are run",
    **dict.fromkeys(media_playing.COMMANDS, "names the file that is sent to it, which may be any"),
    **dict.fromkeys(media_recording.COMMANDS, "names the file that is written, which may be any"),
}
"""What may come of them in an attribute."""


def runs_commands(nodes: tuple[ActionNode, ...]) -> bool:
    """Whether one of these actions runs a command of the shell."""
    return any(node.name == "exec" and "command" in node.attributes for node in nodes)


ACTIONS: Mapping[str, ActionKind] = {
    "exec": ActionKind(
        _exec,
        frozenset(COMMANDS),
        texts=frozenset(name for name, command in COMMANDS.items() if command.holds_keywords),
        doubt=_doubt,
    ),
}
