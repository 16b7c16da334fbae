# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of a run, to be scraped over HTTP by Prometheus and what understands its formats (`-metrics`)."""

from __future__ import annotations
