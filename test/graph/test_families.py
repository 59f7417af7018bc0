"""Known graphs: sizes that are hardly any, the right links, and the names of what is refused."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from swarm_consensus.graph import GraphError, is_connected
from swarm_consensus.graph.families import (
    complete,
    cycle,
    grid,
    path,
    petersen,
    random_geometric,
    star,
    twin_cliques,
)

SIZED = (path, cycle, star, complete)


@pytest.mark.parametrize("family", SIZED)
def test_nobody_one_and_two(family: Callable[[int], np.ndarray]) -> None:
    np.testing.assert_array_equal(family(0), np.zeros((0, 0)))
    np.testing.assert_array_equal(family(1), np.zeros((1, 1)))
    np.testing.assert_array_equal(family(2), [[0.0, 1.0], [1.0, 0.0]])


def test_a_grid_of_one_row_is_a_path_and_of_none_is_nothing() -> None:
    np.testing.assert_array_equal(grid(1, 4), path(4))
    np.testing.assert_array_equal(grid(4, 1), path(4))
    assert grid(0, 3).shape == (0, 0)


@pytest.mark.parametrize(
    ("links", "same"),
    [
        (path(7), nx.path_graph(7)),
        (cycle(7), nx.cycle_graph(7)),
        (star(7), nx.star_graph(6)),
        (complete(7), nx.complete_graph(7)),
        (grid(3, 4), nx.grid_2d_graph(3, 4)),
        (petersen(), nx.petersen_graph()),
        (twin_cliques(4), nx.cartesian_product(nx.complete_graph(4), nx.complete_graph(2))),
    ],
)
def test_they_are_what_they_are_called(links: np.ndarray, same: nx.Graph) -> None:
    np.testing.assert_array_equal(links, links.T)
    assert nx.is_isomorphic(nx.from_numpy_array(links), same)


def test_a_random_graph_is_one_network_and_comes_from_its_seed() -> None:
    first, again = (random_geometric(30, 0.35, np.random.default_rng(4)) for _ in range(2))
    assert is_connected(first)
    np.testing.assert_array_equal(first, again)


def test_a_graph_that_never_connects_is_given_up() -> None:
    with pytest.raises(GraphError, match="none of 200"):
        random_geometric(10, 0.0, np.random.default_rng(0))


@pytest.mark.parametrize("family", SIZED)
def test_a_negative_size_is_refused(family: Callable[[int], np.ndarray]) -> None:
    with pytest.raises(GraphError, match="count is -1"):
        family(-1)
