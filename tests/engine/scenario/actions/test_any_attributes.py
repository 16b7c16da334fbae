# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever stands in the attributes of an action or a pause: it is refused, or it can be run."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ScenarioErrors
from engine.scenario.actions import ACTIONS
from engine.scenario.attributes import OF_ELEMENT
from engine.scenario.compile import compile_program
from engine.scenario.load import load_scenario
from engine.scenario.program import PauseStep, RunAborted, RunFacts, Step
from engine.scenario.variables import Value
from tests.engine.scenario.helpers import FACTS, OPTIONS, REPLY, Call, scenario_bytes

PIECES = r"""
    v w v,w $v [$v] [call_number] [last_Via:] [field0] [len] 0 1 -1 1.5 1e308 -1e400 nan inf 0x1F 1_0 true false 2 x
    .* (a|ab)(c|bcd)* ([^;]+);.* [[:alpha:]]+ a{2,3} ( [a *a \1 (x)\1 ^$ To: To SIP/2.0 msg hdr body var equal less_than
    normal uniform fixed gamma negbin pareto \n \x41 % %41 %4 é
"""
WORDS = PIECES.split()
TEXTS = st.one_of(
    st.sampled_from([*WORDS, "", " ", ",", "a b", "&lt;", "&quot;"]),
    st.lists(st.sampled_from(WORDS), max_size=4).map("".join),
    st.text(alphabet=st.characters(max_codepoint=255, exclude_characters='<&"\\'), max_size=12),
)
VALUES: st.SearchStrategy[Value] = st.one_of(st.none(), st.booleans(), st.floats(), st.binary(max_size=12))


def element(name: str, attributes: dict[str, str]) -> str:
    """The element as it stands in a file."""
    return f"<{name} " + " ".join(f'{key}="{value}"' for key, value in attributes.items()) + "/>"


def attributes_of(names: frozenset[str]) -> st.SearchStrategy[dict[str, str]]:
    """Some attributes with any text."""
    return st.dictionaries(st.sampled_from(sorted(names)), TEXTS, max_size=6) if names else st.just({})


def run_or_refuse(body: str, value: Value, *, acts: bool = True) -> None:
    """Load, compile and run; only errors of the scenario are raised."""
    try:
        scenario = load_scenario("s.xml", scenario_bytes(OPTIONS + body + '<Reference variables="v,w"/>'))
        program = compile_program(scenario, RunFacts(**FACTS))
    except ScenarioErrors:
        return
    for call in (Call(), Call(last=REPLY, message=REPLY.data)):
        call.variables = [value] * len(program.variables)
        for step in program.steps:
            if isinstance(step, PauseStep) and step.draw is not None:
                assert step.draw(call) >= 0
            if acts:
                act(step, call)


def act(step: Step, call: Call) -> None:
    """Run the actions of a step."""
    for action in step.actions:
        with contextlib.suppress(RunAborted):
            action(call)


@pytest.mark.parametrize("name", sorted(ACTIONS))
@given(data=st.data(), value=VALUES)
def test_any_attributes_of_an_action(name: str, data: st.DataObject, value: Value) -> None:
    own = ACTIONS[name].own
    attributes = data.draw(attributes_of(ACTIONS[name].attributes | ({own, own + "a", own + "message"} if own else set())))
    # Nobody knows what any text is to a shell.
    run_or_refuse(f"<nop><action>{element(name, attributes)}</action></nop>", value, acts=name != "exec")


@given(attributes=attributes_of(frozenset(OF_ELEMENT["pause"]) - {"next"}), value=VALUES)
def test_any_attributes_of_a_pause(attributes: dict[str, str], value: Value) -> None:
    run_or_refuse(element("pause", attributes), value)
