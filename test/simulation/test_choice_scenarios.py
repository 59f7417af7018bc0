"""Choices of scenarios: what is refused and why, before the first message."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.scenario import Scenario

FIELD = {"peaks": [{"at_m": [1, 0], "width_m": 2, "weight": 6}]}
POLICY = {"name": "cruise", "kind": "policy"}
MAP = {"name": "gas", "kind": "map", "field": FIELD, "bump_m": 4}
POWER = {"name": "charge", "kind": "power", "limit_w": 30}
BATTERY = {"capacity_j": 1000}
SEEK = {"behaviour": "seek", "agreed_goal": "gas", "spread_s": 5}


def scenario(*choices: dict[str, Any], **parts: Any) -> Scenario:
    """Rovers in a row, a metre apart."""
    robots = [{"name": n, "vehicle": "rover", "position_m": [i, 0]} for i, n in enumerate("abc")]
    base = {"file_version": 1, "name": "row", "bounds_m": [[-9, -9], [9, 9]], "radio": {"range_m": 8}, "duration_s": 10}
    return msgspec.convert(base | {"robots": robots, "choices": choices, "battery": BATTERY} | parts, Scenario)


def test_sound_ones_have_no_problem() -> None:
    assert check(scenario(POLICY, POWER, mission={"behaviour": "rendezvous", "agreed_speed": "cruise"})) == []
    assert check(scenario(MAP, mission=SEEK, expect={"chosen_within": {"gas": 1}, "chosen_after_s": 5})) == []


WRONG = [
    ([POLICY, MAP, POWER], {}, "choices has 3 entries, must have at most 2: a frame has no room for more"),
    ([POLICY | {"name": "Cruise"}], {}, "choices[0].name is 'Cruise', must be up to 32 lower-case letters"),
    ([POLICY, POLICY], {}, "choices[1].name is 'cruise', which choices[0] has already"),
    ([POLICY | {"bump_m": 1}], {}, "choices[0].bump_m is given, but kind is policy; map would read it"),
    ([POWER | {"interests": {"a": {}}}], {}, "choices[0].interests is given, but kind is power; policy would read it"),
    # not convex
    (
        [POLICY | {"interests": {"b": {"hurry": -1}}}],
        {},
        "choices[0].interests of 'b': hurry is -1, must be above 0: else the cost is not strictly convex",
    ),
    ([POLICY | {"interests": {"b": {"range": 0}}}], {}, "choices[0].interests of 'b': energy is 0, must be above 0"),
    (
        [POLICY | {"interests": {"b": {"payload": -2}}}],
        {},
        "choices[0].interests of 'b': energy is -1, must be above 0",
    ),
    ([POLICY | {"interests": {"b": {"weight": 0}}}], {}, "choices[0].interests of 'b': weight is 0, must be above 0"),
    ([POWER | {"saturation_1_w": 0}], {}, "saturation_1_w is 0, must be above 0: the gain is not strictly concave"),
    # infeasible limits
    ([POLICY | {"limits_m_s": [0.5, 0.4]}], {}, "choices[0].limits_m_s is [0.5, 0.4], must be two numbers above 0"),
    ([POLICY | {"limits_m_s": [0.0, 0.4]}], {}, "choices[0].limits_m_s is [0, 0.4], must be two numbers above 0"),
    (
        [POLICY | {"limits_m_s": [0.8, 0.9]}],
        {},
        "choices[0].limits_m_s begins at 0.8, must be at most 0.6, the speed limit of 'a': no speed suits all",
    ),
    ([POLICY | {"interests": {"d": {}}}], {}, "choices[0].interests has 'd'"),
    # sizes
    ([MAP | {"bump_m": 0.9}], {}, "choices[0].bump_m is 0.9, which makes "),
    ([MAP | {"bump_m": 0.9}], {}, "a frame has no room for more"),
    ([{"name": "gas", "kind": "map"}], {}, "choices[0].field is missing: kind is map"),
    ([{"name": "gas", "kind": "map"}], {}, "choices[0].bump_m is missing: kind is map"),
    (
        [MAP | {"field": {"peaks": [{"at_m": [1, 2, 3], "width_m": 1, "weight": 1}]}}],
        {},
        "choices[0].field.peaks[0].at_m has 3 numbers, must be [x, y]",
    ),
    ([{"name": "charge", "kind": "power"}], {}, "choices[0].limit_w is missing: kind is power"),
    ([POWER], {"battery": None}, "choices[0].kind is power, but there is no battery to charge"),
    ([POWER | {"loan_s": 0.1}], {}, "choices[0].loan_s is 0.1, must be at least 0.6: loans are renewed every 4 ticks"),
    ([POWER | {"reach_m": 0.2}], {}, "choices[0].reach_m is 0.2, must be above 0.25"),
    ([POWER | {"urgency": {"x": 1}}], {}, "choices[0].urgency has 'x'"),
    ([POWER, POWER | {"name": "more"}], {}, "choices has 2 of kind power, must have at most 1: there is one charger"),
    # who refers to them
    ([POLICY], {"mission": {"agreed_speed": "cruse"}}, "mission.agreed_speed has 'cruse', there is no such policy"),
    ([MAP], {"mission": SEEK | {"agreed_goal": "gass"}}, "mission.agreed_goal has 'gass', there is no such map"),
    ([MAP], {"mission": {"behaviour": "seek", "agreed_goal": "gas"}}, "mission.spread_s is missing: seek needs it"),
    ([POLICY], {"expect": {"chosen_within": {"x": 1}}}, "expect.chosen_within has 'x', there is no such choice"),
    ([POLICY], {"expect": {"mapped_within": {"cruise": 1}}}, "expect.mapped_within has 'cruise', there is no such map"),
    ([POLICY], {"expect": {"flown_within_m_s": 1}}, "expect.flown_within_m_s is given, but mission.agreed_speed"),
    ([POLICY], {"expect": {"overloaded": False}}, "expect.overloaded is given, but there is no choice of kind power"),
    ([POLICY], {"expect": {"chosen_after_s": 5}}, "expect.chosen_after_s says from when on"),
    (
        [POLICY],
        {"expect": {"chosen_after_s": 50, "chosen_within": {"cruise": 1}}},
        "expect.chosen_after_s is 50, must be at most duration_s, 10",
    ),
]


@pytest.mark.parametrize(("choices", "parts", "sentence"), WRONG)
def test_what_is_wrong_is_told(choices: list[dict[str, Any]], parts: dict[str, Any], sentence: str) -> None:
    problems = check(scenario(*choices, **parts))
    assert any(sentence in problem for problem in problems), problems
