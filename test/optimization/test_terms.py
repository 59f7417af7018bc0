"""Local terms: each proximal step beside the oracle's, and what is refused."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.smooth import Logistic, Smooth
from swarm_consensus.optimization.terms import Absolute, Quadratic, Scaled, box, least_squares

seeds = st.integers(0, 2**32)


def nearest(cost: object, point: cp.Variable, centre: np.ndarray, weight: float, *limits: cp.Constraint) -> np.ndarray:
    objective = cost + 0.5 * weight * cp.sum_squares(point - centre)  # type: ignore[operator]
    cp.Problem(cp.Minimize(objective), list(limits)).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11
    )
    return np.asarray(point.value)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 5), st.sampled_from(["free", "within", "diagonal"]))
def test_a_quadratic_step_is_the_oracles(seed: int, dims: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(max(dims - 1, 1), dims))  # flat in one direction
    matrix = np.diag(rng.random(dims)) if kind == "diagonal" else root.T @ root
    vector, centre, weight = rng.normal(size=dims), rng.normal(size=dims), float(rng.uniform(0.1, 5.0))
    point, limits = cp.Variable(dims), []
    low, high = -0.3 * np.ones(dims), rng.uniform(0.0, 0.5, dims)
    if kind == "free":
        term = Quadratic(matrix, vector)
    else:
        term, limits = Quadratic(matrix, vector, low, high), [point >= low, point <= high]
    wanted = nearest(0.5 * cp.quad_form(point, cp.psd_wrap(matrix)) + vector @ point, point, centre, weight, *limits)
    np.testing.assert_allclose(term.prox(centre, weight), wanted, atol=1e-6)


@pytest.mark.parametrize("limited", [False, True])
def test_a_batch_does_what_each_does(limited: bool) -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(2, 3, 4, 4))
    matrix, vector = np.swapaxes(root, -1, -2) @ root, rng.normal(size=(2, 3, 4))
    bounds = (np.full(4, -0.2), np.full(4, 0.3)) if limited else (None, None)
    centres, weights = rng.normal(size=(2, 3, 4)), rng.uniform(0.5, 2.0, (2, 3))
    batch = Quadratic(matrix, vector, *bounds).prox(centres, weights)
    for at in np.ndindex(2, 3):
        one = Quadratic(matrix[at], vector[at], *bounds).prox(centres[at], float(weights[at]))
        np.testing.assert_allclose(batch[at], one, atol=1e-9)


def test_a_limit_on_one_side_only() -> None:
    term = Quadratic([[2.0, 0.5], [0.5, 1.0]], [-4.0, 0.0], low=[-np.inf, 0.5])
    found = term.prox(np.zeros(2), 1.0)
    # y is held at 0.5, and 3 x + 0.25 = 4
    np.testing.assert_allclose(found, [1.25, 0.5], atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_soft_thresholding_is_the_oracles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    term = Absolute(float(rng.uniform(0.1, 2.0)), rng.normal(size=3))
    centre, weight = 2.0 * rng.normal(size=3), float(rng.uniform(0.2, 3.0))
    point = cp.Variable(3)
    wanted = nearest(term.weight * cp.norm1(point - term.centre), point, centre, weight)
    np.testing.assert_allclose(term.prox(centre, weight), wanted, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.5]), st.sampled_from([1e-3, 1.0, 100.0]))
def test_a_logistic_step_leaves_no_slope(seed: int, ridge: float, weight: float) -> None:
    rng = np.random.default_rng(seed)
    term = Logistic(3.0 * rng.normal(size=(12, 3)), rng.choice([-1.0, 1.0], 12), ridge)
    centre = 5.0 * rng.normal(size=3)
    found = term.prox(centre, weight)
    scale = abs(weight * (found - centre)).max() + 1.0
    np.testing.assert_allclose(term.gradient(found) + weight * (found - centre), 0.0, atol=1e-9 * scale)
    slope = approx_fprime(found, term.value)
    np.testing.assert_allclose(term.gradient(found), slope, atol=1e-4 * (1.0 + abs(slope).max()))


def test_a_users_function_steps_as_the_closed_form_does() -> None:
    closed = Quadratic([[2.0, 0.3], [0.3, 1.0]], [1.0, -2.0], [-1.0, -1.0], [1.0, 1.0])
    term = Smooth(closed.value, closed.gradient, 2, [-1.0, -1.0], [1.0, 1.0])
    centre = np.array([0.5, 3.0])
    np.testing.assert_allclose(term.prox(centre, 0.7), closed.prox(centre, 0.7), atol=1e-7)


def test_a_scaled_term_steps_as_if_it_were_there_so_often() -> None:
    twice = Scaled(least_squares([[1.0]], [4.0]), 2.0)
    assert twice.prox(np.zeros(1), 1.0).tolist() == pytest.approx([8.0 / 3.0])  # 2 (x - 4) + x = 0
    assert twice.value(np.array([1.0])) == pytest.approx(2.0 * (0.5 - 4.0))


def test_a_box_is_a_projection() -> None:
    assert box([0.0], [1.0]).prox(np.array([-3.0]), 5.0).tolist() == [0.0]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Quadratic([[-1.0]], [0.0]),
            "matrix has the eigenvalue -1, must be at least 0: the term is not convex",
        ),
        (lambda: Quadratic([[1.0, 1.0], [0.0, 1.0]], [0.0, 0.0]), "matrix differs by 1 from its transpose"),
        (lambda: Quadratic([[1.0]], [0.0, 1.0]), r"matrix has shape \(1, 1\), must be \(2, 2\)"),
        (lambda: Quadratic([[np.nan]], [0.0]), "matrix has an entry that is not finite"),
        (lambda: Quadratic([[1.0]], [np.inf]), "vector has inf, must be finite"),
        (lambda: box([2.0], [1.0]), r"low\[0\] is 2, must be at most high\[0\], which is 1"),
        (lambda: Quadratic([[1.0]], [0.0], high=[1.0, 2.0]), r"high has shape \(2,\), must be 1 numbers"),
        (lambda: least_squares(np.zeros((2, 3)), np.zeros(3)), r"inputs have shape \(2, 3\) and outputs \(3,\)"),
        (lambda: least_squares([[1.0]], [1.0], ridge=-1.0), "ridge is -1, must be at least 0"),
        (lambda: Absolute(0.0, np.zeros(1)), "weight is 0, must be above 0"),
        (lambda: Logistic(np.zeros((2, 1)), np.array([1.0, 0.0])), "labels have 0, must be -1 or 1"),
        (lambda: Smooth(lambda x: -float(x @ x), lambda x: -2 * x, 2), "must not fall: the term is not convex"),
        (lambda: Smooth(lambda x: float(x @ x), lambda x: x, 2), "slope is not the gradient"),
        (lambda: Smooth(lambda x: float(x @ x), lambda x: x[:1], 2), "must be 2 finite numbers"),
    ],
)
def test_a_term_that_is_none_is_a_sentence(make, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OptimizationError, match=sentence):
        make()
