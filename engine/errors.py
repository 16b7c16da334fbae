# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can go wrong, each as one line that a person can act on.

Every error that a user may cause derives from `GossipperError`; its text names the place, what is wrong there and,
where it is known, what to do. Anything else that escapes is a bug. The classes carry their fields apart so that an
interface can put the problem beside the field or the line that it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MOST_TEXT: Final = 200
"""Characters of a text from outside that are told."""


class GossipperError(Exception):
    """The base of every error that is the user's to mend; `str()` is one line."""


class ScenarioError(GossipperError):
    """One problem of a scenario or of a data file that it reads.

    `line` and `column` count from 1; 0 means that the problem belongs to the whole file.
    """

    def __init__(self, file: str, line: int, column: int, message: str, hint: str = "") -> None:
        self.file, self.line, self.column, self.message, self.hint = file, line, column, message, hint
        place = f"{file}:{line}" if line else file
        super().__init__(f"{place}: {message}" + (f" — {hint}" if hint else ""))


class ScenarioErrors(GossipperError):
    """All problems of one scenario at once, in the order of their lines; never empty."""

    def __init__(self, problems: Sequence[ScenarioError]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class OptionError(GossipperError):
    """An option has a value that it cannot have. `option` is its name in `RunConfig`, or the flag as it was typed."""

    def __init__(self, option: str, value: object, message: str) -> None:
        self.option, self.value, self.message = option, value, message
        super().__init__(f"{option}: {message}")


class KeyPasswordNeeded(OptionError):
    """The private key in the file `path` has a password, which nobody gave: an interface may ask for it. `variable` of the
    environment is where it is looked for."""

    def __init__(self, path: str, variable: str) -> None:
        self.path, self.variable = path, variable
        super().__init__("-tls_key", path, f"{path} has a password; put it into the environment variable {variable}")


class BindError(GossipperError):
    """A local address or port cannot be had (SIPp's exit code 254). `taken_port` is one that another program has, else 0."""

    def __init__(self, message: str, taken_port: int = 0) -> None:
        self.taken_port = taken_port
        super().__init__(message)


class TransportError(GossipperError):
    """A socket failed in a way that ends the run: an unresolvable host, a refused connection, no file descriptors."""


class ShardDied(GossipperError):
    """A child process that ran calls ended before its run did; the text holds its last words."""


class CertificateError(GossipperError):
    """A certificate cannot be made: a name that none may hold, a CA that cannot issue it, a file that is in the way.

    `subject` is the name or the path that it is about.
    """

    def __init__(self, subject: str, message: str, hint: str = "") -> None:
        self.subject, self.message, self.hint = subject, message, hint
        super().__init__(f"{subject}: {message}" + (f" — {hint}" if hint else ""))


class MediaError(GossipperError):
    """What is to be played cannot be: a file that holds no media, or other media than was said, a codec that nobody knows.

    `name` is the file, or the text of the scenario that says what to play.
    """

    def __init__(self, name: str, message: str, hint: str = "") -> None:
        self.name, self.message, self.hint = name, message, hint
        super().__init__(f"{name}: {message}" + (f" — {hint}" if hint else ""))


class RecordingError(GossipperError):
    """A file of recorded events cannot be read or replayed. `line` counts from 1; 0 means the whole file."""

    def __init__(self, file: str, line: int, message: str) -> None:
        self.file, self.line, self.message = file, line, message
        super().__init__(f"{file}:{line}: {message}" if line else f"{file}: {message}")


class CommandError(GossipperError):
    """A command on the bus cannot be carried out as things stand: no such run, no handler, the engine is closed."""


class ExportError(GossipperError):
    """What leaves a run while it goes on cannot be opened, or the process that brings it out cannot be started."""


class ReportError(GossipperError):
    """A file that tells of a run cannot be written: a table, a log, the summary."""

    def __init__(self, path: str, error: OSError) -> None:
        self.path = path
        super().__init__(f"{path}: cannot be written: {error.strerror or error}")


def in_one_line(error: BaseException) -> str:
    """What was raised and should not have been, for people: one line, and the error itself where it comes in a group of one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return f"internal error: {type(error).__name__}: {printable(str(error))}"


def printable(text: str) -> str:
    """Text from outside that cannot harm a terminal: no control characters, and not too long."""
    return "".join(each if each.isprintable() else "?" for each in text[:MOST_TEXT])
