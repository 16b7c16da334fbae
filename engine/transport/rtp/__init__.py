# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sockets for media: ports in pairs, packets sent without being copied, many in one system call."""
