# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in the value of a header: the entries of a list (RFC 3261 section 7.3.1), tags, branches.

What is quoted or between < and > is neither a comma nor a parameter. All takes time in proportion to the length.
"""

from __future__ import annotations

import re
from typing import Final

_QUOTE: Final = 0x22
_COMMA: Final = 0x2C
_ENTRY: Final = re.compile(rb'(?:[^",<]++|"(?:[^"\\]++|\\.)*+"?|<[^>]*+>?)++', re.S)
_QUOTED: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.S)
"""A quoted string, also one that nothing ends (RFC 3261 section 25.1)."""
_TAG: Final = re.compile(rb';[ \t]*tag[ \t]*=[ \t]*([^;,>" \t]+)', re.I)
_USUAL_TAG: Final = b";tag="
_BRANCH: Final = re.compile(rb';[ \t]*branch[ \t]*=[ \t]*([^;," \t]+)', re.I)
_USUAL_BRANCH: Final = b";branch="


def entries(value: bytes) -> list[bytes]:
    """The entries of a list, without white space around them; empty ones are left out."""
    return [entry for entry in map(bytes.strip, _ENTRY.findall(value)) if entry]


def tag_of(address: bytes) -> bytes:
    """The tag of a From or To (RFC 3261 section 19.3); b"" when it has none. Parameters of its URI are not the header's."""
    parameters = address[address.rfind(b">") + 1 :]
    tag = parameters[len(_USUAL_TAG) :]
    if tag.isalnum() and parameters.startswith(_USUAL_TAG):
        return tag
    if _QUOTE in address:
        unquoted = _QUOTED.sub(b'""', address)
        parameters = unquoted[unquoted.rfind(b">") + 1 :]
    found = _TAG.search(parameters)
    return found[1] if found else b""


def branch_of(via: bytes) -> bytes:
    """The branch of the first entry of a Via (RFC 3261 section 8.1.1.7); b"" when it has none."""
    if _QUOTE not in via and _COMMA not in via:
        branch = via.partition(_USUAL_BRANCH)[2].partition(b";")[0].strip()
        if branch:
            return branch
    found = _BRANCH.search(_QUOTED.sub(b'""', via).partition(b",")[0])
    return found[1] if found else b""
