"""Averaging weights: what holds of all rules, truths in closed form, and an SDP solver as oracle of the fastest."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from importlib import import_module

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.graph import GraphError
from swarm_consensus.graph.families import complete, cycle, grid, path, petersen, random_geometric, star, twin_cliques
from swarm_consensus.graph.weights import best_constant, fastest, local_degree, max_degree, metropolis
from swarm_consensus.graph.weights.links import connected_links

FASTEST = import_module("swarm_consensus.graph.weights.fastest")  # the module, not its function
RULES = (max_degree, best_constant, local_degree, metropolis, fastest)
Rule = Callable[[np.ndarray], np.ndarray]


def norm(weights: np.ndarray) -> float:
    """Spectral norm of W - 11'/n: the factor of each round."""
    return float(np.linalg.norm(weights - 1.0 / len(weights), 2))


def optimum(links: np.ndarray) -> float:
    """The least norm that any symmetric weights on these links have, by Clarabel."""
    count = len(links)
    weights = cp.Variable((count, count), symmetric=True)
    absent = (links == 0) & ~np.eye(count, dtype=bool)
    rules = [cp.sum(weights, axis=1) == 1, cp.multiply(absent.astype(float), weights) == 0]
    problem = cp.Problem(cp.Minimize(cp.sigma_max(weights - np.ones((count, count)) / count)), rules)
    return float(problem.solve(solver=cp.CLARABEL))


@st.composite
def networks(draw: st.DrawFn) -> np.ndarray:
    """Connected: a random tree, and any other links."""
    size = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    upper = np.triu(rng.random((size, size)) < draw(st.floats(0, 1)), 1)
    for node in range(1, size):
        upper[rng.integers(node), node] = True
    return (upper | upper.T).astype(float)


@pytest.mark.parametrize("rule", RULES)
def test_nobody_one_and_two(rule: Rule) -> None:
    assert rule(np.zeros((0, 0))).shape == (0, 0)
    np.testing.assert_array_equal(rule(np.zeros((1, 1))), [[1.0]])
    assert rule(path(2)).sum() == pytest.approx(2.0)


@pytest.mark.parametrize("rule", RULES)
@given(links=networks())
@settings(max_examples=25, deadline=None)
def test_weights_are_symmetric_sum_to_one_and_stay_on_the_links(rule: Rule, links: np.ndarray) -> None:
    weights = rule(links)
    np.testing.assert_array_equal(weights, weights.T)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-12)
    assert not weights[(links == 0) & ~np.eye(len(links), dtype=bool)].any()


@given(networks())
@settings(max_examples=50, deadline=None)
def test_no_rule_is_faster_than_the_fastest(links: np.ndarray) -> None:
    assert norm(fastest(links)) <= min(norm(rule(links)) for rule in RULES) + 1e-6


@given(networks())
@settings(max_examples=50, deadline=None)
def test_metropolis_averages_every_connected_graph(links: np.ndarray) -> None:
    assert norm(metropolis(links)) < 1.0
    assert (metropolis(links) >= 0.0).all()


def test_without_a_weight_on_oneself_an_even_ring_swaps_for_ever() -> None:
    """The two conventions differ: 1 / max(d) is not safe, 1 / (1 + max(d)) is."""
    for rule in (max_degree, local_degree):
        assert norm(rule(cycle(10))) == pytest.approx(1.0)
    # eigenvalues 1/3 + 2/3 cos(2 pi k / 10): the largest in size but 1 is that of k = 1
    assert norm(metropolis(cycle(10))) == pytest.approx(1 / 3 + 2 / 3 * np.cos(np.pi / 5))


def test_both_metropolis_conventions_by_hand() -> None:
    # the star of four: its centre has degree 3, so each link has 1/3 or 1/4
    np.testing.assert_allclose(local_degree(star(4))[0], [0, 1 / 3, 1 / 3, 1 / 3], atol=1e-15)
    np.testing.assert_allclose(metropolis(star(4))[0], [1 / 4, 1 / 4, 1 / 4, 1 / 4])


@given(networks())
@settings(max_examples=50, deadline=None)
def test_the_best_constant_shrinks_by_the_condition_number(links: np.ndarray) -> None:
    if len(links) > 1:
        eigenvalues = np.linalg.eigvalsh(np.diag(links.sum(axis=1)) - links)
        condition = eigenvalues[-1] / eigenvalues[1]
        assert norm(best_constant(links)) == pytest.approx((condition - 1) / (condition + 1), abs=1e-9)


