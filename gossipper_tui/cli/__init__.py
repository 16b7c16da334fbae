# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line: what was typed becomes a configuration, a run, and an exit code. Nothing here imports textual."""
