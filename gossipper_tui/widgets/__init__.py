# SPDX-License-Identifier: AGPL-3.0-or-later
"""Widgets, one a file with its CSS beside it. They draw what views compute and post typed messages; they decide nothing."""
