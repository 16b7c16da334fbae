# SPDX-License-Identifier: AGPL-3.0-or-later
"""The password of a private key, asked for on the terminal.

It goes where whoever has no terminal puts it, the environment: what runs calls finds it there, and it is in no configuration,
recording or command line.
"""

from __future__ import annotations

import getpass
import os
import sys

from engine.errors import KeyPasswordNeeded


def ask_password(needed: KeyPasswordNeeded) -> None:
    """Ask for it. Raises `needed` when there is nobody to ask, or no answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise needed
    try:
        password = getpass.getpass(f"Password of {needed.path}: ")
    except (EOFError, KeyboardInterrupt):
        raise needed from None
    os.environ[needed.variable] = password
