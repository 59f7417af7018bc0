"""Whole swarms: the batched filter and DAQP judge each other, the compiled step and numpy's give the same numbers."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.errors import InputError, SwarmError
from swarm_consensus.motion.barrier import TOLERANCE, barrier_filter
from swarm_consensus.motion.batch import compiled, kernels, projection, step
from swarm_consensus.motion.batch.neighbours import neighbours, padded, pairs_within
from swarm_consensus.motion.batch.rows import batch_rows
from swarm_consensus.motion.limits import Limits, linear_rows

PATHS = [
    projection,
    pytest.param(compiled, marks=pytest.mark.skipif(not kernels.COMPILES, reason="numba is missing")),
]
needs_numba = pytest.mark.skipif(not kernels.COMPILES, reason="numba is missing")


def problems(seed: int, rows: int, dims: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eight robots: random rows, with duplicates, opposites, vertices of many rows, zero bounds and empty places."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(8, rows, dims))
    matrix /= np.linalg.norm(matrix, axis=2, keepdims=True)
    bounds = rng.uniform(0.0, 0.5, (8, rows))
    matrix[1, rows // 2 :] = matrix[1, 0]  # duplicates with other bounds
    matrix[2, rows // 2 :], bounds[2] = -matrix[2, 0], 0.0  # a slit of no width
    bounds[3] = 0.0  # all rows through the one vertex v = 0
    corner = 0.3 * matrix[4].mean(axis=0)
    bounds[4] = np.maximum(matrix[4] @ corner, 0.0)  # many rows through another vertex
    bounds[5, rng.random(rows) < 0.5] = 0.0
    bounds[6, 1:] = np.inf
    matrix[7], bounds[7] = np.round(matrix[7]), 0.25  # axes and diagonals
    matrix[7] /= np.maximum(np.linalg.norm(matrix[7], axis=1, keepdims=True), 1.0)
    return rng.uniform(-1, 1, (8, dims)), matrix, bounds


drawn = st.tuples(st.integers(0, 2**32), st.integers(1, 30), st.sampled_from([2, 3]))


@pytest.mark.parametrize("path", PATHS)
def test_without_rows_the_desired_velocity_passes(path: ModuleType) -> None:
    desired = np.array([[0.3, -0.2], [0.0, 1.0]])
    out = path.project(desired, np.zeros((2, 0, 2)), np.zeros((2, 0)))
    np.testing.assert_array_equal(out.velocity, desired)
    assert out.feasible.all()


@pytest.mark.parametrize("path", PATHS)
def test_a_robot_that_is_no_number_stands_still_and_the_others_go_on(path: ModuleType) -> None:
    desired = np.ones((4, 2))
    matrix, bounds = np.tile([1.0, 0.0], (4, 1, 1)), np.full((4, 1), 0.25)
    desired[0, 1], matrix[1, 0, 0], bounds[2, 0] = np.nan, np.nan, np.nan
    out = path.project(desired, matrix, bounds)
    np.testing.assert_array_equal(out.feasible, [False, False, False, True])
    np.testing.assert_array_equal(out.velocity, [[0, 0], [0, 0], [0, 0], [0.25, 1.0]])


@pytest.mark.parametrize("path", PATHS)
def test_rows_that_exclude_each_other_stop_the_robot(path: ModuleType) -> None:
    out = path.project(np.ones((1, 2)), np.array([[[1.0, 0.0], [-1.0, 0.0]]]), np.array([[-0.1, -0.1]]))
    assert not out.feasible[0]
    assert not out.velocity.any()


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=150, deadline=None)
@given(drawn=drawn)
def test_the_batched_filter_and_daqp_agree(path: ModuleType, drawn: tuple[int, int, int]) -> None:
    desired, matrix, bounds = problems(*drawn)
    out = path.project(desired, matrix, bounds)
    assert out.feasible.all()
    assert ((matrix @ out.velocity[..., None])[..., 0] - bounds).max() <= TOLERANCE
    for robot, (wish, rows, limit) in enumerate(zip(desired, matrix, bounds, strict=True)):
        real = np.isfinite(limit)
        by_daqp = barrier_filter(wish, rows[real], limit[real])
        # the nearest point is unique. DAQP may miss a row by 1e-10, and a vertex at sine 0.01 moves by 100 times that
        assert by_daqp.feasible
        assert np.linalg.norm(out.velocity[robot] - wish) <= np.linalg.norm(by_daqp.velocity - wish) + 1e-8


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=150, deadline=None)
@given(drawn=drawn)
def test_active_rows_certify_that_nothing_is_nearer(path: ModuleType, drawn: tuple[int, int, int]) -> None:
    desired, matrix, bounds = problems(*drawn)
    out = path.project(desired, matrix, bounds)
    for robot, (wish, velocity) in enumerate(zip(desired, out.velocity, strict=True)):
        rows = out.active[robot][out.active[robot] >= 0]
        normals = matrix[robot, rows]
        # Karush, Kuhn, Tucker: active rows are met with equality, and v* - v is a positive sum of their normals
        np.testing.assert_allclose(normals @ velocity, bounds[robot, rows], atol=1e-9)
        share = np.linalg.lstsq(normals.T, wish - velocity, rcond=None)[0] if len(rows) else np.zeros(0)
        assert (share >= -1e-6).all()
        np.testing.assert_allclose(normals.T @ share, wish - velocity, atol=1e-9)


@needs_numba
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("angle", [1e-3, 1e-6, 1e-9, 1e-13])
def test_rows_at_a_small_angle_are_met(dims: int, angle: float) -> None:
    # two rows and a wish between and behind them: v* = (1, 0) against x + angle y <= 0.2 and x - angle y <= 0.2
    matrix = np.zeros((1, 2, dims))
    matrix[0, :, :2] = [[np.cos(angle), np.sin(angle)], [np.cos(angle), -np.sin(angle)]]
    desired = np.zeros((1, dims))
    desired[0, 0] = 1.0
    for path in (projection, compiled):
        out = path.project(desired, matrix, np.full((1, 2), 0.2))
        assert out.feasible[0]
        assert (matrix[0] @ out.velocity[0] <= 0.2 + TOLERANCE).all()
        # the vertex is at x = 0.2 / cos(angle), y = 0; along y the rows say little, and the projection on one of
        # them, angle away from the vertex, breaks the other by no more than its rounding when the angle is small
        np.testing.assert_allclose(
            out.velocity[0, :2], [0.2 / np.cos(angle), 0.0], atol=1e-9 if angle == 1e-3 else 1e-6
        )
        assert abs(out.velocity[0, 0] - 0.2 / np.cos(angle)) <= 1e-9


def test_nobody_near_and_a_crowd_of_any_size() -> None:
    assert neighbours(np.array([[0.0, 0.0], [9.0, 0.0]]), 1.0).mask.sum() == 0
    assert neighbours(np.zeros((0, 2)), 1.0).index.shape == (0, 1)
    crowd = neighbours(np.zeros((200, 3)), 1.0)  # all 199 others are near: none is dropped
    assert (crowd.count == 199).all()
    assert all(set(row) == set(range(200)) - {robot} for robot, row in enumerate(crowd.index))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([2, 3]))
def test_neighbours_are_all_those_within_the_radius(seed: int, robots: int, dims: int) -> None:
    position = np.random.default_rng(seed).uniform(0.0, 4.0, (robots, dims))
    near = neighbours(position, 1.0)
    distance = np.linalg.norm(position[:, None] - position, axis=2)
    for robot in range(robots):
        expected = set(np.flatnonzero(distance[robot] <= 1.0)) - {robot}
        assert set(near.index[robot, : near.count[robot]]) == expected
    for mine, theirs in zip(kernels.pad(pairs_within(position, 1.0), robots), (near.index, near.count), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([2, 3]))
def test_rows_of_a_swarm_are_the_rows_on_board(seed: int, dims: int) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=(6, 5, dims))
    axis /= np.linalg.norm(axis, axis=2, keepdims=True)
    slope = rng.choice([0.0, 0.0, 1e-6, 0.4, 1.0], (6, 5), p=[0.4, 0.2, 0.1, 0.2, 0.1])
    bound = np.where(slope > 0.0, 0.0, rng.uniform(0.0, 2.0, (6, 5)))
    mask = rng.random((6, 5)) < 0.8
    rows = batch_rows(Limits(axis, slope, bound), mask, 1.0)
    for robot, real in enumerate(mask):
        alone = linear_rows(Limits(axis[robot, real], slope[robot, real], bound[robot, real]), 1.0)
        assert rows.held[robot] == (alone is None)
        if alone is not None:
            used = np.isfinite(rows.bounds[robot])
            np.testing.assert_array_equal(rows.matrix[robot, used], alone[0])
            np.testing.assert_array_equal(rows.bounds[robot, used], alone[1])


def flock(dims: int, **changed: float) -> step.Flock:
    numbers = {"separation": 0.5, "reach": 1.6, "sight": 1.6, "speed": 1.0, "period": 0.05}
    numbers |= {"gain": 3.0, "cohesion": 0.5, "width": 0.5}
    return step.Flock(cruise=0.5 * np.eye(dims)[0], **(numbers | changed))


def scattered(rng: np.random.Generator, robots: int, dims: int) -> np.ndarray:
    """Positions on a shaken grid: apart by 0.7 to 1.5 m."""
    side = int(np.ceil(robots ** (1 / dims)))
    grid = np.stack(np.meshgrid(*[np.arange(side)] * dims), axis=-1).reshape(-1, dims)[:robots]
    return 1.1 * grid + rng.uniform(-0.2, 0.2, (robots, dims))


@needs_numba
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([2, 3]), st.sampled_from([0.4, 0.9, 2.0]))
def test_the_compiled_step_gives_the_numbers_of_numpy(seed: int, robots: int, dims: int, crowding: float) -> None:
    # crowding 0.4: many are too near (cones, hold still); 2.0: links are stretched too far (cones the other way)
    position = crowding * scattered(np.random.default_rng(seed), robots, dims)
    position[0] = position[-1]  # two in one place, or one robot alone
    links = padded(pairs_within(position, 2.0), robots)
    by_numpy, by_numba = (path.swarm_step(flock(dims), position, links) for path in (step, compiled))
    np.testing.assert_array_equal(by_numba.held, by_numpy.held)
    np.testing.assert_array_equal(by_numba.feasible, by_numpy.feasible)
    np.testing.assert_allclose(by_numba.velocity, by_numpy.velocity, atol=1e-9)
    assert by_numpy.feasible.all()
    assert (np.linalg.norm(by_numpy.velocity, axis=1) <= 1.0 + 1e-9).all()


def walked(dims: int, *, filtered: bool) -> tuple[float, float]:
    """Smallest distance of any two, and greatest length of a link, on a walk of 150 steps."""
    position = scattered(np.random.default_rng(5), 40, dims)
    # robots are drawn together so strongly that they collide, and width keeps none off
    swarm = flock(dims, cohesion=3.0, width=1e-6)
    pairs = pairs_within(position, swarm.reach - swarm.speed * swarm.period)
    links, least, most = padded(pairs, len(position)), np.inf, 0.0
    for _ in range(150):
        velocity = step.swarm_step(swarm, position, links).velocity
        if not filtered:
            near = neighbours(position, swarm.sight)
            offset = position[:, None] - position[near.index]
            velocity = step.flocking(swarm, position, near, offset, np.linalg.norm(offset, axis=2))
        position = position + swarm.period * velocity
        close = pairs_within(position, 1.0)
        least = min(least, np.linalg.norm(position[close[:, 0]] - position[close[:, 1]], axis=1).min(initial=1.0))
        most = max(most, np.linalg.norm(position[pairs[:, 0]] - position[pairs[:, 1]], axis=1).max())
    return float(least), float(most)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_swarm_keeps_apart_and_together_and_without_the_filter_does_not(dims: int) -> None:
    least, most = walked(dims, filtered=True)
    assert least >= 0.5 - 1e-6
    assert most <= 1.6 + 1e-6
    assert walked(dims, filtered=False)[0] < 0.45


def test_sight_too_short_and_a_gain_too_large_are_refused_together() -> None:
    # needed: 0.5 + 1 * 0.05 + 1 / 30 = 0.583
    with pytest.raises(InputError, match=r"below separation .* = 0\.583333 m") as caught:
        flock(2, sight=0.5, gain=30.0)
    assert len(caught.value.problems) == 2


def test_without_numba_the_compiled_step_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "COMPILES", False)
    position = np.zeros((1, 2))
    with pytest.raises(SwarmError, match=r"pip install 'swarm_consensus\[fast\]'"):
        compiled.swarm_step(flock(2), position, neighbours(position, 1.0))
