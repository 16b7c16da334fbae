# SPDX-License-Identifier: AGPL-3.0-or-later
"""The action `exec`: a command of the shell, a command to ourselves (`int_cmd`), and media commands, which are not built yet.

Of several in one `exec` the first in the order of `_COMMANDS` counts, as in SIPp.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.scenario.actions.node import ActionKind, ActionNode
from engine.scenario.problems import LATER_HINT, Misuse, nearest, readable
from engine.scenario.program import Action, CallState, RunAborted
from engine.scenario.scope import Scope


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


def _later(attribute: str, check: Callable[[str], str]) -> Callable[[ActionNode, Scope], Action]:
    """A media command: what is wrong with it is told first; `check` returns that, or nothing."""

    def refuse(node: ActionNode, scope: Scope) -> Action:
        value = node.attributes[attribute]
        wrong = check(value) if "[" not in value else ""
        if wrong:
            raise Misuse(f'exec: {attribute}="{value}": {wrong}')
        raise Misuse(f"exec {attribute} is not built yet", LATER_HINT)

    return refuse


def _check_stream(value: str) -> str:
    """`FILE[,LOOPS[,PAYLOAD TYPE[,NAME/RATE]]]`, or one of the words that steer a stream."""
    file, *numbers = [part.strip() for part in value.split(",")]
    if _STREAM_WORDS.fullmatch(file):
        return ""
    if not file:
        return "it names no file"
    if len(numbers) > _MOST_STREAM_PARTS:
        return "it is FILE,LOOPS,PAYLOAD TYPE,NAME"
    if not all(re.fullmatch(r"-?\d+", number) for number in numbers[:2]):
        return "loops and payload type are whole numbers"
    return ""


_STREAM_WORDS = re.compile(r"(pause|resume)?[av]pattern|pause|resume")
_MOST_STREAM_PARTS = 3


def _check_file(value: str) -> str:
    return "" if value.strip() else "it names no file"


def _check_digits(value: str) -> str:
    return "" if re.fullmatch(r"[0-9A-Da-d*#]+", value) else "digits are 0 to 9, A to D, * and #"


_COMMANDS: Mapping[str, Callable[[ActionNode, Scope], Action]] = {
    "command": _command,
    "int_cmd": _int_cmd,
    "rtp_stream": _later("rtp_stream", _check_stream),
    "rtp_echo": _later("rtp_echo", _check_file),
    "play_pcap_audio": _later("play_pcap_audio", _check_file),
    "play_pcap_video": _later("play_pcap_video", _check_file),
    "play_pcap_image": _later("play_pcap_image", _check_file),
    "play_dtmf": _later("play_dtmf", _check_digits),
}


def _exec(node: ActionNode, scope: Scope) -> Action:
    for name, compile_command in _COMMANDS.items():
        if name in node.attributes:
            return compile_command(node, scope)
    raise Misuse("exec names nothing to do", "command= runs a command of the shell, int_cmd= stops a call or the run")


def _doubt(node: ActionNode, element: str) -> str:
    """A command that a peer has a part in; and what SIPp makes of an `int_cmd`: any that it does not know is `stop_call`, and
    that stops a call only in a <recv>."""
    if "command" in node.attributes:
        heard = next((word.source for word in node.texts["command"].words if word.name in _FROM_PEER), "")
        return f"exec: what the peer sends for [{heard}] is read by the shell, commands in it are run" if heard else ""
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


def runs_commands(nodes: tuple[ActionNode, ...]) -> bool:
    """Whether one of these actions runs a command of the shell."""
    return any(node.name == "exec" and "command" in node.attributes for node in nodes)


ACTIONS: Mapping[str, ActionKind] = {
    "exec": ActionKind(_exec, frozenset(_COMMANDS), texts=frozenset({"command"}), doubt=_doubt),
}
