# SPDX-License-Identifier: AGPL-3.0-or-later
"""SIP without I/O: what a message says, and where one ends in a stream. Bytes in, views out; no sockets, no clock."""
