"""The filter against an independent solver, and what it does when nothing is feasible."""

from __future__ import annotations

import clarabel
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from swarm_consensus.motion.barrier import TOLERANCE, barrier_filter


def problem(seed: int, count: int, dims: int, *, lowest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, dims))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rng.uniform(-1, 1, dims), rows, rng.uniform(lowest, 0.5, count)


def projection_by_clarabel(desired: np.ndarray, rows: np.ndarray, bounds: np.ndarray) -> np.ndarray | None:
    """An interior-point method, of another family than DAQP's active set."""
    dims = len(desired)
    options = clarabel.DefaultSettings()
    options.verbose = False
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = 1e-11
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix(np.eye(dims)),
        -desired,
        sparse.csc_matrix(rows),
        bounds,
        [clarabel.NonnegativeConeT(len(bounds))],
        options,
    )
    answer = solver.solve()
    return np.array(answer.x) if "Solved" in str(answer.status) else None


problems = st.tuples(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([2, 3]))


def test_without_rows_the_desired_velocity_passes() -> None:
    desired = np.array([0.3, -0.2])
    assert barrier_filter(desired, np.zeros((0, 2)), np.zeros(0)).velocity is desired


def test_a_wall_ahead_leaves_the_part_along_it() -> None:
    # v = (1, 1) against v.x <= 0.25: the projection changes x alone
    out = barrier_filter(np.array([1.0, 1.0]), np.array([[1.0, 0.0]]), np.array([0.25]))
    np.testing.assert_allclose(out.velocity, [0.25, 1.0], atol=1e-12)
    assert out.active == (0,)


@settings(max_examples=200, deadline=None)
@given(problems)
def test_every_row_holds_and_no_feasible_point_is_nearer(drawn: tuple[int, int, int]) -> None:
    desired, rows, bounds = problem(*drawn, lowest=0.0)
    out = barrier_filter(desired, rows, bounds)
    assert out.feasible
    assert (rows @ out.velocity - bounds).max() <= TOLERANCE
    best = projection_by_clarabel(desired, rows, bounds)
    assert best is not None
    assert np.linalg.norm(out.velocity - desired) <= np.linalg.norm(best - desired) + 1e-7


@settings(max_examples=200, deadline=None)
@given(problems)
def test_zero_feasible_means_never_faster_than_desired(drawn: tuple[int, int, int]) -> None:
    desired, rows, bounds = problem(*drawn, lowest=0.0)
    out = barrier_filter(desired, rows, bounds)
    assert np.linalg.norm(out.velocity) <= np.linalg.norm(desired) + TOLERANCE


@settings(max_examples=200, deadline=None)
@given(problems)
def test_infeasible_rows_give_zero_and_a_flag(drawn: tuple[int, int, int]) -> None:
    desired, rows, bounds = problem(*drawn, lowest=-0.5)
    # two opposite rows that exclude each other by more than any tolerance
    rows = np.vstack((rows, rows[0], -rows[0]))
    bounds = np.append(bounds, [-0.1, -0.1])
    out = barrier_filter(desired, rows, bounds)
    assert not out.feasible
    assert not out.velocity.any()


@settings(max_examples=100, deadline=None)
@given(problems)
def test_rows_that_exclude_zero_are_met_or_flagged(drawn: tuple[int, int, int]) -> None:
    desired, rows, bounds = problem(*drawn, lowest=-0.3)
    out = barrier_filter(desired, rows, bounds)
    if out.feasible:
        assert (rows @ out.velocity - bounds).max() <= TOLERANCE
    else:
        assert not out.velocity.any()
        assert projection_by_clarabel(desired, rows, bounds) is None


def test_more_rows_than_the_workspace_holds() -> None:
    desired, rows, bounds = problem(1, 300, 3, lowest=0.0)
    out = barrier_filter(desired, rows, bounds)
    assert out.feasible
    assert (rows @ out.velocity - bounds).max() <= TOLERANCE


def test_a_nan_never_passes() -> None:
    row, bound = np.array([[1.0, 0.0]]), np.array([0.5])
    for desired, rows, bounds in (
        (np.array([np.nan, 0.0]), row, bound),
        (np.array([np.nan, 0.0]), row[:0], bound[:0]),
        (np.array([1.0, 0.0]), row * np.nan, bound),
        (np.array([1.0, 0.0]), row, bound * np.nan),
    ):
        out = barrier_filter(desired, rows, bounds)
        assert not out.feasible
        assert not out.velocity.any()
