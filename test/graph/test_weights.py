"""Averaging weights: what holds of all rules, and truths in closed form."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest
from drawn import networks, norm
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.graph import GraphError
from swarm_consensus.graph.families import cycle, path, star
from swarm_consensus.graph.weights import best_constant, fastest, local_degree, max_degree, metropolis

RULES = (max_degree, best_constant, local_degree, metropolis, fastest)
Rule = Callable[[np.ndarray], np.ndarray]


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
