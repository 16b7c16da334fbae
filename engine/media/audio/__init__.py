# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of audio that is heard: its level, when it begins and ends, how long it let us wait, a recording of it."""
