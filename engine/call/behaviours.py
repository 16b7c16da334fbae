# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which of SIPp's default behaviours are on (`-default_behaviors`, `-aa`)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import OptionError

NAMES = {"bye": "bye", "abortunexp": "abort_unexpected", "pingreply": "ping_reply", "cseq": "cseq"}
"""By the words of SIPp's list, what each turns on."""


@dataclass(frozen=True, slots=True)
class Behaviours:
    """SIPp's default behaviours (`-default_behaviors`), and `-aa`."""

    bye: bool = True
    """End an aborted call with BYE or CANCEL, and answer a BYE or CANCEL that the scenario does not know."""
    abort_unexpected: bool = True
    """A message that the scenario does not know ends its call as failed."""
    ping_reply: bool = True
    """Answer PING."""
    cseq: bool = True
    """A response must be to a method that the scenario has sent."""
    auto_answer: bool = False
    """Answer INFO, NOTIFY, OPTIONS and UPDATE."""

    @classmethod
    def parse(cls, text: str, *, auto_answer: bool = False) -> Behaviours:
        """The behaviours that SIPp's list names (`all,-bye`). Raises OptionError."""
        chosen = dict.fromkeys(NAMES.values(), False)
        for word in text.split(","):
            on, name = not word.strip().startswith("-"), word.strip().removeprefix("-")
            if name in ("all", "none"):
                chosen = dict.fromkeys(NAMES.values(), on == (name == "all"))
            elif name in NAMES:
                chosen[NAMES[name]] = on
            else:
                known = ", ".join(("all", "none", *NAMES))
                raise OptionError("-default_behaviors", text, f"'{name}' is not one of {known}")
        return cls(**chosen, auto_answer=auto_answer)
