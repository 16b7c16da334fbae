# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which address a call comes from."""

from __future__ import annotations

import pytest

from engine.messages import Role
from engine.options import RunConfig
from engine.scenario.data_files import Problem
from engine.shard.sources import FieldSources, ListedSources, make_sources
from tests.engine.scenario.helpers import data_file


def test_calls_take_the_addresses_of_a_list_in_turn_and_shards_share_the_numbers() -> None:
    listed = ListedSources(("a", "b", "a"))
    assert [listed.address_of(number, 0) for number in range(1, 8)] == ["a", "b", "a", "a", "b", "a", "a"]
    assert [[listed.address_of(number, 0) for number in (1 + index, 3 + index)] for index in (0, 1)] == [["a", "a"], ["b", "a"]]


def test_rows_are_taken_in_their_order_repeated_ones_too_and_comments_are_none() -> None:
    file = data_file("SEQUENTIAL\nalice;127.0.1.2\n# none\nbob;127.0.1.1\ncarol; [::1] \ndave;127.0.1.2\n")
    of_field = FieldSources(file, 1)
    expected = ["127.0.1.2", "127.0.1.1", "::1", "127.0.1.2", "127.0.1.2"]
    assert [of_field.address_of(number, 0) for number in range(1, 6)] == expected


@pytest.mark.parametrize(("order", "user"), [("SEQUENTIAL", 0), ("RANDOM", 0), ("USER", 3)])
def test_the_line_is_the_one_whose_fields_the_messages_say(order: str, user: int) -> None:
    lines = [f"127.0.1.{number};name{number}" for number in range(1, 51)]
    file = data_file("\n".join((order, *lines, "")))
    of_field = FieldSources(file, 0)
    for number in (5, 4, 17, 17, 90):
        address = of_field.address_of(number, user)
        file.take(1, 1)  # another call's message is written in between
        file.take(number, user)
        assert file.own == [address.encode(), b"name" + address.rpartition(".")[2].encode()]


def test_a_line_that_was_replaced_says_what_its_address_is_now() -> None:
    file = data_file("SEQUENTIAL\n127.0.1.1\n")
    of_field = FieldSources(file, 0)
    file.replace(0, b"127.0.1.5")
    assert of_field.address_of(1, 0) == "127.0.1.5"
    file.replace(0, b"nowhere")
    with pytest.raises(Problem, match=r"-ip_field: dir/a\.csv: the line that replaced line 0: 'nowhere' is no IP address"):
        of_field.address_of(1, 0)
    file.replace(0, b"")
    with pytest.raises(Problem, match="'' is no IP address"):
        of_field.address_of(2, 0)
    with pytest.raises(Problem, match="'' is no IP address"):
        FieldSources(data_file("SEQUENTIAL\na\n"), 7).address_of(1, 0)


def test_a_user_without_a_line_has_no_address() -> None:
    of_field = FieldSources(data_file("USER\n127.0.1.1\n"), 0)
    assert of_field.address_of(9, 1) == "127.0.1.1"
    with pytest.raises(Problem, match="user 2 needs its own"):
        of_field.address_of(10, 2)


def test_addresses_may_be_counted_by_a_pattern() -> None:
    of_field = FieldSources(data_file("SEQUENTIAL,PRINTF=3,PRINTFOFFSET=7\nname%03d;127.0.1.%d\n"), 1)
    assert [of_field.address_of(number, 0) for number in range(1, 5)] == ["127.0.1.7", "127.0.1.8", "127.0.1.9", "127.0.1.7"]


def test_without_addresses_and_at_a_server_none_are_chosen() -> None:
    file = data_file("SEQUENTIAL\n127.0.1.1\n")
    files = {"a.csv": file}
    assert make_sources(RunConfig(), Role.UAC, (), files) is None
    assert make_sources(RunConfig(transport="ui"), Role.UAS, ("127.0.1.1",), files) is None
    by_field = make_sources(RunConfig(transport="ui"), Role.UAC, ("127.0.1.1",), files)
    assert isinstance(by_field, FieldSources)
    assert isinstance(make_sources(RunConfig(source_list="::1"), Role.UAC, ("::1",), files), ListedSources)
