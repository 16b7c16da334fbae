# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a run and its calls are to OpenTelemetry: its resource, and the ids of its calls' traces and spans.

Ids follow from the call, so what is told of it at different times and by different signals goes together: the events of a call
carry the id of its trace.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import AttributeValue

from engine.export.event_maker import resource_of
from engine.export.log_events import read_attributes
from engine.messages import RunStarted
from engine.version import __version__

SCOPE: Final = InstrumentationScope("gossipper", __version__)
_TRACE_BYTES, _SPAN_BYTES = 16, 8
_TOLD_OF_A_CALL_ID = 100


class Identity:
    """That of one run. `own` are the attributes that its user gave; they win over the variables, which win over ours."""

    def __init__(self, started: RunStarted, defaults: Mapping[str, str], own: Mapping[str, str]) -> None:
        name = f"{socket.gethostname()}/{started.pid}/{started.started_unix_ns}/{started.run}"
        self._key = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=16).digest()
        instance = str(uuid.UUID(bytes=self._key, version=4))
        config = started.config
        ours: dict[str, AttributeValue] = {
            **defaults,
            "service.instance.id": instance,
            "host.name": socket.gethostname(),
            "process.pid": started.pid,
            "gossipper.run": started.run,
            "gossipper.scenario": started.scenario.source,
            "gossipper.transport": config.transport,
            "gossipper.remote": config.remote,
        }
        said = dict(OTELResourceDetector().detect().attributes)
        self.resource = Resource.create({**ours, **said, **own})
        """What is the same for all that is sent."""

    def call(self, scenario: str, number: int, call_id: str) -> tuple[int, int]:
        """The ids of a call's trace and of its own span, neither of which is 0."""
        digest = self._digest(f"{scenario}/{number}/{call_id[:_TOLD_OF_A_CALL_ID]}", _TRACE_BYTES + _SPAN_BYTES)
        return int.from_bytes(digest[:_TRACE_BYTES]) or 1, int.from_bytes(digest[_TRACE_BYTES:]) or 1

    def child(self, span_id: int, index: int) -> int:
        """The id of the span of this index below another."""
        return int.from_bytes(self._digest(f"{span_id}/{index}", _SPAN_BYTES)) or 1

    def _digest(self, name: str, size: int) -> bytes:
        return blake2b(name.encode("utf-8", "replace"), digest_size=size, key=self._key).digest()


def identity_of(started: RunStarted) -> Identity:
    """Who a run is: what the event log says of it, with what its user adds (`-log_attr`)."""
    return Identity(started, resource_of(started, {}), read_attributes(started.config.log_attributes))
