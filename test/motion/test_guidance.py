"""Guidance: the way round walls, and where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from shapely import LineString, box

from swarm_consensus.motion.guidance import Guidance, guidance_among

FENCE = np.array([[-5.0, -5.0], [5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]])
U = shapely.union_all([box(1, -2, 1.5, 2), box(-1, 1.5, 1.5, 2), box(-1, -2, 1.5, -1.5)])  # open to the west


class CallCounter:
    """Counts how often a field is computed."""

    def __init__(self, function: Callable[[int], object]) -> None:
        self._function, self.calls = function, 0

    def __call__(self, target: int) -> object:
        self.calls += 1
        return self._function(target)


def walk(guidance: Guidance, start: np.ndarray, goal: np.ndarray, step: float = 0.05) -> np.ndarray:
    path = [start]
    for _ in range(2000):
        offset = guidance.waypoint(path[-1], goal) - path[-1]
        length = float(np.linalg.norm(offset))
        if length < step:
            if np.linalg.norm(goal - path[-1]) < 2 * step:
                break
            length = max(length, 1e-9)
        path.append(path[-1] + offset * min(1.0, step / length))
    return np.array(path)


def test_without_walls_the_goal_itself() -> None:
    goal = np.array([3.0, 4.0])
    assert Guidance(shapely.Polygon(), FENCE, 0.3).waypoint(np.zeros(2), goal) is goal


def test_the_third_coordinate_is_the_goals() -> None:
    ahead = Guidance(U, FENCE, 0.3).waypoint(np.array([0.0, 0.0, 1.0]), np.array([3.0, 0.0, 2.0]))
    assert ahead[2] == 2.0


def test_out_of_a_u_shaped_wall_and_not_much_longer_than_the_shortest_way() -> None:
    start, goal = np.array([0.5, 0.0]), np.array([3.0, 0.0])
    path = walk(Guidance(U, FENCE, 0.3), start, goal)
    assert np.linalg.norm(path[-1] - goal) < 0.15
    assert LineString(path).distance(U) > 0.3 - 0.15  # half a cell's diagonal
    # round the tip of an arm: the corners of the buffered U at (-1.3, 2.3) and (1.8, 2.3), straight in between
    shortest = math.hypot(1.8, 2.3) + 3.1 + math.hypot(1.2, 2.3)
    assert LineString(path).length < 1.15 * shortest


def test_walled_in_the_goal_itself_so_that_the_filter_decides() -> None:
    ring = box(-2, -2, 2, 2).difference(box(-1.5, -1.5, 1.5, 1.5))
    goal = np.array([4.0, 0.0])
    np.testing.assert_array_equal(Guidance(ring, FENCE, 0.3).waypoint(np.zeros(2), goal), goal)


def test_goals_of_one_cell_share_a_field_and_each_is_headed_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    guidance = Guidance(U, FENCE, 0.3)
    counted = CallCounter(guidance._computed)
    monkeypatch.setattr(guidance, "_computed", counted)
    here = np.array([3.0, 3.0])
    for east in np.linspace(3.0, 4.0, 101):  # as of a goal that moves by 1 cm a tick
        goal = np.array([east, 0.0])
        np.testing.assert_array_equal(guidance.waypoint(here, goal), goal)
    assert counted.calls <= 7  # cells of 0.2 m


def test_a_goal_nearer_to_a_wall_than_the_clearance_is_reached_without_turning_back() -> None:
    guidance, goal = Guidance(U, FENCE, 0.3), np.array([1.6, 0.0])  # 10 cm from the wall
    path = walk(guidance, np.array([0.5, 0.0]), goal)
    assert np.linalg.norm(path[-1] - goal) < 0.1
    distance = np.linalg.norm(path - goal, axis=1)
    near = distance[np.argmax(distance < 0.6) :]
    assert np.all(np.diff(near[near > 0.1]) < 0.0)


def test_more_goals_than_are_kept_are_computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_consensus.motion.guidance.KEPT", 2)
    guidance = Guidance(U, FENCE, 0.3)
    goals = [np.array([x, 4.0]) for x in (-4.0, 0.0, 4.0, -4.0)]
    here = np.array([0.5, 0.0])
    first, _, _, again = [guidance.waypoint(here, goal) for goal in goals]
    np.testing.assert_array_equal(first, again)
    assert len(guidance._fields) == 2


def test_robots_that_know_the_same_walls_share_a_map() -> None:
    wall = np.array([[1.0, -2.0], [1.5, -2.0], [1.5, 2.0], [1.0, 2.0]])
    one = guidance_among([wall], FENCE, 0.3)
    assert guidance_among([wall.copy()], FENCE.copy(), 0.3) is one
    assert guidance_among([wall + 0.1], FENCE, 0.3) is not one
    assert guidance_among([wall], FENCE, 0.31) is not one
    assert guidance_among([wall], 0.9 * FENCE, 0.3) is not one


def test_round_the_inward_corner_of_a_fence() -> None:
    angle = np.array([[-5.0, -5.0], [5.0, -5.0], [5.0, 0.0], [0.0, 0.0], [0.0, 5.0], [-5.0, 5.0]])
    path = walk(guidance_among([], angle, 0.3), np.array([-1.0, 4.0]), np.array([4.0, -1.0]))
    assert np.linalg.norm(path[-1] - [4.0, -1.0]) < 0.1
    assert shapely.Polygon(angle).buffer(-0.15).covers(LineString(path))
