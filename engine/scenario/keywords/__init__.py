# SPDX-License-Identifier: AGPL-3.0-or-later
"""THE table of keywords: what may stand in brackets in a message or an action's text.

Each module here has one subject and a table `KEYWORDS` of its own; they are joined here. To add a keyword: a function that
takes the `Word` and the `Scope` and returns what it is in this run, and its entry in the table of the module that it
belongs to. What it returns is constant bytes, a `Slot` that is filled for each call, or several of these in order. Raise
`Misuse` when the word cannot be what it says. Every function is also called when a scenario is only checked, with the
facts of no run; mark an entry `needs_run` when that cannot work.

Only numbers heed an offset (`[cseq+1]`); on anything else SIPp ignores it, and so do we.
"""

from __future__ import annotations

from engine.scenario.keywords import addresses, authentication, call, clock, fields, files, identity, media, received, variables
from engine.scenario.scope import Language, join_tables

KEYWORDS = join_tables(
    addresses.KEYWORDS,
    authentication.KEYWORDS,
    call.KEYWORDS,
    clock.KEYWORDS,
    fields.KEYWORDS,
    files.KEYWORDS,
    identity.KEYWORDS,
    media.KEYWORDS,
    received.KEYWORDS,
    variables.KEYWORDS,
)

LANGUAGE = Language(KEYWORDS)
"""What texts in brackets mean."""
