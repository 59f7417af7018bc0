"""What is judged of coverage and exploration, on areas whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from swarm_consensus.run.coverage import covered
from swarm_consensus.run.exploration import Exploration
from swarm_consensus.simulation.scenario import Obstacle, Radio, Robot, Scenario


def square(obstacles: list[Obstacle] | None = None) -> Scenario:
    return Scenario(
        file_version=1,
        name="square",
        bounds_m=[[-5, -5], [5, 5]],
        radio=Radio(range_m=9.0),
        robots=[Robot(vehicle="rover", name="a", position_m=[0, 0])],
        obstacles=obstacles or [],
        duration_s=1.0,
    )


def test_nobody_alive_covers_nothing() -> None:
    assert covered(square(), np.zeros((1, 3)), np.zeros(1, dtype=bool)) is None


def test_one_in_the_middle_of_a_square() -> None:
    found = covered(square(), np.zeros((2, 3)) + np.array([[0, 0, 1], [5, 5, 0]]), np.array([True, False]))
    assert found is not None
    # a corner is 5 sqrt(2) away; the mean square over a square of side 10 is 10^2 / 6
    assert found.farthest == pytest.approx(5 * np.sqrt(2), abs=0.1)
    assert found.rms == pytest.approx(np.sqrt(100 / 6), abs=0.02)


def test_what_a_disc_shows_of_a_square_and_not_twice() -> None:
    seen = Exploration(square())
    assert seen.share == 0.0
    for _ in range(2):
        seen.look(np.zeros((1, 3)))
    assert seen.share == pytest.approx(np.pi * 2**2 / 100, rel=0.02)


def test_a_wall_hides_unless_one_flies_above_it() -> None:
    wall = Obstacle(polygon_m=[[0.1, -5], [0.2, -5], [0.2, 5], [0.1, 5]], height_m=1.0)
    below, above = Exploration(square([wall])), Exploration(square([wall]))
    below.look(np.array([[0.0, 0.0, 0.1]]))
    above.look(np.array([[0.0, 0.0, 1.5]]))
    assert below.share < 0.6 * above.share