# path: cos(pi/10). ring, Petersen: best constant by symmetry of all links, with lambda 2 - 2 cos(pi/5) and 4, or 2, 5:
# (4 - l2) / (4 + l2), 3/7. star: best constant by symmetry, with lambda 1 and 10: 9/11. complete: one round.
@pytest.mark.parametrize(
    ("links", "truth"),
    [
        (path(10), 0.951057),
        (cycle(10), 0.825665),
        (star(10), 0.818182),
        (petersen(), 3 / 7),
        (complete(10), 0.0),
        (path(200), np.cos(np.pi / 200)),
    ],
)
def test_the_fastest_weights_of_known_graphs(links: np.ndarray, truth: float) -> None:
    assert norm(fastest(links)) == pytest.approx(truth, abs=2e-6)


@pytest.mark.parametrize(
    "links",
    [
        grid(4, 5),
        twin_cliques(5),
        random_geometric(20, 0.4, np.random.default_rng(1)),
        random_geometric(30, 0.3, np.random.default_rng(2)),
        random_geometric(25, 0.6, np.random.default_rng(3)),
    ],
)
def test_the_fastest_weights_are_those_of_an_sdp_solver(links: np.ndarray) -> None:
    assert norm(fastest(links)) == pytest.approx(optimum(links), abs=5e-6)


@pytest.mark.parametrize("most", [10**6, 0])
def test_many_links_are_solved_without_a_matrix_of_links(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    links = random_geometric(30, 0.5, np.random.default_rng(5))
    expected = norm(fastest(links))
    monkeypatch.setattr(FASTEST, "_MANY", 0)
    monkeypatch.setattr(FASTEST, "_MOST", most)
    assert norm(fastest(links)) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(("count", "radius", "seed"), [(40, 0.3, 0), (40, 0.6, 1), (60, 0.45, 2), (60, 0.9, 3)])
@pytest.mark.parametrize("many", [0, 1000])
def test_the_optimum_is_proved_by_the_multipliers(
    monkeypatch: pytest.MonkeyPatch, count: int, radius: float, seed: int, many: int
) -> None:
    monkeypatch.setattr(FASTEST, "_MANY", many)
    links = connected_links(random_geometric(count, radius, np.random.default_rng(seed)))
    unknowns, multiplier = FASTEST.solved(links)
    assert np.linalg.eigvalsh(multiplier).min() > 0.0  # without which they prove nothing
    reached = norm(links.averaging(unknowns[:-1]))
    assert reached - 5e-5 <= FASTEST.least_norm(links, multiplier) <= reached


@given(networks().filter(lambda links: len(links) > 1), st.integers(0, 2**32 - 1), st.floats(-6.0, 0.0))
@settings(max_examples=20, deadline=None)
def test_no_multipliers_prove_more_than_the_optimum(links: np.ndarray, seed: int, logarithm: float) -> None:
    edges = connected_links(links)
    unknowns, multiplier = FASTEST.solved(edges)
    roots = 10.0**logarithm * np.random.default_rng(seed).normal(size=multiplier.shape)
    wrong = multiplier + roots @ np.swapaxes(roots, 1, 2)  # positive definite, and not those of the problem
    assert FASTEST.least_norm(edges, wrong) <= norm(edges.averaging(unknowns[:-1])) + 1e-9


@given(networks(), st.floats(0.01, 100.0))
@settings(max_examples=20, deadline=None)
def test_how_strong_a_link_is_does_not_matter(links: np.ndarray, strength: float) -> None:
    np.testing.assert_array_equal(metropolis(links), metropolis(links * strength))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("links", "words"),
    [
        (np.zeros((3, 3)), "3 parts .* node 0 to node 1"),
        (np.kron(np.eye(2), path(2)), "2 parts .* node 0 to node 2"),
        (np.array([[0.0, 1.0], [0.0, 0.0]]), "not symmetric"),
        (np.zeros((2, 3)), "must be square"),
        (np.zeros((2, 2, 2)), r"must be \(n, n\)"),
        (np.array([[0.0, np.nan], [np.nan, 0.0]]), "not finite"),
    ],
)
def test_what_can_not_be_averaged_is_refused(rule: Rule, links: np.ndarray, words: str) -> None:
    with pytest.raises(GraphError, match=words):
        rule(links)


@pytest.mark.parametrize("name", ["weights.rules", "weights.fastest", "families", "robustness"])
def test_examples_in_the_documentation(name: str) -> None:
    result = doctest.testmod(import_module(f"swarm_consensus.graph.{name}"))
    assert result.attempted
    assert not result.failed
