"""Topology and Laplacian: degenerate networks, properties, and spectra known in closed form."""

from __future__ import annotations

import doctest
import math
from importlib import import_module

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.graph import (
    GraphError,
    algebraic_connectivity,
    components,
    cut_nodes,
    is_connected,
    laplacian,
    proximity,
)


def adjacency(graph: nx.Graph) -> np.ndarray:
    return nx.to_numpy_array(graph)


@st.composite
def networks(draw: st.DrawFn) -> np.ndarray:
    size = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    upper = np.triu(rng.random((size, size)) < draw(st.floats(0, 1)), 1).astype(float)
    return upper + upper.T


@pytest.mark.parametrize("size", [0, 1])
def test_nobody_and_one_alone(size: int) -> None:
    empty = np.zeros((size, size))
    assert algebraic_connectivity(empty) == 0.0
    assert is_connected(empty)


def test_two_apart_are_split() -> None:
    assert algebraic_connectivity(np.zeros((2, 2))) == 0.0
    assert not is_connected(np.zeros((2, 2)))
    np.testing.assert_array_equal(components(np.zeros((2, 2))), [0, 1])


# closed forms: path 2 - 2 cos(pi/n), ring 2 - 2 cos(2 pi/n), star 1, complete n, Petersen 2
@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (nx.path_graph(10), 2 - 2 * math.cos(math.pi / 10)),
        (nx.cycle_graph(10), 2 - 2 * math.cos(2 * math.pi / 10)),
        (nx.star_graph(9), 1.0),
        (nx.complete_graph(10), 10.0),
        (nx.petersen_graph(), 2.0),
    ],
)
def test_known_spectra(graph: nx.Graph, expected: float) -> None:
    assert algebraic_connectivity(adjacency(graph)) == pytest.approx(expected, abs=1e-12)


def test_a_hexagon_with_its_centre() -> None:
    angles = np.arange(6) * math.pi / 3
    points = np.vstack(([[0.0, 0.0]], 7.0 * np.stack((np.cos(angles), np.sin(angles)), axis=1)))
    links = proximity(points, 8.4)
    assert links.sum() / 2 == 12
    # a wheel of six spokes: lambda_2 = 1 + 2 - 2 cos(2 pi / 6) = 2
    assert algebraic_connectivity(links) == pytest.approx(2.0, abs=1e-12)


def test_proximity_of_a_batch_is_that_of_each() -> None:
    points = np.random.default_rng(0).normal(size=(4, 6, 3))
    np.testing.assert_array_equal(proximity(points, 1.0), np.stack([proximity(each, 1.0) for each in points]))


def test_exactly_at_range_counts() -> None:
    assert proximity([[0.0], [2.0]], 2.0)[0, 1] == 1.0


@given(networks(), st.randoms(use_true_random=False))
def test_names_of_nodes_do_not_matter(links: np.ndarray, random: object) -> None:
    order = np.arange(len(links))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = links[np.ix_(order, order)]
    assert algebraic_connectivity(shuffled) == pytest.approx(algebraic_connectivity(links), abs=1e-9)


@given(networks())
def test_parts_are_those_of_networkx(links: np.ndarray) -> None:
    labels = components(links)
    parts = [set(np.flatnonzero(labels == number).tolist()) for number in range(labels.max() + 1)]
    assert parts == sorted(nx.connected_components(nx.from_numpy_array(links)), key=min)


@given(networks())
def test_connected_if_and_only_if_positive(links: np.ndarray) -> None:
    if len(links) > 1:
        assert (algebraic_connectivity(links) > 1e-9) == nx.is_connected(nx.from_numpy_array(links))


@given(networks(), st.integers(0, 2**32))
def test_a_split_network_has_exactly_none(links: np.ndarray, seed: int) -> None:
    """Eigenvalues alone give something like 1e-16 here, of either sign."""
    weights = np.triu(np.random.default_rng(seed).random(links.shape))
    both = np.kron(np.eye(2), links * (weights + weights.T))
    assert algebraic_connectivity(both) == 0.0


def test_a_faint_link_still_connects() -> None:
    """1e-20 is lost beside 1 in double precision, and with it the sign of the eigenvalue."""
    for size in range(3, 12):  # a clique, and one node that hangs on it by the faint link
        links = np.ones((size, size)) - np.eye(size)
        links[-1] = links[:, -1] = 0.0
        links[-1, 0] = links[0, -1] = 1e-20
        assert is_connected(links)
        assert algebraic_connectivity(links) > 0.0


@given(networks())
def test_rows_of_the_laplacian_sum_to_zero(links: np.ndarray) -> None:
    matrix = laplacian(links)
    assert not matrix.sum(axis=1).any()
    assert np.linalg.eigvalsh(matrix)[0] >= -1e-9


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((2, 3)),
        np.array([[0.0, 1.0], [0.0, 0.0]]),
        np.array([[0.0, -1.0], [-1.0, 0.0]]),
        np.array([[0.0, np.nan], [np.nan, 0.0]]),
        np.eye(2),
    ],
)
def test_what_is_no_network_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(GraphError):
        laplacian(matrix)


@pytest.mark.parametrize("radius", [-1.0, math.nan])
def test_a_radius_that_is_none_is_refused(radius: float) -> None:
    with pytest.raises(GraphError, match="radius"):
        proximity([[0.0]], radius)


@pytest.mark.parametrize("name", ["laplacian", "topology"])
def test_examples_in_the_documentation(name: str) -> None:
    module = import_module(f"swarm_consensus.graph.{name}")
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


def test_cut_nodes_are_those_without_which_the_rest_falls_apart() -> None:
    import networkx

    assert cut_nodes(np.zeros((0, 0))) == []
    assert cut_nodes(np.zeros((1, 1))) == []
    assert cut_nodes([[0, 1], [1, 0]]) == []
    rng = np.random.default_rng(3)
    for _ in range(50):
        graph = networkx.gnp_random_graph(int(rng.integers(3, 12)), 0.35, seed=int(rng.integers(1 << 30)))
        if networkx.is_connected(graph):
            assert cut_nodes(networkx.to_numpy_array(graph)) == sorted(networkx.articulation_points(graph))
