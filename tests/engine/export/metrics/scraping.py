# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a scraper does: asks over a connection of its own, and reads both formats as `prometheus_client` does."""

from __future__ import annotations

from collections.abc import Mapping

import trio
from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

OPENLY = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
LIMIT_S = 10
MOST_BYTES = 1 << 20

Key = tuple[str, frozenset[tuple[str, str]]]
"""The name of a sample, and its labels."""


async def ask(port: int, request: bytes) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers in lower case, and body of what is answered to these bytes; status 0 where nothing is."""
    with trio.fail_after(LIMIT_S):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        async with stream:
            await stream.send_all(request)
            told = b"".join([part async for part in stream])
    head, _, body = told.partition(b"\r\n\r\n")
    status, *lines = head.decode("ascii").split("\r\n")
    fields = (line.partition(": ") for line in lines)
    return int(status.split()[1]) if status else 0, {name.lower(): value for name, _, value in fields}, body


def get(path: str = "/metrics", accept: str = "", method: str = "GET") -> bytes:
    """A request."""
    accepting = f"Accept: {accept}\r\n" if accept else ""
    return f"{method} {path} HTTP/1.1\r\nHost: here\r\n{accepting}\r\n".encode("ascii")


async def scrape(port: int, accept: str = OPENLY) -> dict[Key, float]:
    """The samples of a run."""
    status, headers, body = await ask(port, get(accept=accept))
    assert status == 200, body
    return read(body, headers["content-type"])


def read(body: bytes, content_type: str) -> dict[Key, float]:
    """The samples of a text in one of the two formats; each is there once."""
    parser = openmetrics_parser if content_type.startswith("application/openmetrics-text") else text_parser
    found: dict[Key, float] = {}
    for family in parser.text_string_to_metric_families(body.decode("utf-8")):
        assert family.documentation
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def key(name: str, **labels: str) -> Key:
    """That of a sample."""
    return f"gossipper_{name}", frozenset(labels.items())


def over(samples: Mapping[Key, float], name: str) -> dict[str, float]:
    """The samples of this name, by the value of their one label."""
    found = {}
    for (sample, labels), value in samples.items():
        if sample == f"gossipper_{name}":
            ((_, label),) = labels
            found[label] = value
    return found
