"""Integral action: what the proportional rule leaves, what the integral restores, and when the step is stable."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from networks import adjacency, random_network

from swarm_consensus.consensus import ConsensusError, integral
from swarm_consensus.consensus.integral import Gains
from swarm_consensus.graph import laplacian

LINKS = adjacency(nx.petersen_graph())
L = laplacian(LINKS)  # largest eigenvalue 5
PI = Gains(proportional=1.0, integral=0.5, step=0.2)
BIAS = np.array([[0.0]] * 9 + [[3.0]])


def simulate(gains: Gains, matrix: np.ndarray, bias: np.ndarray, rounds: int, x: np.ndarray, **anchors: np.ndarray):
    """Run the law on a network; with anchors, `grip` (n, 1) and `truth`: one more neighbour that never moves."""
    y, reference = np.zeros_like(x), x
    for _ in range(rounds):
        pulled = -matrix @ x
        if anchors:
            pulled = pulled + anchors["grip"] * (anchors["truth"] - x)
        rate = integral.command(gains, pulled, y) + integral.leak(gains, x, reference) + bias
        x, y = x + gains.step * rate, integral.learn(gains, pulled, y)
    return x, y


def spread(values: np.ndarray) -> float:
    return float(np.ptp(values, axis=0).max())


def test_without_bias_all_meet_at_the_mean() -> None:
    first = np.random.default_rng(0).normal(size=(10, 2))
    x, _ = simulate(PI, L, np.zeros((10, 2)), 2000, first)
    np.testing.assert_allclose(x, np.broadcast_to(first.mean(axis=0), (10, 2)), atol=1e-9)


def test_the_proportional_rule_is_left_with_the_pseudoinverse_of_the_bias() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        matrix = laplacian(random_network(rng, 8))
        bias, k = rng.normal(size=(8, 1)), 0.7
        gains = Gains(k, 0.0, 1.0 / (k * np.linalg.eigvalsh(matrix)[-1]))
        x, _ = simulate(gains, matrix, bias, 3000, rng.normal(size=(8, 1)))
        np.testing.assert_allclose(x - x.mean(), np.linalg.pinv(matrix) @ bias / k, atol=1e-6)


def test_the_integral_closes_the_spread_that_the_proportional_rule_leaves() -> None:
    first = np.zeros((10, 1))
    apart, _ = simulate(Gains(1.0, 0.0, 0.2), L, BIAS, 3000, first)
    level, learnt = simulate(PI, L, BIAS, 3000, first)
    assert spread(apart) > 0.5
    assert spread(level) < 1e-9
    np.testing.assert_allclose(PI.integral * learnt, BIAS.mean() - BIAS, atol=1e-9)  # the bias is learnt


def test_the_mean_drifts_at_the_mean_bias_and_nothing_among_the_robots_stops_it() -> None:
    x, _ = simulate(PI, L, BIAS, 3000, np.zeros((10, 1)))
    assert x.mean() == pytest.approx(3000 * PI.step * 3.0 / 10)


def test_a_leak_turns_the_drift_into_an_offset_and_keeps_consensus() -> None:
    gains = Gains(1.0, 0.5, 0.2, leak=0.1)
    first = np.random.default_rng(0).normal(size=(10, 1))
    x, _ = simulate(gains, L, BIAS, 6000, first)
    assert spread(x) < 1e-9
    assert x.mean() == pytest.approx(first.mean() + 0.3 / 0.1)


def test_one_anchor_brings_all_to_the_truth_whatever_the_biases() -> None:
    grip = np.zeros((10, 1))
    grip[4] = 1.0
    assert integral.objection(PI, np.linalg.eigvalsh(L + np.diag(grip[:, 0]))[-1]) is None
    x, _ = simulate(PI, L, BIAS, 20_000, np.zeros((10, 1)), grip=grip, truth=np.array(7.0))
    np.testing.assert_allclose(x, 7.0, atol=1e-9)


def matrices(gains: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the step of x and y, differences only, as (t, 2n, 2n), by running the law on unit vectors."""
    n = len(matrix)
    results = []
    for triple in gains:
        g = Gains(*triple)
        x, y = np.hstack((np.eye(n), np.zeros((n, n)))), np.hstack((np.zeros((n, n)), np.eye(n)))
        pulled = -matrix @ x
        rate = integral.command(g, pulled, y) + integral.leak(g, x, np.zeros_like(x))
        results.append(np.vstack((x + g.step * rate, integral.learn(g, pulled, y))))
    return np.array(results)


def grows(step: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """Tell whether the network's differences grow in 2^30 rounds: the step squared thirty times, scale kept apart."""
    power = np.swapaxes(modes, 0, 1) @ step @ modes
    scale = np.zeros(len(step))
    for _ in range(30):
        power, scale = power @ power, 2 * scale
        size = abs(power).max(axis=(1, 2))
        size[size == 0] = 1e-300
        power, scale = power / size[:, None, None], scale + np.log(size)
    return scale > 0


@pytest.mark.parametrize("leaky", [False, True])
def test_verdicts_agree_with_simulation_on_1000_random_gains(leaky: bool) -> None:
    rng = np.random.default_rng(5)
    matrix = laplacian(random_network(rng, 6))
    spectrum, vectors = np.linalg.eigh(matrix)
    largest = spectrum[-1]
    step = rng.uniform(0.02, 1.0, 1000)
    kp = rng.uniform(0.01, 4.0, 1000) / (step * largest)  # about half of them beyond the bound
    ki = rng.uniform(0.0, 2.0, 1000) * kp / step
    leak = rng.uniform(0.0, 2.5, 1000) / step if leaky else np.zeros(1000)
    gains = np.stack((kp, ki, step, leak), axis=1)
    # without leak the mean stands still by itself, and its own mode is left out
    kept = vectors if leaky else vectors[:, 1:]
    modes = np.kron(np.eye(2), kept)
    if leaky:  # the integrator's mean is never touched: e has no mean
        modes = np.delete(modes, len(spectrum), axis=1)
    unstable = grows(matrices(gains, matrix), modes)
    verdicts = np.array([integral.objection(Gains(*row), largest) is not None for row in gains])
    assert 100 < unstable.sum() < 950
    assert np.count_nonzero(verdicts != unstable) == 0


@pytest.mark.parametrize(
    ("gains", "says"),
    [
        (Gains(1.0, 6.0, 0.2), r"h k_i < k_p \+ leak / l_n fails: 1.2 is not below 1"),
        (Gains(3.0, 1.0, 0.2), r"h \(l_n \(k_p - h k_i / 2\) \+ leak\) < 2 fails: 2.9 is not below 2"),
        (Gains(1.0, 9.0, 0.2, leak=11.0), "leak < 2 fails|fails"),
        (Gains(1.0, 0.5, -0.2), "h = -0.2"),
        (Gains(np.nan, 0.5, 0.2), "k_p = nan"),
        (Gains(1.0, -0.5, 0.2), "k_i = -0.5"),
    ],
)
def test_gains_are_refused_with_the_inequality_that_fails(gains: Gains, says: str) -> None:
    with pytest.raises(ConsensusError, match=says):
        integral.checked_gains(gains, 5.0)


def test_stable_gains_pass() -> None:
    assert integral.checked_gains(PI, 5.0) is PI
