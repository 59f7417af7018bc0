"""Consensus ADMM as laws on whole networks, its bound, and what is refused before the first message."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from problems import best, network, relative_error, ring, squares

from swarm_consensus.optimization import admm
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.terms import Quadratic


def test_one_node_alone_takes_its_own_step() -> None:
    term = Quadratic([[[2.0]]], [[-6.0]])
    # without neighbours nothing holds it: weight 0
    assert admm.run([[0.0]], term.prox, [[0.0]], 1, 1.0).tolist() == [[3.0]]


def test_identical_terms_are_solved_as_one() -> None:
    terms = Quadratic(np.ones((4, 1, 1)), np.full((4, 1), -2.0))
    np.testing.assert_allclose(admm.run(ring(4), terms.prox, np.zeros((4, 1)), 200, 1.0), 2.0, atol=1e-12)


def test_flat_terms_stay_with_an_agreement() -> None:
    terms = Quadratic(np.zeros((5, 2, 2)), np.zeros((5, 2)))
    start = np.random.default_rng(0).normal(size=(5, 2))
    points = admm.run(ring(5), terms.prox, start, 300, 1.0)
    np.testing.assert_allclose(points, points[:1].repeat(5, axis=0), atol=1e-12)
    np.testing.assert_allclose(points[0], start.mean(axis=0), atol=1e-9)  # ring: all degrees equal


def test_fifty_nodes_reach_1e_9_within_256_rounds() -> None:
    # issue 7 asks 256 rounds of 50 nodes, 200 edges, 5 unknowns
    links = nx.to_numpy_array(nx.gnm_random_graph(50, 200, seed=0))
    terms = squares(np.random.default_rng(0), 50, 5)
    penalty = 0.3 * np.linalg.eigvalsh(terms.hessian.mean(axis=0))[-1]
    points = admm.run(links, terms.prox, np.zeros((50, 5)), 130, penalty)
    assert relative_error(points, best(terms)) < 1e-9


def test_any_start_leads_to_the_same_point() -> None:
    rng = np.random.default_rng(1)
    terms, links = squares(rng, 8, 2), network(rng, 8)
    for start in (np.zeros((8, 2)), 100.0 * rng.normal(size=(8, 2))):
        assert relative_error(admm.run(links, terms.prox, start, 800, 1.0), best(terms)) < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_the_error_falls_no_slower_than_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    links, terms = network(rng, 8), squares(rng, 8, 2, rows=6)
    bound = admm.rate_bound(links, 1.0, terms.curvature())
    assert 0.0 < bound < 1.0
    errors = [
        relative_error(admm.run(links, terms.prox, np.zeros((8, 2)), rounds, 1.0, relaxation=0.5), best(terms))
        for rounds in (20, 120)
    ]
    assert (errors[1] / errors[0]) ** 0.01 <= bound


def test_a_larger_penalty_keeps_the_slopes() -> None:
    rng = np.random.default_rng(0)
    edges, point = rng.normal(size=(3, 2)), rng.normal(size=2)
    np.testing.assert_allclose(4.0 * (admm.reweigh(edges, point, 4.0) - point), edges - point)


@pytest.mark.parametrize(
    ("links", "penalty", "relaxation", "sentence"),
    [
        (ring(3), 0.0, 0.5, "penalty is 0, must be above 0"),
        (ring(3), 1.0, 1.0, "relaxation is 1, must be above 0 and below 1"),
        (ring(4), 1.0, 0.5, r"adjacency has shape \(4, 4\), must be \(3, 3\): a row for each term"),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], 1.0, 0.5, "offers must go both ways"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], 1.0, 0.5, "node 2 has no neighbour"),
    ],
)
def test_bad_settings_are_a_sentence(links, penalty: float, relaxation: float, sentence: str) -> None:  # type: ignore[no-untyped-def]
    terms = Quadratic(np.ones((3, 1, 1)), np.zeros((3, 1)))
    with pytest.raises(OptimizationError, match=sentence):
        admm.run(links, terms.prox, np.zeros((3, 1)), 1, penalty, relaxation)
