"""Settling one policy: weighted and max-min, beside the oracle, and what each one's agreement costs."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import network, ring

from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.negotiation import negotiate, own_best
from swarm_consensus.optimization.terms import Quadratic, box


def wish(place: float, weight: float = 1.0, **limits: list[float]) -> Quadratic:
    """Weight (x - place)^2."""
    return Quadratic([[2.0 * weight]], [-2.0 * weight * place], **limits)


def test_one_robot_gets_its_will_for_nothing() -> None:
    for fairness in ("weighted", "max-min"):
        settled = negotiate([[0]], [wish(3.0)], fairness=fairness)  # type: ignore[arg-type]
        np.testing.assert_allclose(settled.policy, 3.0, atol=1e-5)
        np.testing.assert_allclose(settled.cost, 0.0, atol=1e-9)


def test_the_crowd_wins_by_weight_and_the_outlier_by_fairness() -> None:
    costs = [wish(0.0), wish(0.0), wish(0.0), wish(4.0)]
    weighted, fair = (negotiate(ring(4), costs, fairness=each) for each in ("weighted", "max-min"))  # type: ignore[arg-type]
    np.testing.assert_allclose(weighted.policy, 1.0, atol=1e-6)
    np.testing.assert_allclose(weighted.cost, [1.0, 1.0, 1.0, 9.0], atol=1e-5)
    np.testing.assert_allclose(fair.policy, 2.0, atol=1e-6)
    np.testing.assert_allclose(fair.cost, 4.0, atol=1e-5)


def test_a_limit_of_one_is_a_limit_of_all() -> None:
    settled = negotiate(ring(3), [wish(2.0, high=[2.5]), wish(6.0), wish(7.0)])
    np.testing.assert_allclose(settled.policy, 2.5, atol=1e-6)
    np.testing.assert_allclose(settled.own_best[:, 0], [2.0, 6.0, 7.0], atol=1e-6)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 5), st.sampled_from(["weighted", "max-min"]))
def test_any_costs_settle_as_the_oracle_does(seed: int, count: int, fairness: str) -> None:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(count, 2, 2))
    matrices = np.swapaxes(roots, 1, 2) @ roots + 0.3 * np.eye(2)
    vectors, weights = rng.normal(size=(count, 2)), rng.uniform(0.5, 2.0, count)
    costs = [Quadratic(p, q, [-1.0, -1.0], [1.0, 1.0]) for p, q in zip(matrices, vectors, strict=True)]
    settled = negotiate(network(rng, count), costs, weights, fairness)  # type: ignore[arg-type]
    x = cp.Variable(2)
    each = [0.5 * cp.quad_form(x, cp.psd_wrap(p)) + q @ x for p, q in zip(matrices, vectors, strict=True)]
    least = [cost.value(best) for cost, best in zip(costs, settled.own_best, strict=True)]
    lost = [w * (e - m) for w, e, m in zip(weights, each, least, strict=True)]
    goal = cp.sum(cp.hstack(lost)) if fairness == "weighted" else cp.max(cp.hstack(lost))
    wanted = cp.Problem(cp.Minimize(goal), [x >= -1.0, x <= 1.0]).solve(solver=cp.CLARABEL)
    ours = weights * settled.cost
    assert (ours.sum() if fairness == "weighted" else ours.max()) == pytest.approx(wanted, abs=1e-5)
    assert (settled.cost >= -1e-7).all()


def test_a_cost_without_a_floor_has_no_best() -> None:
    with pytest.raises(OptimizationError, match="must have a least value"):
        own_best(Quadratic([[0.0]], [1.0]), np.zeros(1))


@pytest.mark.parametrize(
    ("costs", "extra", "sentence"),
    [
        ([wish(1.0), box([0.0, 0.0], [1.0, 1.0])], {}, r"costs have \[1, 2\] unknowns"),
        ([], {}, "must be at least one cost"),
        ([wish(1.0), wish(2.0)], {"weights": [1.0]}, r"weights have shape \(1,\), must be one for each of 2"),
        ([wish(1.0), wish(2.0)], {"weights": [1.0, 0.0]}, "factor is 0, must be above 0"),
        ([wish(1.0), wish(2.0)], {"fairness": "equal"}, "fairness is 'equal', must be 'weighted' or 'max-min'"),
    ],
)
def test_what_can_not_be_settled_is_a_sentence(costs: list, extra: dict, sentence: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(OptimizationError, match=sentence):
        negotiate(ring(2), costs, **extra)


def test_limits_that_exclude_each_other_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_consensus.optimization.negotiation.ROUNDS", 300)
    with pytest.raises(OptimizationError, match="limits that exclude each other"):
        negotiate(ring(2), [wish(1.0, high=[1.0]), wish(3.0, low=[2.0])])
