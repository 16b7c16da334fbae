# SPDX-License-Identifier: AGPL-3.0-or-later
"""Help texts, made from the table of options and the tables of commands and flags."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import chain

from engine.options import OPTIONS, Group, Option, format_value
from gossipper_tui.cli.interface_flags import FLAG_HELP
from gossipper_tui.cli.sipp_flags import TUNING_FLAGS

FLAG_WIDTH = 26
WIDTH = 100

COMMANDS = {
    "sipp": ("gossipper sipp [host[:port]] [flags]", "Run a scenario with SIPp's flags and exit codes."),
    "tui": ("gossipper tui [host[:port]] [flags]", "Open the full-screen application; the flags fill its form."),
    "demo": ("gossipper demo", "A UAS and a UAC on loopback, full-screen, nothing to configure."),
    "check": ("gossipper check [flags] FILE…", "Print every problem of scenario files; exit code 1 if one is an error."),
    "tls-cert": ("gossipper tls-cert [--out DIR] [NAME…]", "Make a lab CA, and certificates for TLS in both roles."),
    "help": ("gossipper help [command]", "Help on a command."),
}
"""Each command: how it is written and what it does."""

PRINTING = {
    "-sd NAME": "Print a built-in scenario and end.",
    "-v": "Print the version and end.",
    "-h": "Print this help and end.",
}

CHECK_FLAGS = {
    "-key NAME VALUE": "Take [NAME] for a keyword, as a run with this flag does. May be given several times.",
    "--json": "Print one JSON list of all problems, for editors; docs/check.md tells its fields and codes.",
}

CHECK_NOTES = """\
A FILE may be the name of a built-in scenario, and - is standard input.

Exit codes:
  0     no error: a run can start, whatever is warned of      1     a file has an error"""

TLS_CERT_FLAGS = {
    "--out DIR": "Write into this folder, which is made if it is missing; else into the current one.",
    "--force": "Replace the server's and the client's certificate that are there. The CA never is.",
}

TLS_CERT_NOTES = """\
A NAME is what the other side calls this machine by: a host name, an IP address, or *.domain.
Without one: localhost, 127.0.0.1, ::1 and the name of this host.

Files: ca.pem, ca.key       the CA; who is given ca.pem (-tls_ca) trusts what it issued
       server.pem, .key     for a server, and for a client as well (-tls_cert, -tls_key)
       client.pem, .key     for a client of a server that asks for a certificate

A CA that is in the folder is used again. So for another machine: copy ca.pem and ca.key into a new folder, and run this
with that --out and the other machine's names. SIPp takes the same files."""

KEYS_AND_CODES = """\
Keys while it runs:
  + -   rate up or down by -rate_scale      * /   by ten times that      p   pause, go on
  q     finish the open calls, then end; again: end now (as Ctrl-C, SIGUSR1)
  Q     end now (as SIGTERM)

Exit codes:
  0     every call succeeded      1     a call failed             97    stopped by hand
  99    there was no call         253   an RTP check failed       254   could not bind
  255   any other error"""


def overview() -> str:
    """What `gossipper --help` prints."""
    rows = "\n".join(f"  {usage:<40} {text}" for usage, text in COMMANDS.values())
    return (
        "Gossipper, a SIP load generator that runs SIPp's scenarios.\n\n"
        f"{rows}\n  {'gossipper --version':<40} Print the version.\n\n"
        "Without a command the full-screen application opens.  gossipper help sipp  lists every flag."
    )


def command_help(command: str) -> str:
    """What `gossipper help COMMAND` and `gossipper COMMAND -h` print; KeyError for a command that there is not."""
    usage, text = COMMANDS[command]
    parts = [f"{usage}\n{text}"]
    if command == "check":
        parts += [_section("Flags", CHECK_FLAGS.items()), CHECK_NOTES]
    if command == "tls-cert":
        parts += [_section("Flags", TLS_CERT_FLAGS.items()), TLS_CERT_NOTES]
    if command in ("sipp", "tui"):
        parts += [_section("Interface", FLAG_HELP.items())] if command == "tui" else []
        parts += [_section(group.value, chain.from_iterable(map(_rows, _options(group)))) for group in Group if _options(group)]
        parts += [_section("Print and end", PRINTING.items())]
        parts += [_wrapped("Accepted, nothing to do: ", " ".join(TUNING_FLAGS)), KEYS_AND_CODES]
    return "\n\n".join(parts)


def _options(group: Group) -> list[Option]:
    return [option for option in OPTIONS if option.setting.group is group]


def _row(option: Option) -> tuple[str, str]:
    """A flag with what it takes, and what it does with its default."""
    setting = option.setting
    argument = setting.placeholder or setting.unit or {0: "", 1: setting.kind.value}.get(option.takes, "")
    default = (
        format_value(option, option.default) if option.takes == 1 and isinstance(option.default, (int, float, str)) else ""
    )
    written = " ".join([", ".join(setting.flags), argument] if setting.flags else [argument]).strip()
    return written, setting.help + (f" [{default}]" if default else "")


def _rows(option: Option) -> Iterator[tuple[str, str]]:
    """The line of an option, and below it one for each choice that has a meaning."""
    yield _row(option)
    for name, meaning in option.setting.meanings.items():
        yield "", f"  {name:<4} {meaning}"


def _section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"{title}:", *(_flag_line(flag, text) for flag, text in rows)])


def _flag_line(flag: str, text: str) -> str:
    first = f"  {flag:<{FLAG_WIDTH}} "
    if len(first) > FLAG_WIDTH + 3:
        first = f"{first.rstrip()}\n{' ' * (FLAG_WIDTH + 3)}"
        return first + textwrap.fill(text, WIDTH - FLAG_WIDTH - 3, subsequent_indent=" " * (FLAG_WIDTH + 3))
    return textwrap.fill(first + text, WIDTH, subsequent_indent=" " * (FLAG_WIDTH + 3), drop_whitespace=True)


def _wrapped(title: str, text: str) -> str:
    return textwrap.fill(title + text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
