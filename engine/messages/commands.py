# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the engine can be asked: commands, each with the type of its answer.

To add one: a struct here that names its answer, one handler in `engine.run.commands`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from engine.messages.events import RunStarted
from engine.messages.scenario import Problem, ScenarioDescription
from engine.options import RunConfig

Answer = TypeVar("Answer")


class Command(msgspec.Struct, Generic[Answer], frozen=True, kw_only=True, tag=True):
    """The base of all commands; its parameter is the type of the answer."""


class Done(msgspec.Struct, frozen=True):
    """The answer of a command that has nothing to tell."""


class ScenarioList(msgspec.Struct, frozen=True, kw_only=True):
    """Names of built-in scenarios, and paths of files that look like scenarios, both sorted."""

    built_in: tuple[str, ...]
    files: tuple[str, ...]


class OptionProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one option of a configuration; `option` is its name in `RunConfig`."""

    option: str
    message: str


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a lab's certificates, PEM each, and until when they are good (seconds since 1970).

    `names` are those that the server's and the client's certificate are good for.
    """

    names: tuple[str, ...]
    ca: str
    ca_key: str
    ca_is_new: bool
    ca_valid_until_unix_s: int
    server: str
    server_key: str
    client: str
    client_key: str
    valid_until_unix_s: int


class ListScenarios(Command[ScenarioList], frozen=True, kw_only=True, tag=True):
    """The built-in scenarios, and the XML files with a <scenario> in and one level below `directory`."""

    directory: str


class DescribeScenario(Command[ScenarioDescription], frozen=True, kw_only=True, tag=True):
    """A scenario for people; `source` is the name of a built-in one or a path. Broken files are described too.

    Fails with ScenarioErrors only when the file cannot be read at all.
    """

    source: str


class CheckScenario(Command[tuple[Problem, ...]], frozen=True, kw_only=True, tag=True):
    """All problems and warnings of a scenario, by line; empty when it is sound. An unreadable file is a problem too.

    `keywords` are the names that a run with this scenario would define (-key).
    """

    source: str
    keywords: tuple[str, ...] = ()


class CheckOptions(Command[tuple[OptionProblem, ...]], frozen=True, kw_only=True, tag=True):
    """What would keep this configuration from running, without starting it. Empty when nothing would."""

    config: RunConfig


class MakeCertificates(Command[Certificates], frozen=True, kw_only=True, tag=True):
    """Write a certificate for a server and one for a client into `directory`, of the CA there or of a new one.

    Without `names` they are for this machine. Fails with CertificateError, also when what would be issued is there already,
    unless it may be overwritten; a CA never is.
    """

    directory: str
    names: tuple[str, ...] = ()
    overwrite: bool = False


class StartRun(Command[RunStarted], frozen=True, kw_only=True, tag=True):
    """Validate, bind, start. Fails with ScenarioErrors, OptionError, BindError or TransportError; then nothing runs."""

    config: RunConfig


class StopRun(Command[Done], frozen=True, kw_only=True, tag=True):
    """End a run. Gracefully: no new calls, wait for the open ones. `now`: also end the open ones (BYE or CANCEL).

    Answers at once; `RunFinished` tells when it has ended.
    """

    run: str
    now: bool = False


class SetRate(Command[Done], frozen=True, kw_only=True, tag=True):
    """A new rate in calls a rate period, as `-r`."""

    run: str
    rate: float


class SetUsers(Command[Done], frozen=True, kw_only=True, tag=True):
    """A new number of users, for a run that has them."""

    run: str
    users: int


class SetLimit(Command[Done], frozen=True, kw_only=True, tag=True):
    """A new limit of open calls, as `-l`."""

    run: str
    call_limit: int


class PauseTraffic(Command[Done], frozen=True, kw_only=True, tag=True):
    """Start no new calls; the open ones go on."""

    run: str


class ResumeTraffic(Command[Done], frozen=True, kw_only=True, tag=True):
    """Start calls again. Calls that would have been due meanwhile are not made up for."""

    run: str


class FollowCalls(Command[Done], frozen=True, kw_only=True, tag=True):
    """Which calls of a run are followed from now on; each is told as a `CallTrace` when it is over.

    `every` n-th call (0: none), those that `failed`, those whose Call-ID or one of whose messages holds one of the `texts`,
    and the `next` so many that begin. What was asked before is replaced, but for those that are followed already, and for calls
    that fail where the run has a log of these (`-trace_calldebug`) or sends them to Homer (`-hep_what failed`).
    """

    run: str
    every: int = 0
    failed: bool = False
    texts: tuple[str, ...] = ()
    next: int = 0


AnyCommand = (
    ListScenarios
    | DescribeScenario
    | CheckScenario
    | CheckOptions
    | MakeCertificates
    | StartRun
    | StopRun
    | SetRate
    | SetUsers
    | SetLimit
    | PauseTraffic
    | ResumeTraffic
    | FollowCalls
)
