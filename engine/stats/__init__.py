# SPDX-License-Identifier: AGPL-3.0-or-later
"""Measuring: counters, samples, and snapshots of both that add. It formats nothing and decides nothing but the verdict."""
