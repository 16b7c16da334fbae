# SPDX-License-Identifier: AGPL-3.0-or-later
"""glibc's own regular expressions, which SIPp uses, through ctypes.

They are a referee, not an engine: on `(b*|a+|)*c` and a few characters glibc never comes back, and nothing can stop it.
"""

from __future__ import annotations

import ctypes
import platform

import pytest

_EXTENDED = 1
_ROOM = 256
"""More than a `regex_t` is long."""
_GROUPS_AT = 6 * ctypes.sizeof(ctypes.c_void_p)
"""Where `re_nsub` stands in a `regex_t`."""

Span = tuple[int, int] | None


class _Match(ctypes.Structure):
    _fields_ = [("start", ctypes.c_int), ("end", ctypes.c_int)]


class GlibcExpression:
    """A compiled expression. Raises ValueError when glibc takes it for none."""

    def __init__(self, expression: str) -> None:
        self._libc = ctypes.CDLL(None)
        self._compiled = ctypes.create_string_buffer(_ROOM)
        if self._libc.regcomp(self._compiled, expression.encode("latin-1"), _EXTENDED):
            raise ValueError(expression)
        self.groups = ctypes.c_size_t.from_buffer(self._compiled, _GROUPS_AT).value

    def search(self, text: bytes) -> list[Span] | None:
        """Where the match and its groups are."""
        found = (_Match * (self.groups + 1))()
        if self._libc.regexec(self._compiled, text, ctypes.c_size_t(len(found)), found, 0):
            return None
        return [None if each.start < 0 else (each.start, each.end) for each in found]

    def free(self) -> None:
        """Let go of its memory."""
        self._libc.regfree(self._compiled)


needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc is the referee")
