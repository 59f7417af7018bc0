"""The spectral report: closed forms, rounds that simulation confirms, and the best link against trying them all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.graph import GraphError, algebraic_connectivity
from swarm_consensus.graph.families import complete, cycle, path, petersen, random_geometric, star
from swarm_consensus.graph.spectrum import RULES, best_added_link, convergence, spectrum
from swarm_consensus.graph.weights import max_degree, metropolis


def best_by_trying(links: np.ndarray) -> float:
    best = algebraic_connectivity(links)
    for i, j in zip(*np.nonzero(np.triu(links == 0, 1)), strict=True):
        more = links.copy()
        more[i, j] = more[j, i] = 1.0
        best = max(best, algebraic_connectivity(more))
    return best


def polynomial(kind: str, rho: float, rounds: int) -> float:
    """The factor on an eigenvalue rho after so many rounds, by the recurrences that robots would run."""
    omega = 2.0 / (1.0 + math.sqrt(1.0 - rho * rho))
    before, now, grows, grown = 1.0, rho, 1.0, 1.0 / rho
    for _ in range(rounds - 1):
        if kind == "two_register":
            before, now = now, omega * rho * now + (1.0 - omega) * before
        else:
            grows, grown = grown, 2.0 / rho * grown - grows
            now = 1.0 / grown
    return now if rounds else 1.0


def test_nobody_and_one_alone() -> None:
    for count in (0, 1):
        report = spectrum(np.zeros((count, count)))
        assert (report.nodes, report.links, report.connectivity, report.condition) == (count, 0, 0.0, 1.0)
        assert report.best_link is None
        assert all(each.plain == 1 for each in report.convergence)


def test_a_complete_graph_needs_one_round_and_no_link() -> None:
    report = spectrum(complete(6))
    assert report.best_link is None
    assert report.condition == pytest.approx(1.0)
    by_rule = {each.rule: each for each in report.convergence}
    # 1/(1 + 5) on every link and 1/6 on oneself: exactly 11'/n
    assert (by_rule["Metropolis"].plain, by_rule["Metropolis"].chebyshev) == (1, 1)


def test_petersen_in_full() -> None:
    report = spectrum(petersen())
    np.testing.assert_allclose(report.eigenvalues, [0, *[2] * 5, *[5] * 4], atol=1e-12)
    assert (report.nodes, report.links) == (10, 15)
    assert report.condition == pytest.approx(2.5)
    assert [each.rule for each in report.convergence] == list(RULES)
    constant = next(each for each in report.convergence if each.rule == "best constant")
    assert constant.rho == pytest.approx(3 / 7)
    assert constant.plain == 9  # ln 1e-3 / ln(3/7) = 8.15


def test_weights_that_never_average_are_said_to() -> None:
    assert convergence("max degree", max_degree(cycle(10)), 1e-3).plain is None
    assert convergence("none", np.eye(3), 1e-3).chebyshev is None


@given(st.floats(0.01, 0.9999), st.floats(1e-9, 0.9))
@settings(max_examples=200, deadline=None)
def test_predicted_rounds_are_the_first_that_suffice(rho: float, tolerance: float) -> None:
    weights = np.array([[(1 + rho) / 2, (1 - rho) / 2], [(1 - rho) / 2, (1 + rho) / 2]])  # eigenvalues 1 and rho
    report = convergence("", weights, tolerance)
    rounded = 1.0 + 1e-6
    assert rho**report.plain <= tolerance * rounded
    assert report.plain == 1 or rho ** (report.plain - 1) > tolerance / rounded
    for kind in ("two_register", "chebyshev"):
        rounds = getattr(report, kind)
        assert polynomial(kind, rho, rounds) <= tolerance * rounded
        assert rounds == 1 or polynomial(kind, rho, rounds - 1) > tolerance / rounded
    assert report.chebyshev <= report.two_register <= report.plain


def test_a_simulated_swarm_is_done_in_the_rounds_predicted() -> None:
    weights = metropolis(path(12))
    rounds = convergence("", weights, 1e-3).plain
    value = np.random.default_rng(0).normal(size=12)
    left = np.linalg.matrix_power(weights, rounds) @ value - value.mean()
    assert np.linalg.norm(left) <= 1e-3 * np.linalg.norm(value - value.mean())


def test_the_ends_of_a_path_are_what_to_link() -> None:
    link = best_added_link(path(8))
    assert (link.first, link.second) == (0, 7)
    assert link.connectivity == pytest.approx(2 - 2 * math.cos(math.pi / 4))  # the ring of eight


@pytest.mark.parametrize("links", [cycle(8), petersen(), star(6), complete(5), path(2)])
def test_no_single_link_raises_a_double_eigenvalue(links: np.ndarray) -> None:
    assert best_added_link(links) is None


@pytest.mark.parametrize("seed", range(8))
def test_the_best_link_is_that_of_trying_them_all(seed: int) -> None:
    links = random_geometric(14, 0.45, np.random.default_rng(seed))
    link = best_added_link(links)
    assert link.connectivity == pytest.approx(best_by_trying(links), abs=1e-9)
    links[link.first, link.second] = links[link.second, link.first] = 1.0
    assert algebraic_connectivity(links) == pytest.approx(link.connectivity, abs=1e-9)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -1.0, math.nan])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(GraphError, match="tolerance"):
        spectrum(path(3), tolerance)


def test_a_split_graph_is_refused() -> None:
    with pytest.raises(GraphError, match="2 parts"):
        spectrum(np.zeros((2, 2)))
