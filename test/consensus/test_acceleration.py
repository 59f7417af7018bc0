"""Two registers, Chebyshev, the exact finite rule, and extremes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from networks import adjacency, contraction, distance, metropolis, random_network

from swarm_consensus.consensus import ConsensusError, average, chebyshev, exact, extremes, two_register
from swarm_consensus.consensus.neighbourhood import neighbourhoods


def test_chebyshev_keeps_its_bound_at_every_step_on_100_random_graphs() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        weights = metropolis(random_network(rng))
        rho = contraction(weights)
        registers = two_register.start(rng.normal(size=len(weights)))
        first = distance(registers.current)
        for k in range(400):
            bound = chebyshev.bound(rho, k)
            if bound < 1e-10:  # 1e-4 of that is where rounding begins
                break
            assert distance(registers.current) <= (1 + 1e-4) * bound * first + 1e-15
            registers = two_register.step(registers, weights @ registers.current, chebyshev.weight(rho, k))


def test_chebyshev_reaches_its_bound_and_the_others_do_not_keep_it() -> None:
    """On the mode of rho, all of 1/T_k is left; the plain rule and two registers are above it."""
    weights = metropolis(adjacency(nx.path_graph(10)))
    values, modes = np.linalg.eigh(weights - 0.1)
    slowest = modes[:, abs(values).argmax()]
    rho = contraction(weights)
    assert distance(chebyshev.run(weights, slowest, 20, rho)) == pytest.approx(chebyshev.bound(rho, 20), rel=1e-9)
    assert distance(average.run(weights, slowest, 20)) > 2 * chebyshev.bound(rho, 20)
    assert distance(two_register.run(weights, slowest, 20, rho)) > 1.5 * chebyshev.bound(rho, 20)


def test_chebyshev_bound_is_that_of_the_polynomial() -> None:
    for rho in (0.3, 0.9, 0.999):
        for k in (0, 1, 5, 30):
            t_k = np.polynomial.Chebyshev.basis(k)(1 / rho)
            assert chebyshev.bound(rho, k) == pytest.approx(1 / t_k, rel=1e-6)
            if k:
                ahead = np.polynomial.Chebyshev.basis(k + 1)(1 / rho)
                assert chebyshev.weight(rho, k) == pytest.approx(2 * t_k / (rho * ahead), rel=1e-6)


def test_rounds_needed_are_enough_and_one_less_is_not() -> None:
    for rho in (0.2, 0.9, 0.9999):
        for law in (average, chebyshev):
            k = law.rounds_needed(rho, 1e-9)
            bound = (lambda r, j: r**j) if law is average else chebyshev.bound
            assert bound(rho, k) <= 1e-9 * (1 + 1e-9) < bound(rho, k - 1)


def test_two_registers_shrink_at_the_theoretical_rate() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        weights = metropolis(random_network(rng))
        rho = contraction(weights)
        values = rng.normal(size=len(weights))
        for k in (0, 1, 2, 7, 40):
            after = distance(two_register.run(weights, values, k, rho))
            assert after <= two_register.bound(rho, k) * distance(values) * (1 + 1e-9) + 1e-13
    # (1 + k s) q^k: what is left from one round to the next tends to q = rho / (1 + sqrt(1 - rho^2)), here 1/2
    assert two_register.bound(0.8, 901) / two_register.bound(0.8, 900) == pytest.approx(0.5, rel=2e-3)


def test_complete_networks_need_no_memory() -> None:
    values = np.arange(4.0)
    for law in (chebyshev, two_register):
        np.testing.assert_allclose(law.run(np.full((4, 4), 0.25), values, 3, 0.0), 1.5)


@pytest.mark.parametrize(
    ("graph", "rounds"),
    [
        (nx.empty_graph(1), 0),
        (nx.complete_graph(7), 1),
        (nx.star_graph(9), 2),
        (nx.petersen_graph(), 2),  # Laplacian eigenvalues 0, 2, 5
        (nx.hypercube_graph(5), 5),  # 0, 2, ..., 10
        (nx.path_graph(20), 19),
        (nx.cycle_graph(20), 10),
    ],
)
def test_exact_after_one_round_for_each_distinct_eigenvalue(graph: nx.Graph, rounds: int) -> None:
    links = adjacency(graph)
    values = np.random.default_rng(0).normal(size=(len(links), 2))
    assert len(exact.schedule(links)) == rounds
    np.testing.assert_allclose(exact.run(links, values), np.broadcast_to(values.mean(axis=0), values.shape), atol=1e-9)


def test_the_order_of_the_eigenvalues_decides() -> None:
    """The mutant: ascending order, the natural one, on a path of 50 leaves nothing of the average."""
    links = adjacency(nx.path_graph(50))
    values = np.random.default_rng(0).normal(size=50)
    matrix = np.diag(links.sum(axis=1)) - links
    naive = values
    for eigenvalue in sorted(exact.schedule(links)):
        naive = exact.step(naive, -matrix @ naive, eigenvalue)
    assert distance(naive) > 1e3
    assert distance(exact.run(links, values)) < 1e-6


def test_exact_refuses_a_split_network() -> None:
    with pytest.raises(ConsensusError, match="split"):
        exact.schedule(np.zeros((2, 2)))


def test_extremes_are_everywhere_after_as_many_rounds_as_the_network_is_wide() -> None:
    graph = nx.path_graph(9)
    near = neighbourhoods(adjacency(graph))
    first = np.random.default_rng(0).normal(size=(9, 2))
    first[0, 0], first[8, 1] = 9.0, -9.0
    high = low = first
    for _ in range(nx.diameter(graph)):
        high = extremes.maximum(high, high[near.index], near.mask)
        low = extremes.minimum(low, low[near.index], near.mask)
    np.testing.assert_array_equal(high, np.broadcast_to(first.max(axis=0), (9, 2)))
    np.testing.assert_array_equal(low, np.broadcast_to(first.min(axis=0), (9, 2)))


def test_extremes_pass_over_what_was_not_heard_or_is_no_number() -> None:
    own, said = np.zeros(1), np.array([[np.nan], [np.inf], [5.0], [1.0]])
    assert extremes.maximum(own, said, np.array([True, True, False, True])) == 1.0
    assert extremes.minimum(own, said[:0], np.zeros(0, dtype=bool)) == 0.0
