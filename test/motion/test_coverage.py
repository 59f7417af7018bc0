"""Coverage: cells share the area out, a density draws robots, and Lloyd's law lowers its cost."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from situations import SQUARE, brief, seen

from swarm_consensus.motion.behaviour import Peak, Task
from swarm_consensus.motion.behaviours.coverage import Coverage
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.partition import density, free_samples, own_cell

BLOCK = Prism(np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]), 2.0)


def test_one_robot_has_all_and_one_at_the_same_place_takes_nothing() -> None:
    samples = free_samples(SQUARE, (), 0.0)
    assert own_cell(samples, np.ones(2), np.zeros((0, 2))).all()
    assert own_cell(samples, np.ones(2), np.ones((3, 2))).all()


def test_cells_are_those_of_the_nearest_robot() -> None:
    samples, places = free_samples(SQUARE, (BLOCK,), 0.3), np.random.default_rng(0).uniform(-5, 5, (7, 2))
    _, nearest = cKDTree(places).query(samples)
    for index, place in enumerate(places):
        mine = own_cell(samples, place, np.delete(places, index, axis=0))
        np.testing.assert_array_equal(mine, nearest == index)


def test_no_sample_lies_in_a_wall_or_nearer_than_the_clearance() -> None:
    samples = free_samples(SQUARE, (BLOCK,), 0.3)
    assert np.abs(samples).max() <= 4.7
    assert np.maximum(np.abs(samples)[:, 0], np.abs(samples)[:, 1]).min() >= 1.0
    assert len(samples) == pytest.approx(2000 * (9.4**2 - 2.0**2 - 4 * 2.0 * 0.3) / 100, rel=0.05)


def test_the_density_of_a_known_peak() -> None:
    # at its middle 1 + 4; one standard deviation away 1 + 4 exp(-1/2)
    peak = Peak(np.zeros(2), width=2.0, weight=4.0)
    found = density(np.array([[0.0, 0.0], [2.0, 0.0], [90.0, 0.0]]), [peak])
    np.testing.assert_allclose(found, [5.0, 1.0 + 4.0 * np.exp(-0.5), 1.0])


def spread(peaks: tuple[Peak, ...]) -> tuple[np.ndarray, list[float]]:
    """Follow the wishes of five robots that start in a corner; where they end, and the cost on the way."""
    laws = [Coverage(brief(Task("coverage", density=peaks), index=index)) for index in range(5)]
    places = np.random.default_rng(1).uniform(-4.5, -3.5, (5, 2))
    samples = free_samples(SQUARE, (), 0.3)
    mass, costs = density(samples, peaks), []
    for tick in range(0, 600, 5):
        steps = [
            law(seen(places[i], np.delete(places, i, axis=0), own=i, tick=tick)).velocity for i, law in enumerate(laws)
        ]
        places = places + 0.25 * np.array(steps)
        costs.append(float(mass @ cKDTree(places).query(samples)[0] ** 2))
    return places, costs


def test_the_cost_never_grows_and_falls_far() -> None:
    _, costs = spread(())
    # each heads for its middle of mass, which lowers the cost (Cortes 2004); samples are squares of 0.22 m
    assert max(np.diff(costs)) <= 0.01 * costs[0]
    # 5 robots in a square of side 9.4: at best 0.16 A^2 / n / A = about 1.7^2 m^2 a place; from the corner 6.7^2
    assert costs[-1] < 0.15 * costs[0]


def test_a_peak_is_covered_better_by_those_who_know_of_it() -> None:
    peak = Peak(np.array([3.0, 3.0]), width=1.0, weight=20.0)
    samples = free_samples(SQUARE, (), 0.3)
    mass = density(samples, [peak])
    aware, unaware = (float(mass @ cKDTree(spread(known)[0]).query(samples)[0] ** 2) for known in ((peak,), ()))
    assert aware < 0.9 * unaware


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("places", [np.zeros((0, 3)), np.zeros((4, 3)), np.full((2, 3), 40.0)])
def test_the_wish_is_finite_and_at_most_the_speed(dims: int, places: np.ndarray) -> None:
    situation = seen(np.zeros(dims), places[:, :dims])
    wish = Coverage(brief(Task("coverage"), dims=dims, obstacles=(BLOCK,)))(situation)
    assert wish.velocity.shape == (dims,)
    assert np.linalg.norm(wish.velocity) <= situation.speed + 1e-9


def test_whose_cell_is_empty_stays() -> None:
    outside, inside = np.array([400.0, 0.0]), np.array([[4.0, 0.0]])
    assert not Coverage(brief(Task("coverage")))(seen(outside, inside)).velocity.any()
