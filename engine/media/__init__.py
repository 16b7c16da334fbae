# SPDX-License-Identifier: AGPL-3.0-or-later
"""Media without I/O: packets, tracks to send, what is measured of what comes, keys; it opens no socket and reads no clock."""
