# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files with keys: read once, when the run starts; a check only looks whether they are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from engine.scenario.input_files import Unreadable, check_regular, read_regular
from engine.scenario.problems import Misuse
from engine.scenario.scope import Scope
from engine.sip.stir import KeyProblem

MOST_KEY_BYTES: Final = 1 << 16

Key = TypeVar("Key")


def key_of(path: str, kind: Callable[[bytes], Key], scope: Scope) -> Key | None:
    """The key in a file, made by `kind`; None while a scenario is only checked. Raises Misuse, which names the file."""
    try:
        if scope.checking:
            check_regular(path, MOST_KEY_BYTES)
            return None
        return kind(read_regular(path, MOST_KEY_BYTES))
    except Unreadable as error:
        raise Misuse(f"cannot read the key {path}: {error}") from None
    except KeyProblem as error:
        raise Misuse(
            f"cannot use the key {path}: {error}", "make one: openssl ecparam -genkey -noout -name prime256v1"
        ) from None
