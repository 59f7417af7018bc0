"""Tracking: exact for inputs that stand still, within a bound that is reached for those that change."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from networks import adjacency, contraction, distance, metropolis

from swarm_consensus.consensus import ConsensusError, tracking

W = metropolis(adjacency(nx.cycle_graph(8)))
RHO = contraction(W)


def follow(inputs: np.ndarray, leak: float = 0.0, start: np.ndarray | None = None) -> np.ndarray:
    """Return the estimates of all rounds, inputs (T, n)."""
    values = [inputs[0] if start is None else start]
    for before, now in pairwise(inputs):
        values.append(tracking.step(W @ values[-1], now, before, leak))
    return np.array(values)


def test_inputs_that_stand_still_are_averaged_exactly() -> None:
    inputs = np.broadcast_to(np.random.default_rng(0).normal(size=8), (400, 8))
    np.testing.assert_allclose(follow(inputs)[-1], inputs[0].mean(), atol=1e-12)


def test_the_mean_is_exact_at_every_round_and_the_distance_within_the_bound() -> None:
    rng = np.random.default_rng(1)
    inputs = np.cumsum(rng.uniform(-1, 1, (300, 8)), axis=0)
    values = follow(inputs)
    np.testing.assert_allclose(values.mean(axis=1), inputs.mean(axis=1), atol=1e-11)
    change = max(distance(step) for step in np.diff(inputs, axis=0))
    first = distance(values[0])
    for k, row in enumerate(values):
        assert distance(row) <= RHO**k * first + tracking.bound(RHO, change) * (1 - RHO**k) + 1e-12


def test_the_bound_is_reached_along_the_slowest_mode() -> None:
    spectrum, modes = np.linalg.eigh(W - 1 / 8)
    inputs = np.outer(np.arange(400), modes[:, spectrum.argmax()])
    assert distance(follow(inputs)[-1]) == pytest.approx(tracking.bound(RHO, 1.0), rel=1e-6)


def test_a_wrong_start_stays_for_ever_without_a_leak_and_goes_with_one() -> None:
    inputs = np.broadcast_to(np.random.default_rng(0).normal(size=8), (1000, 8))
    wrong = inputs[0] + 1.0
    assert follow(inputs, start=wrong)[-1].mean() == pytest.approx(inputs[0].mean() + 1.0)
    leaky = follow(inputs, 0.05, wrong)[-1]
    assert leaky.mean() == pytest.approx(inputs[0].mean(), abs=1e-12)
    price = distance(leaky)
    assert 1e-3 < price <= tracking.bound(RHO, 0.0, distance(inputs[0]), 0.05)


def test_bad_input_is_a_sentence() -> None:
    with pytest.raises(ConsensusError, match="leak is -1"):
        tracking.step(W[0], W[0], W[0], -1)
    with pytest.raises(ConsensusError, match="rho is 1"):
        tracking.bound(1.0, 1.0)
