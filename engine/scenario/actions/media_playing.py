# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `exec` plays: files, made-up sounds, patterns (`rtp_stream`), and captured packets (`play_pcap_audio` and its like)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import MediaError
from engine.media.kinds import MediaKind
from engine.media.playable import Playable
from engine.media.sources.spec import Steer, Steering, StreamSpec, parse_stream
from engine.messages import Failure
from engine.scenario.actions.exec_command import ExecCommand
from engine.scenario.actions.media_texts import constant_text, text_of_call, wrong
from engine.scenario.actions.node import ActionNode
from engine.scenario.media_files import check_media_file, read_media_file
from engine.scenario.program import Action, CallState, Render
from engine.scenario.scope import Scope
from engine.scenario.tracks import Loading, Made, Maker, Tracks

LONGEST_LOADING_MS: Final = 30_000
"""How long a call waits for a file that is named by a keyword."""
_KINDS: Final = tuple(MediaKind)


# --- steering ----------------------------------------------------------------------------------------------------------


def _stop(call: CallState) -> None:
    for kind in _KINDS:
        call.media.stop(kind)
        call.media.echo(kind, on=False)


def _echo(call: CallState) -> None:
    call.media.echo(MediaKind.AUDIO, on=True)


_WORDS: Final[Mapping[str, Action]] = {"stop": _stop, "echo": _echo}
"""What `rtp_stream` may also be told."""


def _steer(steering: Steering) -> Action:
    kinds = _KINDS if steering.kind is None else (steering.kind,)
    pauses = steering.steer is Steer.PAUSE

    def steer(call: CallState) -> None:
        for kind in kinds:
            if pauses:
                call.media.pause(kind)
            else:
                call.media.resume(kind)

    return steer


# --- playing -----------------------------------------------------------------------------------------------------------


def _start(call: CallState, made: Made) -> None:
    """Play it; the first call tells what a person should know of it."""
    for note in made.take_notes():
        call.warn(note)
    what = made.what
    call.media.play(what.kind, what.track, what.loops, what.payload_type)


def _rtp_stream(node: ActionNode, scope: Scope) -> Action:
    text, make = constant_text(node, "rtp_stream", scope), _StreamMaker(scope.facts.rtp_payload)
    if text is None:
        return _PlayOfCall(scope.render(node.texts["rtp_stream"]), make, scope).act
    if text.strip() in _WORDS:
        return _WORDS[text.strip()]
    if text.strip().partition(",")[0] == "mic":
        raise wrong(node, "rtp_stream", "no microphone can be played", "record a file, or write synthetic:tone")
    try:
        spec = parse_stream(text, scope.facts.rtp_payload)
    except MediaError as error:
        raise wrong(node, "rtp_stream", error.message, error.hint) from None
    if isinstance(spec, Steering):
        return _steer(spec)
    return _play(node, "rtp_stream", make, text, spec.file, scope)


@dataclass(frozen=True, slots=True)
class _StreamMaker:
    """Makes what `rtp_stream` plays, with the payload type of `-rtp_payload`."""

    payload_type: int

    def __call__(self, text: str, scenario: str) -> Made:
        """See `tracks.Maker`."""
        spec = parse_stream(text, self.payload_type)
        if not isinstance(spec, StreamSpec):
            raise MediaError(text, "a keyword stands for what is played, not for what is done to it")
        from engine.media.sources.playing import playable  # only runs that play something import how that is made

        return Made(playable(spec, read_media_file(spec.file, scenario) if spec.file else b""))


def _play(node: ActionNode, attribute: str, make: Maker, text: str, file: str, scope: Scope) -> Action:
    """Play what is the same for all calls: made now, or while a scenario is only checked its file is looked for."""
    scenario = scope.problems.file
    try:
        if scope.checking:
            if file:
                check_media_file(file, scenario)
            return _nothing
        made = scope.facts.tracks.make(make, text, scenario)
    except MediaError as error:
        raise wrong(node, attribute, error.message, error.hint) from None
    return lambda call: _start(call, made)


def _nothing(call: CallState) -> None:
    """A scenario that is only checked plays nothing."""


class _PlayOfCall:
    """Play what a keyword names: it is read when the first call names it, and that one waits."""

    def __init__(self, render: Render, make: Maker, scope: Scope) -> None:
        self._render, self._make = render, make
        self._tracks: Tracks = scope.facts.tracks
        self._scenario = scope.problems.file

    def act(self, call: CallState) -> None:
        """Play it, or wait for it."""
        loading = self._tracks.load(self._make, text_of_call(self._render, call), self._scenario)
        hold = _Awaited(loading)
        if not hold.is_over(call, late=False):
            call.hold(hold, LONGEST_LOADING_MS)


class _Awaited:
    """A track that a call waits for."""

    def __init__(self, loading: Loading) -> None:
        self._loading = loading

    def is_over(self, call: CallState, late: bool) -> bool:
        """See `Hold`."""
        loading = self._loading
        if loading.result is not None:
            _start(call, loading.result)
        elif loading.problem or late:
            call.fail(Failure.CANNOT_SEND, loading.problem or f"a file could not be read within {LONGEST_LOADING_MS // 1000} s")
        return loading.is_over


# --- captures ----------------------------------------------------------------------------------------------------------


def _play_pcap(kind: MediaKind) -> Callable[[ActionNode, Scope], Action]:
    attribute = f"play_pcap_{kind}"
    make = _CaptureMaker(kind)

    def compile_command(node: ActionNode, scope: Scope) -> Action:
        text = constant_text(node, attribute, scope)
        if text is None:
            return _PlayOfCall(scope.render(node.texts[attribute]), make, scope).act
        if not text.strip():
            raise wrong(node, attribute, "it names no file")
        return _play(node, attribute, make, text.strip(), text.strip(), scope)

    return compile_command


@dataclass(frozen=True, slots=True)
class _CaptureMaker:
    """Makes what a file of captured packets plays, on one kind of media."""

    kind: MediaKind

    def __call__(self, text: str, scenario: str) -> Made:
        """See `tracks.Maker`."""
        from engine.media.sources.pcap import replay

        name = text.strip()
        found = replay(read_media_file(name, scenario), name, self.kind)
        return Made(Playable(found.track, 1, found.track.payload_type, self.kind), found.notes)


COMMANDS: Mapping[str, ExecCommand] = {
    "rtp_stream": ExecCommand(_rtp_stream, holds_keywords=True),
    **{f"play_pcap_{kind}": ExecCommand(_play_pcap(kind), holds_keywords=True) for kind in MediaKind},
}
