# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kinds of media that a call may have (RFC 8866 section 5.14)."""

from __future__ import annotations

from enum import StrEnum


class MediaKind(StrEnum):
    """What an `m=` line is of, as it stands there."""

    AUDIO = "audio"
    VIDEO = "video"
    IMAGE = "image"
