"""Guidance: the way round walls, and where there is none."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely import LineString, box

from swarm_consensus.motion.guidance import Guidance

FENCE = np.array([[-5.0, -5.0], [5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]])
U = shapely.union_all([box(1, -2, 1.5, 2), box(-1, 1.5, 1.5, 2), box(-1, -2, 1.5, -1.5)])  # open to the west


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
