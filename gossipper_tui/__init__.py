# SPDX-License-Identifier: AGPL-3.0-or-later
"""Gossipper's interfaces: the command line, and the full-screen application over the engine's bus."""
