# SPDX-License-Identifier: AGPL-3.0-or-later
"""What leaves a run while it goes on: event log, call records, Homer, OpenTelemetry, metrics. In a process of its own."""

from __future__ import annotations
