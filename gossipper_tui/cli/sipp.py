# SPDX-License-Identifier: AGPL-3.0-or-later
"""`gossipper sipp`: takes what `sipp` takes, ends with the exit codes that `sipp` ends with."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from engine import __version__, built_as
from gossipper_tui.cli.arguments import CommandLine, parse


def main(argv: Sequence[str]) -> int:
    """Run a scenario, or do what `-sd`, `-v` or `-h` ask for; the exit code. Raises GossipperError."""
    line = parse(argv)
    answered = answer(line, "sipp")
    if answered is not None:
        return answered
    from gossipper_tui.cli.runner import run

    code = run(line.config, status_in_log=False)
    # The interpreter looks through all that is left before it ends, which takes 0.15 s that a script would wait for.
    gc.freeze()
    return code


def answer(line: CommandLine, command: str) -> int | None:
    """Do what a flag that prints and ends asks for; None when there is none. Raises GossipperError."""
    if "-h" in line.actions:
        from gossipper_tui.cli.help import command_help

        print(command_help(command))
    elif "-v" in line.actions:
        print(version_text(line.tuning))
    elif "-sd" in line.actions:
        import trio

        print(trio.run(_built_in_xml, line.actions["-sd"]), end="")
    else:
        return None
    return 0


def version_text(tuning: Sequence[str] = ()) -> str:
    """Name, version and form, and a note for each flag that was accepted and changes nothing."""
    from gossipper_tui.cli.sipp_flags import TUNING_FLAGS

    return "\n".join([f"gossipper {__version__} ({built_as()})", *(f"{flag}: {TUNING_FLAGS[flag]}" for flag in tuning)])


async def _built_in_xml(name: str) -> str:
    """The text of a built-in scenario. Raises OptionError when there is none of that name."""
    from engine import open_engine
    from engine.messages import DescribeScenario, ListScenarios
    from engine.options import OptionError

    async with open_engine() as bus:
        built_in = (await bus.call(ListScenarios(directory=""))).built_in
        if name not in built_in:
            raise OptionError("-sd", name, f"no built-in scenario '{name}'; there are {', '.join(built_in)}")
        return (await bus.call(DescribeScenario(source=name))).xml
