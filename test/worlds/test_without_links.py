"""A scenario may do without the network, but only by saying so."""

from __future__ import annotations

import msgspec
import pytest

from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.scenario import Control, Expect, Mission, Radio, Robot, Scenario

# two rovers whose goals are 8 m apart, and a radio of 4 m
APART = Scenario(
    file_version=1,
    name="apart",
    bounds_m=[[-6, -6], [6, 6]],
    radio=Radio(range_m=4.0),
    robots=[Robot(vehicle="rover", name=name, position_m=[x, 0.0]) for name, x in (("a", -1.0), ("b", 1.0))],
    mission=Mission(behaviour="go_to", goals_m={"a": [-4.0, 0.0], "b": [4.0, 0.0]}),
    expect=Expect(connected=True, contacts=0, arrived_within_m=0.3),
    duration_s=20.0,
)


def free(scenario: Scenario) -> Scenario:
    return msgspec.structs.replace(scenario, control=Control(redundancy=0))


def test_links_kept_hold_two_robots_within_range_whatever_their_goals_are() -> None:
    verdict = judged_run(APART, 0)
    assert {e.name: e.held for e in verdict.expectations} == {
        "connected": True,
        "contacts": True,
        "arrived_within_m": False,
    }
    assert verdict.notes == ()


def test_without_links_they_go_where_they_are_told_and_the_verdict_says_that_nothing_was_guaranteed() -> None:
    verdict = judged_run(free(APART), 0)
    assert {e.name: e.held for e in verdict.expectations} == {
        "connected": False,
        "contacts": True,
        "arrived_within_m": True,
    }
    assert verdict.notes == (
        "control.redundancy is 0: no link was kept, and that the swarm stays one network was not guaranteed",
    )


@pytest.mark.parametrize("redundancy", [1, 2])
def test_a_start_that_is_not_connected_is_sound_only_without_links(redundancy: int) -> None:
    places = zip(APART.robots, (-4.0, 4.0), strict=True)
    robots = [msgspec.structs.replace(robot, position_m=[x, 0.0]) for robot, x in places]
    far = msgspec.structs.replace(APART, robots=robots)
    assert check(free(far)) == []
    assert check(msgspec.structs.replace(far, control=Control(redundancy=redundancy)))  # type: ignore[arg-type]
