# SPDX-License-Identifier: AGPL-3.0-or-later
"""The entry point `gossipper`: finds the command, turns every error into one line and an exit code.

Each command is imported when it is asked for, so that `gossipper sipp` starts without the full-screen application.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from engine.errors import BindError, GossipperError, OptionError
from engine.messages import EXIT_CODES, Outcome
from gossipper_tui.cli.sipp_flags import ACTION_FLAGS

EXIT_BIND = 254
"""SIPp's exit code when it cannot bind."""

DEBUG_VARIABLE = "GOSSIPPER_DEBUG"
"""Set in the environment, an internal error is raised with its traceback."""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line (`sys.argv` by default) and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except BrokenPipeError:
        # Nobody reads what `--help` or `check` prints; the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return EXIT_CODES[Outcome.STOPPED]
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        return _fail(error)


def _dispatch(words: Sequence[str]) -> int:
    if not words:
        return _tui([]) if sys.stdin.isatty() and sys.stdout.isatty() else _help([])
    command, rest = words[0], words[1:]
    if rest and ACTION_FLAGS.get(rest[0]) == ("-h", 0):
        return _help([command])
    if command in COMMANDS:
        return COMMANDS[command](rest)
    from difflib import get_close_matches

    if command.startswith("-"):
        raise OptionError(command, "", f"flags follow a command: gossipper sipp {command} …")
    nearest = get_close_matches(command, COMMANDS, n=1)
    raise OptionError(command, "", "unknown command; " + (f"did you mean {nearest[0]}?" if nearest else "see gossipper --help"))


def _sipp(words: Sequence[str]) -> int:
    from gossipper_tui.cli.sipp import main as command

    return command(words)


def _tui(words: Sequence[str]) -> int:
    from gossipper_tui.cli.tui import main as command

    return command(words)


def _demo(words: Sequence[str]) -> int:
    from gossipper_tui.cli.tui import demo

    if words:
        raise OptionError(words[0], "", "demo takes no arguments")
    return demo()


def _check(words: Sequence[str]) -> int:
    from gossipper_tui.cli.check import main as command

    return command(words)


def _tls_cert(words: Sequence[str]) -> int:
    from gossipper_tui.cli.tls_cert import main as command

    return command(words)


def _help(words: Sequence[str]) -> int:
    from gossipper_tui.cli.help import COMMANDS as KNOWN
    from gossipper_tui.cli.help import command_help, overview

    if words and words[0] not in KNOWN:
        raise OptionError(words[0], "", "unknown command; see gossipper --help")
    print(command_help(words[0]) if words else overview())
    return 0


def _version(words: Sequence[str]) -> int:
    from gossipper_tui.cli.sipp import version_text

    print(version_text())
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "sipp": _sipp,
    "tui": _tui,
    "demo": _demo,
    "check": _check,
    "tls-cert": _tls_cert,
    "help": _help,
    "--help": _help,
    "-h": _help,
    "--version": _version,
    "-v": _version,
}
"""Every first word, with what carries out the rest."""


def _fail(error: BaseException) -> int:
    """Tell each problem on a line of its own on standard error, and return the exit code for it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = str(error) if isinstance(error, GossipperError) else _internal(error)
    for line in text.splitlines():
        print(f"gossipper: {line}", file=sys.stderr)
    return EXIT_BIND if isinstance(error, BindError) else EXIT_CODES[Outcome.ERROR]


def _internal(error: BaseException) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error: {what} — please report it; with {DEBUG_VARIABLE}=1 it shows where"


if __name__ == "__main__":
    sys.exit(main())
