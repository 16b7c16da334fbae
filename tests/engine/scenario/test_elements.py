# SPDX-License-Identifier: AGPL-3.0-or-later
"""What elements and their attributes say, as far as no other subject has them."""

from __future__ import annotations

import pytest

from engine.errors import ScenarioErrors
from engine.scenario import library
from engine.scenario.describe import describe
from engine.scenario.load import load_scenario
from engine.scenario.model import Recv
from tests.engine.scenario.helpers import OPTIONS, problems_of, scenario_bytes

OK = '<recv response="200"/>'


def test_a_scenario_has_the_name_that_it_says() -> None:
    assert load_scenario("s.xml", f'<scenario name="Mine">{OPTIONS}</scenario>'.encode()).title == "Mine"


def test_a_reference_is_a_use() -> None:
    once = '<nop><action><assignstr assign_to="v" value="x"/></action></nop>'
    assert problems_of(OPTIONS + once) != []
    assert (
        problems_of(OPTIONS + once + '<Reference variables="u, v"/><recv response="200" next="a" test="u"/><label id="a"/>')
        == []
    )


def test_the_message_to_a_twin_is_read() -> None:
    message = "<DefaultMessage id='3pcc_abort'><![CDATA[{}]]></DefaultMessage>"
    sound = scenario_bytes(OPTIONS + message.format("Call-ID: [call_id]\nFrom: twin\n\n"))
    assert load_scenario("s.xml", sound).default_messages.keys() == {"3pcc_abort"}
    assert problems_of(OPTIONS + message.format("Call-ID: [cal_id]")) == [
        "s.xml:8: unknown keyword [cal_id] — did you mean [call_id]? Or give it a value with -key cal_id VALUE"
    ]


def test_ignoresdp_is_read() -> None:
    step = load_scenario("s.xml", scenario_bytes(OPTIONS + '<recv response="200" ignoresdp="true"/>' + OK)).steps
    assert [each.ignores_sdp for each in step if isinstance(each, Recv)] == [True, False]


def test_what_screens_show_of_a_step() -> None:
    body = OPTIONS + (
        '<recv response="180" optional="true" display="It rings" hide="true"/>'
        '<recv response="183" optional="true" hiderest="true"/><recv response="200"/><nop hide="false"/>'
        '<nop hiderest="false"/><nop/>'
    )
    steps = describe("s.xml", scenario_bytes(body)).steps
    assert [step.hidden for step in steps] == [False, True, True, True, False, False, False]
    assert [step.display for step in steps] == ["", "It rings", "", "", "", "", ""]


@pytest.mark.parametrize("name", sorted(library.LATER))
def test_a_built_in_scenario_of_later_is_refused_by_name(name: str) -> None:
    with pytest.raises(ScenarioErrors, match=f"^{name}: this built-in scenario is not built yet"):
        library.read_source(name)
