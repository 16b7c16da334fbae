# SPDX-License-Identifier: AGPL-3.0-or-later
"""Streams: one stack for TCP, TLS, WS and WSS, whose layers do not know each other."""
