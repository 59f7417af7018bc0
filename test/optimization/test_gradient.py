"""Gradient methods on whole networks: exactness, the bias and its prediction, the bounds on the step."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import best, network, relative_error, ring, squares

from swarm_consensus.graph.weights import fastest, metropolis
from swarm_consensus.optimization import descent, extra, tracking
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.terms import Quadratic

LINKS = nx.to_numpy_array(nx.gnm_random_graph(50, 200, seed=0))


def test_one_node_is_plain_gradient_descent() -> None:
    term, alone = Quadratic([[[2.0]]], [[-6.0]]), np.ones((1, 1))
    for method in (descent, extra, tracking):
        assert method.run(alone, term, [[0.0]], 1, 0.25).tolist() == [[1.5]]  # 0 + 6/4
        assert method.run(alone, term, [[0.0]], 60, 0.25)[0, 0] == pytest.approx(3.0)


def test_extra_reaches_1e_9_within_233_rounds() -> None:
    # 0.2 of the identity lifts the least eigenvalue, on which the step depends
    terms, weights = squares(np.random.default_rng(0), 50, 5), 0.8 * fastest(LINKS) + 0.2 * np.eye(50)
    size = 0.98 * extra.largest_step(weights, terms.curvature()[1])
    assert relative_error(extra.run(weights, terms, np.zeros((50, 5)), 185, size), best(terms)) < 1e-9


def test_tracking_reaches_1e_9_within_700_rounds() -> None:
    terms = squares(np.random.default_rng(0), 50, 5)
    points = tracking.run(metropolis(LINKS), terms, np.zeros((50, 5)), 200, 1.2 / terms.curvature()[1])
    assert relative_error(points, best(terms)) < 1e-9


def test_descent_alone_stalls_where_it_is_predicted_to() -> None:
    rng = np.random.default_rng(0)
    terms, weights = squares(rng, 10, 2), metropolis(network(rng, 10))
    biases = []
    for part in (0.5, 0.25):
        size = part * descent.largest_step(weights, terms.curvature()[1])
        points = descent.run(weights, terms, np.zeros((10, 2)), 3000, size)
        np.testing.assert_allclose(points, descent.limit(weights, terms, size), atol=1e-9)
        biases.append(relative_error(points, best(terms)))
    assert 1e-3 < biases[1] < biases[0]  # the others come to 1e-9: it does not
    assert biases[0] / biases[1] == pytest.approx(2.0, rel=0.5)  # of the order of the step


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 8))
def test_extra_and_tracking_are_exact_on_any_network(seed: int, nodes: int) -> None:
    rng = np.random.default_rng(seed)
    terms, weights = squares(rng, nodes, 2, rows=5), metropolis(network(rng, nodes))
    for method, bound in ((extra, extra.largest_step), (tracking, tracking.largest_step)):
        size = 0.5 * bound(weights, terms.curvature()[1])
        points = method.run(weights, terms, np.zeros((nodes, 2)), 4000, size)
        assert relative_error(points, best(terms)) < 1e-8


def worst(links: np.ndarray) -> tuple[np.ndarray, Quadratic]:
    """Weights with a negative eigenvalue, and terms of the largest curvature everywhere."""
    return fastest(links), Quadratic(np.ones((len(links), 1, 1)), np.arange(len(links), dtype=float)[:, None])


@pytest.mark.parametrize("method", [descent, extra, tracking])
def test_the_bound_on_the_step_is_sharp(method, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    weights, terms = worst(ring(5))
    bound = method.largest_step(weights, 1.0)
    below = method.run(weights, terms, np.zeros((5, 1)), 4000, 0.99 * bound)
    assert abs(below).max() < 1e3
    with pytest.raises(OptimizationError, match=rf"step is {1.01 * bound:g}, must be above 0 and below {bound:.6g} = "):
        method.run(weights, terms, np.zeros((5, 1)), 1, 1.01 * bound)
    monkeypatch.setattr(method, "checked_step", lambda size, *_: size)
    assert not abs(method.run(weights, terms, np.zeros((5, 1)), 4000, 1.02 * bound)).max() < 1e6


def test_the_proven_rate_of_tracking_is_kept() -> None:
    rng = np.random.default_rng(3)
    terms, weights = squares(rng, 6, 2, rows=12), metropolis(np.ones((6, 6)) - np.eye(6))
    weights = 0.9 * weights + 0.1 * np.eye(6)
    rho = float(abs(np.linalg.eigvalsh(weights - 1 / 6)).max())
    size = 0.05 / terms.curvature()[1]
    bound = tracking.rate_bound(rho, size, terms.curvature())
    assert bound < 1.0
    errors = [relative_error(tracking.run(weights, terms, np.zeros((6, 2)), k, size), best(terms)) for k in (50, 250)]
    assert (errors[1] / errors[0]) ** (1 / 200) <= bound


def test_weights_that_do_not_average_are_a_sentence() -> None:
    for weights, sentence in (
        ([[1.0, 0.5], [0.5, 1.0]], "rows that sum to 1"),
        ([[0.0, 1.0], [1.0, 0.0]], "eigenvalue -1, must be above -1"),
        ([[1.0, 0.0]], "must be square"),
    ):
        with pytest.raises(OptimizationError, match=sentence):
            descent.largest_step(weights, 1.0)


def test_a_flat_sum_has_no_single_limit() -> None:
    with pytest.raises(OptimizationError, match="flat in some direction"):
        descent.limit(metropolis(ring(3)), Quadratic(np.zeros((3, 1, 1)), np.ones((3, 1))), 0.1)
