# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenTelemetry: the event log, metrics and the traces of followed calls, sent to a collector by OTLP.

What is sent is made of the SDK's own types and goes through its own exporters (the extra `otlp`); queues, batches and
attempts are ours (`delivery`), because the SDK's batch processors drop without counting. Only `settings` is imported by a run;
everything else imports the SDK, in the exporter's process.
"""

from __future__ import annotations
