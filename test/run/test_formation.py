"""The formation judged on the ground truth: whoever took which slot, wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.run.formation import FormationJudge
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.fleet import goal_of, task_of
from swarm_consensus.simulation.placement import PlacedRobot, place
from swarm_consensus.simulation.scenario import Expect, Fault, Mission, Radio, Robot, Scenario

SLOTS = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0, 0.5]]
PLACE = np.array([[*slot, 0.0][:3] for slot in SLOTS])
ALL = np.ones(4, dtype=bool)


def scenario(vehicle: str = "multirotor", **changes: object) -> Scenario:
    high = [1.0] if vehicle == "multirotor" else []
    fields: dict[str, object] = {
        "file_version": 1,
        "name": "square",
        "bounds_m": [[-10.0, -10.0], [10.0, 10.0]],
        "radio": Radio(range_m=9.0, loss=0.3),
        "robots": [
            Robot(vehicle=vehicle, name=name, position_m=[i - 5.0, 0.0, *high]) for i, name in enumerate("abcd")
        ],  # type: ignore[arg-type]
        "mission": Mission(behaviour="formation", slots_m=SLOTS, goal_m=[2.0, 2.0]),
        "expect": Expect(contacts=0, formation_error_m=0.2, by_s=20.0),
        "duration_s": 22.0,
    }
    return Scenario(**(fields | changes))  # type: ignore[arg-type]


def robots(given: Scenario) -> tuple[PlacedRobot, ...]:
    return place(given, np.random.default_rng(0))


def judge_of(vehicle: str = "multirotor") -> FormationJudge:
    given = scenario(vehicle)
    return FormationJudge(given, robots(given))


def test_of_nobody_and_of_one_nothing_is_wrong() -> None:
    assert judge_of().error(PLACE, ~ALL) == 0.0
    assert judge_of().error(PLACE + 7.0, np.array([True, False, False, False])) == pytest.approx(0.0)


@settings(max_examples=40, deadline=None)
@given(
    order=st.permutations(range(4)),
    shift=st.tuples(*[st.floats(-50, 50)] * 3),
    alive=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_whoever_stands_where_and_wherever_all_stand(
    order: list[int], shift: tuple[float, float, float], alive: list[bool]
) -> None:
    lives = np.array(alive) if sum(alive) == 1 else ALL
    assert judge_of().error(PLACE[order] + np.array(shift), lives) == pytest.approx(0.0, abs=1e-9)


def test_one_that_is_off_moves_the_best_centre_too() -> None:
    off = PLACE.copy()
    off[0, 0] -= 0.4  # the mean of the four moves by a quarter of it
    assert judge_of().error(off, ALL) == pytest.approx(0.3)


def test_altitude_counts_for_those_that_fly_only() -> None:
    level = PLACE * [1.0, 1.0, 0.0]
    assert judge_of("rover").error(level, ALL) == pytest.approx(0.0)
    assert judge_of().error(level, ALL) == pytest.approx(0.375)  # 0.5 less a quarter of it


@pytest.mark.parametrize("vehicle", ["multirotor", "rover"])
@pytest.mark.parametrize("goal", [None, [2.0, 2.0]])
def test_a_square_forms_with_and_without_a_goal(vehicle: str, goal: list[float] | None) -> None:
    given = scenario(vehicle, mission=Mission(behaviour="formation", slots_m=SLOTS, goal_m=goal))
    assert check(given) == []
    verdict = judged_run(given, 0)
    assert verdict.held, verdict.expectations


def test_without_the_one_that_died_the_others_form_and_stay() -> None:
    given = scenario(
        "rover",
        mission=Mission(behaviour="formation", slots_m=SLOTS),
        faults=[Fault(robot="b", crash_s=2.0)],
        expect=Expect(contacts=0, formation_error_m=0.2, by_s=26.0),
        duration_s=30.0,
    )
    verdict = judged_run(given, 0)
    assert verdict.held, verdict.expectations


def test_a_swarm_that_gathers_is_no_formation() -> None:
    verdict = judged_run(scenario(mission=Mission(behaviour="go_to", goal_m=[2.0, 2.0], slots_m=SLOTS)), 0)
    assert [e.name for e in verdict.expectations if not e.held] == ["formation_error_m"]


@pytest.mark.parametrize(
    ("mission", "told"),
    [
        (Mission(behaviour="go_to", goal_m=[1.0, 1.0]), "abcd"),
        (Mission(behaviour="go_to", goal_m=[1.0, 1.0], informed=["b", "c"]), "bc"),
        (Mission(behaviour="follow", goal_m=[1.0, 1.0], leader="d"), "d"),
    ],
)
def test_only_the_informed_are_told_the_goal_and_all_are_judged_by_it(mission: Mission, told: str) -> None:
    roster = robots(scenario())
    assert "".join(robot.name for robot in roster if task_of(mission, robot, roster).goal is not None) == told
    assert all(goal_of(mission, robot) is not None for robot in roster)
