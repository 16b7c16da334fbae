# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prometheus itself scrapes a run, as docs/observability.md tells it to, and answers every query of the dashboard."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.engine.export.metrics.dashboard import QUERIES, asked
from tests.interop.pages import page
from tests.programs import GOSSIPPER, Programs, free_port, require

LIMIT_S = 60
PERIOD_S = 10
"""Of rates: enough scrapes at one a second, on a busy machine too."""


class Prometheus:
    """One that scrapes `targets` every second."""

    def __init__(self, programs: Programs, targets: list[str]) -> None:
        port = free_port()
        config = re.search(r"```yaml\n(scrape_configs:.*?)```", page("observability.md"), re.S)
        assert config
        text = config[1].replace("scrape_interval: 5s", "scrape_interval: 1s")
        Path(programs.folder, "prometheus.yml").write_text(text.replace('["127.0.0.1:9464"]', json.dumps(targets)))
        self._url = f"http://127.0.0.1:{port}/api/v1/query?"
        self._program = programs.start(
            require("prometheus"),
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        self._program.wait_bound(port, LIMIT_S)
        end_s = time.monotonic() + LIMIT_S
        while not self._is_ready(port):
            assert time.monotonic() < end_s, self._program.output
            time.sleep(0.1)

    @staticmethod
    def _is_ready(port: int) -> bool:
        """It listens before it can answer, and says so."""
        try:
            with urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=LIMIT_S):
                return True
        except HTTPError:
            return False

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples that a query has now."""
        with urlopen(self._url + urlencode({"query": query}), timeout=LIMIT_S) as answer:
            told = json.load(answer)
        assert told["status"] == "success"
        assert told["data"]["resultType"] == "vector"
        return list(told["data"]["result"])

    def ask_until(self, query: str) -> list[dict[str, Any]]:
        """The samples of a query, once it has some."""
        end_s = time.monotonic() + LIMIT_S
        while not (found := self.ask(query)):
            assert time.monotonic() < end_s, f"nothing for {query}"
            time.sleep(0.5)
        return found


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped calls with media for a while, from either side."""
    require("prometheus")
    programs = Programs(tmp_path_factory.mktemp("prometheus"))
    try:
        sip, ours, theirs = free_port(), free_port(), free_port()
        command = [*GOSSIPPER, "sipp", "-i", "127.0.0.1"]
        server = ["-sn", "stream_uas", "-p", str(sip), "-metrics", f"127.0.0.1:{theirs}"]
        programs.start(*command, *server).wait_bound(sip)
        client = ["-sn", "stream_uac", "-r", "5", "-call_records", "/dev/null", "-metrics", f"127.0.0.1:{ours}"]
        programs.start(*command, *client, f"127.0.0.1:{sip}").wait_bound(ours)
        prometheus = Prometheus(programs, [f"127.0.0.1:{ours}", f"127.0.0.1:{theirs}"])
        prometheus.ask_until("count(gossipper_run_elapsed_seconds > 10) == 2")
        prometheus.ask_until("min(gossipper_calls_successful_total) > 10")
        prometheus.ask_until("sum(gossipper_queue_written_total) > 10")
        yield prometheus
    finally:
        programs.end()


def value_of(sample: dict[str, Any]) -> float:
    return float(sample["value"][1])


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_panel_has_something_to_show(scraped: Prometheus, query: str) -> None:
    samples = scraped.ask(asked(query, f"{PERIOD_S}s"))
    assert samples or "> 0" in query  # which leaves out what there is none of
    assert not any(math.isinf(value_of(sample)) for sample in samples)
    assert not samples or any(not math.isnan(value_of(sample)) for sample in samples)


def test_both_sides_are_scraped_well(scraped: Prometheus) -> None:
    assert [value_of(sample) for sample in scraped.ask('up{job="gossipper"}')] == [1, 1]
    assert all(value_of(sample) < 1000 for sample in scraped.ask("scrape_samples_scraped"))
    roles = {sample["metric"]["role"] for sample in scraped.ask("gossipper_run_info")}
    assert roles == {"uac", "uas"}


def test_the_query_of_the_page_is_answered(scraped: Prometheus) -> None:
    query = re.search(r"```text\n(histogram_quantile\(.*\))\n```", page("observability.md"))
    assert query
    assert all(0 < value_of(sample) < 70 for sample in scraped.ask_until(query[1]))
