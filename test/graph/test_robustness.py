"""Robustness: the definition tried on all pairs of sets, truths of known graphs, and bounds that hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from importlib import import_module

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.graph import GraphError, robustness
from swarm_consensus.graph.families import complete, cycle, path, petersen, random_geometric, star, twin_cliques
from swarm_consensus.graph.robustness import EXACT_UP_TO


def pairs(count: int) -> Iterator[tuple[set[int], set[int]]]:
    """Every two disjoint sets that aren't empty."""
    for sides in itertools.product((0, 1, 2), repeat=count):
        first, second = ({node for node in range(count) if sides[node] == side} for side in (1, 2))
        if first and second:
            yield first, second


def able(links: np.ndarray, group: set[int], r: int) -> int:
    outside = [node for node in range(len(links)) if node not in group]
    return sum(links[node, outside].sum() >= r for node in group)


def most_s(links: np.ndarray, r: int) -> int:
    """The greatest s <= n for (r, s)-robust, from the definition; 0 if there is none."""
    most = len(links)
    for first, second in pairs(len(links)):
        one, other = able(links, first, r), able(links, second, r)
        if one < len(first) and other < len(second):
            most = min(most, one + other)
    return most


@st.composite
def networks(draw: st.DrawFn, least: int = 2, most: int = 6) -> np.ndarray:
    size = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    upper = np.triu(rng.random((size, size)) < draw(st.floats(0.2, 1)), 1).astype(float)
    return upper + upper.T


def test_nobody_and_one_alone() -> None:
    assert robustness(np.zeros((0, 0))).r == 0
    alone = robustness(np.zeros((1, 1)))
    assert (alone.r, alone.s, alone.liars) == (1, (1,), 0)


def test_a_split_graph_bears_nothing_and_shows_its_parts() -> None:
    report = robustness(np.kron(np.eye(2), complete(3)))
    assert (report.r, report.s, report.exact, report.weakest) == (0, (), True, ((0, 1, 2), (3, 4, 5)))


@given(networks())
@settings(max_examples=60, deadline=None)
def test_exact_numbers_are_those_of_the_definition(links: np.ndarray) -> None:
    report = robustness(links)
    expected = [most_s(links, r) for r in range(1, len(links) + 1)]
    assert report.exact
    assert list(report.s) == expected[: report.r]
    assert expected[report.r] == 0


@pytest.mark.parametrize("count", range(2, 11))
def test_a_complete_graph_is_as_robust_as_can_be(count: int) -> None:
    report = robustness(complete(count))
    assert report.r == -(-count // 2)
    assert set(report.s) == {count}
    assert report.liars == -(-count // 2) - 1


@pytest.mark.parametrize("links", [cycle(9), path(9), star(9), petersen()])
def test_thin_graphs_bear_no_liar(links: np.ndarray) -> None:
    report = robustness(links)
    assert (report.r, report.liars, report.liars_per_neighbourhood) == (1, 0, 0)


def filtered_round(links: np.ndarray, value: np.ndarray, liars: int) -> np.ndarray:
    """One round of W-MSR without anybody lying: drop up to F values on either side, average the rest."""
    after = value.copy()
    for node in range(len(value)):
        heard = np.sort(value[links[node] > 0])
        lower, higher = heard[heard < value[node]], heard[heard > value[node]]
        kept = [value[node], *heard[heard == value[node]], *lower[liars:], *higher[: max(len(higher) - liars, 0)]]
        after[node] = np.mean(kept)
    return after


def test_two_cliques_are_the_trap() -> None:
    """It takes four nodes to split them, and yet a filter against one liar freezes them apart though nobody lies."""
    links = twin_cliques(4)
    assert nx.node_connectivity(nx.from_numpy_array(links)) == 4
    report = robustness(links)
    assert (report.r, report.liars) == (1, 0)
    assert report.weakest == ((0, 1, 2, 3), (4, 5, 6, 7))
    apart = np.repeat([0.0, 1.0], 4)
    np.testing.assert_array_equal(filtered_round(links, apart, 1), apart)


def test_the_same_filter_brings_a_graph_together_that_is_robust_enough() -> None:
    links = complete(8)
    assert robustness(links).liars >= 1
    value = np.repeat([0.0, 1.0], 4)
    for _ in range(60):
        value = filtered_round(links, value, 1)
    assert np.ptp(value) < 1e-6


@given(networks(6, 10))
@settings(max_examples=40, deadline=None)
def test_bounds_of_large_graphs_hold_on_small_ones(links: np.ndarray) -> None:
    exact = robustness(links)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("swarm_consensus.graph.robustness"), "EXACT_UP_TO", 1)
        bounded = robustness(links)
    assert bounded.r <= exact.r <= bounded.r_at_most
    assert all(low <= true for low, true in zip(bounded.s, exact.s, strict=False))
    assert bounded.liars <= exact.liars


@pytest.mark.parametrize("links", [complete(40), twin_cliques(20), random_geometric(60, 0.4, np.random.default_rng(0))])
def test_a_large_graph_gets_bounds_and_groups_that_prove_the_upper_one(links: np.ndarray) -> None:
    report = robustness(links)
    assert len(links) > EXACT_UP_TO
    assert not report.exact
    assert 1 <= report.r <= report.r_at_most
    first, second = (set(group) for group in report.weakest)
    assert not first & second
    assert all(able(links, group, report.r_at_most + 1) == 0 for group in (first, second))


def test_bounds_meet_where_they_can() -> None:
    assert (robustness(complete(40)).r, robustness(complete(40)).r_at_most) == (20, 20)
    assert robustness(complete(40)).liars == 19
    assert (robustness(twin_cliques(20)).r, robustness(twin_cliques(20)).r_at_most) == (1, 1)


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(GraphError, match="symmetric"):
        robustness([[0, 1], [0, 0]])
    with pytest.raises(GraphError, match=r"\(n, n\)"):
        robustness(np.zeros((2, 2, 2)))
