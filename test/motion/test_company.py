"""Two ends of a link on different sides of a wall: who gives way, and how far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
import shapely

from swarm_consensus.motion.company import BESIDE, Company, Linked, Network, left_to_go
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.sight import Sight
from swarm_consensus.robot.conduct import Conduct
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.simulation.loading import parse

FENCE = np.array([[-8.0, -6.0], [8.0, -6.0], [8.0, 6.0], [-8.0, 6.0]])
PILLAR = np.array([[-0.5, -1.5], [0.5, -1.5], [0.5, 1.0], [-0.5, 1.0]])
OWN = 0
GOAL = np.array([5.0, 0.0])
SOUTH, NORTH = np.array([-3.0, -1.6, 0.0]), np.array([0.4, 1.8, 0.0])


def company(walls: shapely.Polygon | None = None) -> Company:
    return Company(OWN, guidance(walls))


def guidance(walls: shapely.Polygon | None = None) -> Guidance:
    return Guidance(shapely.Polygon(PILLAR) if walls is None else walls, FENCE, 0.3)


def ahead(position: np.ndarray) -> np.ndarray:
    return guidance().waypoint(position[:2], GOAL)


def network(places: Sequence[np.ndarray], links: Iterable[tuple[int, int]]) -> Network:
    table = np.zeros((len(places), len(places)))
    for i, j in links:
        table[i, j] = table[j, i] = 1.0
    return Network(table, np.array(places))


def linked(position: np.ndarray, *places: np.ndarray, height: float = 3.0, known: bool = True) -> Linked:
    """Robot OWN here, with links to these and no others that there are."""
    robots, margin = tuple(range(1, 1 + len(places))), np.full(len(places), 0.05)
    of_all = network([position, *places], [(OWN, robot) for robot in robots]) if known else None
    return Linked(robots, np.array(places).reshape(-1, 3), margin, Sight([Prism(PILLAR, height)]), of_all)


def test_who_has_farther_to_go_goes_to_the_other_and_that_one_goes_on() -> None:
    np.testing.assert_array_equal(company().kept(SOUTH, linked(SOUTH, NORTH), ahead(SOUTH), GOAL), NORTH[:2])
    np.testing.assert_array_equal(company().kept(NORTH, linked(NORTH, SOUTH), ahead(NORTH), GOAL), ahead(NORTH))


@pytest.mark.parametrize(
    "others",
    [
        [],
        [np.array([0.4, -2.2, 0.0])],  # on the same side
        [np.array([-4.0, 1.8, 0.0])],  # would not see it, but it has farther to go
    ],
)
def test_nobody_is_followed_without_need(others: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(company().kept(SOUTH, linked(SOUTH, *others), ahead(SOUTH), GOAL), ahead(SOUTH))


def test_nobody_is_followed_as_long_as_the_network_is_not_known() -> None:
    unknown = linked(SOUTH, NORTH, known=False)
    np.testing.assert_array_equal(company().kept(SOUTH, unknown, ahead(SOUTH), GOAL), ahead(SOUTH))


def test_both_above_the_wall_need_not_mind_it() -> None:
    above = (np.array([-3.0, -1.6, 2.0]), np.array([0.4, 1.8, 2.0]))
    low, high = linked(*above, height=1.0), linked(*above, height=3.0)
    np.testing.assert_array_equal(company().kept(above[0], low, ahead(SOUTH), GOAL), ahead(SOUTH))
    np.testing.assert_array_equal(company().kept(above[0], high, ahead(SOUTH), GOAL), NORTH[:2])


def test_it_goes_all_the_way_also_where_the_next_point_is_in_sight_of_the_other_again() -> None:
    follows = company()
    follows.kept(SOUTH, linked(SOUTH, NORTH), ahead(SOUTH), GOAL)
    near = np.array([-1.2, 0.2, 0.0])
    np.testing.assert_array_equal(follows.kept(near, linked(near, NORTH), near[:2], GOAL), NORTH[:2])
    there = NORTH - [0.7 * BESIDE, 0.0, 0.0]
    np.testing.assert_array_equal(follows.kept(there, linked(there, NORTH), ahead(there), GOAL), ahead(there))


def test_who_is_no_longer_linked_is_not_followed() -> None:
    follows = company()
    follows.kept(SOUTH, linked(SOUTH, NORTH), ahead(SOUTH), GOAL)
    np.testing.assert_array_equal(follows.kept(SOUTH, linked(SOUTH), ahead(SOUTH), GOAL), ahead(SOUTH))


WOUND = [  # from robot 2, the nearest to the goal, northwards round the pillar; robot 0 ends south of it
    np.array([0.6, -2.0, 0.0]),
    np.array([-1.5, -1.0, 0.0]),
    np.array([1.0, 2.0, 0.0]),
    np.array([-1.2, 1.6, 0.0]),
]
CHAIN = [(2, 3), (3, 1), (1, 0)]


def test_who_is_before_whom_goes_by_the_links_and_not_by_the_ways_round_walls() -> None:
    ways = guidance()
    assert ways.distance(WOUND[0], GOAL) < ways.distance(WOUND[1], GOAL)
    left = left_to_go(network(WOUND, CHAIN), 0, ways, GOAL)
    lengths = np.cumsum([np.linalg.norm(WOUND[i] - WOUND[j]) for i, j in CHAIN])
    np.testing.assert_allclose([left[i] for i in (2, 3, 1, 0)], left[2] + np.array([0.0, *lengths]))
    assert left[2] == pytest.approx(ways.distance(WOUND[2], GOAL))


def test_the_end_of_a_chain_that_is_wound_about_a_wall_goes_back_along_it() -> None:
    last = Linked((1,), WOUND[1][None], np.full(1, 0.05), Sight([Prism(PILLAR, 3.0)]), network(WOUND, CHAIN))
    np.testing.assert_array_equal(company().kept(WOUND[0], last, GOAL, GOAL), WOUND[1][:2])


def test_only_those_count_whom_links_join_with_the_robot() -> None:
    far, dead = np.array([4.9, 0.0, 0.0]), np.full(3, np.nan)
    left = left_to_go(network([SOUTH, NORTH, far, dead], [(0, 1)]), 0, guidance(), GOAL)
    assert left[1] == pytest.approx(guidance().distance(NORTH, GOAL))
    assert left[2:] == [np.inf, np.inf]


WORLD = """
file_version: 1
name: pillar
description: Three rovers whose shortest ways lead past a pillar on both sides.
bounds_m: [[-9, -7], [9, 7]]
obstacles: [{polygon_m: [[0, -1.7], [0.8, -1.7], [0.8, -0.1], [0, -0.1]], height_m: 3}]
radio: {range_m: 7.6, walls: block, delay_s: 0.2}
robots:
  - {name: south, vehicle: rover, position_m: [-5.6, -1.6]}
  - {name: north, vehicle: rover, position_m: [-3.5, -0.4]}
  - {name: far, vehicle: rover, position_m: [-4.7, 3.8]}
mission: {behaviour: rendezvous, goal_m: [5.2, -0.9]}
expect: {connected: true, links_kept: true, contacts: 0, inside_fence: true, arrived_within_m: 3, by_s: 55}
duration_s: 60
"""


def ran() -> Verdict:
    return judged_run(parse(WORLD, "pillar.yaml"), 0)


def test_a_swarm_passes_a_pillar_on_one_side() -> None:
    verdict = ran()
    assert verdict.held, [each for each in verdict.expectations if not each.held]


def test_without_company_two_hold_each_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conduct, "_beside", lambda self, moment: lambda ahead, goal: ahead)
    assert [each.name for each in ran().expectations if not each.held] == ["arrived_within_m"]
