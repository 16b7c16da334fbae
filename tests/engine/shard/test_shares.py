# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the run's figures mean for one of its shards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.options import RunConfig
from engine.scenario.compile import compile_program
from engine.scenario.load import load_scenario
from engine.scenario.program import Program, RunFacts
from engine.shard.shares import call_limit, calls_per_second, random_of, share_of, with_own_sockets
from tests.engine.call.virtual import UAC_CALL


def program(body: str = UAC_CALL) -> Program:
    scenario = load_scenario("test.xml", f'<scenario name="test">{body}</scenario>'.encode())
    return compile_program(scenario, RunFacts(local_ip="127.0.0.1", local_port=5060))


@given(st.integers(0, 10**6), st.integers(1, 64))
def test_shares_add_up_and_differ_by_one_at_most(total: int, count: int) -> None:
    shares = [share_of(total, index, count) for index in range(count)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_a_share_of_nothing_given_is_nothing_given() -> None:
    assert share_of(None, 0, 2) is None


def test_each_shard_may_open_its_share_of_the_sockets_and_at_least_one() -> None:
    config = RunConfig(max_socket=3)
    assert [with_own_sockets(config, index, 4).max_socket for index in range(4)] == [1, 1, 1, 1]
    assert [with_own_sockets(config, index, 2).max_socket for index in range(2)] == [2, 1]


def test_a_rate_is_calls_a_rate_period() -> None:
    assert calls_per_second(7, RunConfig(rate_period_ms=500)) == 14


@pytest.mark.parametrize(
    ("config", "rate", "limit"),
    [
        (RunConfig(), 10, 30),
        (RunConfig(pause_ms=5000), 10, 150),
        (RunConfig(pause_ms=5000, call_limit=4), 10, 4),
        (RunConfig(users=6), 10, 6),
        (RunConfig(users=6, call_limit=4), 10, 4),
        (RunConfig(), 0.01, 1),
    ],
)
def test_the_limit_of_open_calls(config: RunConfig, rate: float, limit: int) -> None:
    assert call_limit(config, program(), rate) == limit


def test_the_pauses_of_the_scenario_lengthen_its_calls() -> None:
    assert call_limit(RunConfig(), program(UAC_CALL.replace("1000", "20000")), 10) == 600


def test_a_pause_that_is_drawn_lengthens_calls_by_its_mean() -> None:
    drawn = 'distribution="normal" mean="20000" stdev="5000"'
    assert call_limit(RunConfig(), program(UAC_CALL.replace('milliseconds="1000"', drawn)), 10) == 600


def test_a_seed_repeats_the_random_numbers_of_each_shard() -> None:
    drawn = {index: random_of(7, index).random() for index in range(64)}
    assert drawn == {index: random_of(7, index).random() for index in range(64)}
    assert len(set(drawn.values())) == 64
    assert random_of(8, 0).random() != drawn[0]


def test_without_a_seed_random_numbers_differ() -> None:
    assert len({random_of(None, 0).random() for _ in range(10)}) == 10
