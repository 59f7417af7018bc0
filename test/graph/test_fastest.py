"""The fastest weights: truths in closed form, an SDP solver as oracle, and the bounds that both methods prove."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from drawn import networks, norm
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.graph.families import complete, cycle, grid, path, petersen, random_geometric, star, twin_cliques
from swarm_consensus.graph.weights import fastest, metropolis
from swarm_consensus.graph.weights.anderson import Anderson
from swarm_consensus.graph.weights.interior import interior_point
from swarm_consensus.graph.weights.links import Links, connected_links
from swarm_consensus.graph.weights.projection import Projection
from swarm_consensus.graph.weights.splitting import split

FASTEST = import_module("swarm_consensus.graph.weights.fastest")  # the module, not its function
Method = Callable[[Links, np.ndarray], tuple[np.ndarray, np.ndarray]]


def optimum(links: np.ndarray) -> float:
    """The least norm that any symmetric weights on these links have, by Clarabel."""
    count = len(links)
    weights = cp.Variable((count, count), symmetric=True)
    absent = (links == 0) & ~np.eye(count, dtype=bool)
    rules = [cp.sum(weights, axis=1) == 1, cp.multiply(absent.astype(float), weights) == 0]
    problem = cp.Problem(cp.Minimize(cp.sigma_max(weights - np.ones((count, count)) / count)), rules)
    return float(problem.solve(solver=cp.CLARABEL))


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


METHODS = (interior_point, split)


def begun(links: np.ndarray) -> tuple[Links, np.ndarray]:
    edges = connected_links(links)
    return edges, metropolis(links)[edges.first, edges.second]


def proved(method: Method, links: np.ndarray) -> tuple[float, float]:
    """Return the norm that a method reaches, and what it proves to be least."""
    edges, weight = begun(links)
    weight, multiplier = method(edges, weight)
    return norm(edges.averaging(weight)), Projection(edges).least_norm(multiplier)


@pytest.mark.parametrize(("method", "gap"), [(interior_point, 2e-6), (split, 6e-5)])
@pytest.mark.parametrize(("count", "radius", "seed"), [(40, 0.3, 0), (40, 0.6, 1), (60, 0.45, 2), (60, 0.9, 3)])
def test_each_method_proves_the_optimum(method: Method, gap: float, count: int, radius: float, seed: int) -> None:
    reached, least = proved(method, random_geometric(count, radius, np.random.default_rng(seed)))
    assert reached - gap <= least <= reached + 1e-12


HARD = {
    "clique with a tail": nx.lollipop_graph(60, 40),
    "two cliques far apart": nx.barbell_graph(45, 10),
    "two parts": nx.complete_bipartite_graph(30, 70),
    "three parts": nx.complete_multipartite_graph(10, 20, 70),
    "ring of many neighbours": nx.circulant_graph(100, list(range(1, 20))),
    "small world": nx.watts_strogatz_graph(100, 40, 0.1, seed=1),
    "hubs": nx.barabasi_albert_graph(100, 30, seed=2),
    "two blocks": nx.stochastic_block_model([50, 50], [[0.8, 0.02], [0.02, 0.8]], seed=3),
    "all but one link": nx.complete_graph(100).edge_subgraph(list(nx.complete_graph(100).edges)[1:]),
    "two that overlap": nx.compose(nx.complete_graph(60), nx.complete_graph(range(55, 100))),
    "one at the edge": nx.compose(nx.complete_graph(99), nx.path_graph([98, 99])),
}


@pytest.mark.parametrize("name", HARD)
def test_the_optimum_is_proved_on_graphs_of_many_links(name: str) -> None:
    reached, least = proved(split, nx.to_numpy_array(HARD[name], nodelist=range(100)))
    assert reached - 6e-5 <= least <= reached + 1e-12


def test_a_graph_of_many_links_is_split_and_one_of_few_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    for method in METHODS:
        name = method.__name__
        monkeypatch.setattr(FASTEST, name, lambda *given, name=name, real=method: asked.append(name) or real(*given))
    fastest(cycle(40))
    fastest(complete(40))
    assert asked == ["interior_point", "split"]


def test_extrapolation_saves_most_of_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the same graph needs more than half as many looks again."""
    splitting = import_module("swarm_consensus.graph.weights.splitting")
    looks = []
    monkeypatch.setattr(splitting, "_norm", lambda matrix: looks.append(1) or float(np.linalg.norm(matrix, 2)))
    edges, weight = begun(random_geometric(60, 0.5, np.random.default_rng(4)))
    split(edges, weight)
    quick = len(looks)
    monkeypatch.setattr(Anderson, "next", lambda self, point, step: point + step)
    split(edges, weight)
    assert len(looks) - quick > 1.5 * quick


@given(networks(2), st.integers(0, 2**32 - 1), st.floats(-6.0, 0.0))
@settings(max_examples=20, deadline=None)
def test_no_multipliers_prove_more_than_the_optimum(links: np.ndarray, seed: int, logarithm: float) -> None:
    edges, weight = begun(links)
    weight, multiplier = interior_point(edges, weight)
    wrong = 10.0**logarithm * np.random.default_rng(seed).normal(size=multiplier.shape)
    least = Projection(edges).least_norm(multiplier + wrong + wrong.T)
    assert least <= norm(edges.averaging(weight)) + 1e-9


@given(networks(2), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_no_weights_are_nearer_than_the_projection(links: np.ndarray, seed: int) -> None:
    edges, weight = begun(links)
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=links.shape)
    matrix += matrix.T
    nearest = Projection(edges).laplacian(matrix)
    weight = -nearest[edges.first, edges.second]
    np.testing.assert_allclose(nearest, edges.laplacian(weight), atol=1e-9)
    for size in (1e-3, 1.0):
        other = edges.laplacian(weight + size * rng.normal(size=len(weight)))
        assert np.linalg.norm(matrix - nearest) <= np.linalg.norm(matrix - other)


@given(networks(2))
@settings(max_examples=40, deadline=None)
def test_both_methods_agree_on_graphs_of_few_links_too(links: np.ndarray) -> None:
    reached, least = proved(interior_point, links)
    other, _ = proved(split, links)
    assert other == pytest.approx(reached, abs=1e-4)
    assert reached - 2e-6 <= least
