"""Plain averaging and the mix on board: rates, sparse and dense, bad input."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import contraction, distance, metropolis, random_network
from scipy import sparse

from swarm_consensus.consensus import ConsensusError, average, chebyshev, exact, two_register
from swarm_consensus.consensus.neighbourhood import neighbourhoods


def test_one_alone_keeps_its_value() -> None:
    assert average.run([[1.0]], [3.0], 5) == [3.0]
    own = np.array([3.0])
    np.testing.assert_array_equal(average.mix(own, np.zeros((0, 1)), np.zeros(0), np.zeros(0, dtype=bool)), own)


def test_a_complete_network_is_done_in_one_round() -> None:
    np.testing.assert_allclose(average.run(np.full((4, 4), 0.25), np.arange(4.0), 1), 1.5)
    assert average.rounds_needed(0.0, 1e-9) == 1


@given(st.integers(0, 2**32))
def test_each_round_shrinks_the_distance_by_rho_and_keeps_the_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = metropolis(random_network(rng))
    values = rng.normal(size=(len(weights), 2))
    rho = contraction(weights)
    for k in range(8):
        after = average.run(weights, values, k)
        assert distance(after) <= rho**k * distance(values) * (1 + 1e-12) + 1e-14
        np.testing.assert_allclose(after.mean(axis=0), values.mean(axis=0), atol=1e-13)


@given(st.integers(0, 2**32))
def test_a_robot_and_a_network_and_a_sparse_network_run_the_same_law(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = metropolis(random_network(rng))
    values = rng.normal(size=(len(weights), 3))
    near = neighbourhoods(weights)
    batch = average.mix(values, values[near.index], near.weight, near.mask)
    one = average.mix(values[0], values[near.index[0]], near.weight[0], near.mask[0])
    np.testing.assert_allclose(batch, weights @ values, atol=1e-14)
    np.testing.assert_allclose(one, batch[0], atol=1e-14)
    np.testing.assert_allclose(average.run(sparse.csr_array(weights), values, 1), batch, atol=1e-14)


def test_a_batch_of_networks_is_each_of_them() -> None:
    rng = np.random.default_rng(0)
    weights = np.stack([metropolis(random_network(rng, 6)) for _ in range(3)])
    values = rng.normal(size=(3, 6, 2))
    each = [average.run(w, v, 4) for w, v in zip(weights, values, strict=True)]
    np.testing.assert_allclose(average.run(weights, values, 4), each, atol=1e-14)


def test_a_neighbour_whose_value_is_no_number_does_not_pull() -> None:
    mixed = average.mix(np.zeros(1), np.array([[np.nan], [1.0]]), np.array([0.3, 0.3]), np.ones(2, dtype=bool))
    np.testing.assert_allclose(mixed, [0.3])


def test_one_lost_message_moves_the_plain_average_for_good() -> None:
    """Why `running_sums` exists: 0 and 1 on one link of weight 1/2, and robot 0 misses one message."""
    values = np.array([[0.0], [1.0]])
    heard = np.array([[False], [True]])
    values = average.mix(values, values[::-1, None], np.full((2, 1), 0.5), heard)
    assert average.run(np.full((2, 2), 0.5), values, 50)[0] == pytest.approx(0.25)  # (0 + 1/2) / 2, not 1/2


HALF = np.full((2, 2), 0.5)


@pytest.mark.parametrize(
    ("weights", "values", "says"),
    [
        (np.ones((2, 3)), [0.0, 0.0], "square"),
        ([[0.5, np.nan], [0.5, 0.5]], [0.0, 0.0], "not finite"),
        ([[0.5, 0.5, 0], [0.25, 0.5, 0.25], [0, 0.5, 0.5]], [0.0] * 3, "transpose"),
        ([[0.5, 0.4], [0.4, 0.6]], [0.0, 0.0], "row 0 of the weights sums to 0.9"),
        (np.eye(2), [0.0, 0.0], "split into 2 parts: node 0 never hears of node 1"),
        (HALF, [0.0, 0.0, 0.0], "3 values for 2 nodes"),
        (HALF, [0.0, np.nan], "not finite"),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_bad_input_is_a_sentence(weights: object, values: list[float], says: str, form: type) -> None:
    for run in (
        lambda: average.run(form(weights), values, 1),
        lambda: two_register.run(form(weights), values, 1, 0.5),
        lambda: chebyshev.run(form(weights), values, 1, 0.5),
    ):
        with pytest.raises(ConsensusError, match=says):
            run()


def test_numbers_out_of_range_are_sentences() -> None:
    with pytest.raises(ConsensusError, match="rounds is -1"):
        average.run(HALF, [0.0, 1.0], -1)
    for rho in (-0.1, 1.0, np.nan):
        with pytest.raises(ConsensusError, match="rho is"):
            chebyshev.run(HALF, [0.0, 1.0], 1, rho)
    for run in (average.rounds_needed, chebyshev.rounds_needed):
        for tolerance in (0.0, 2.0):
            with pytest.raises(ConsensusError, match="tolerance is"):
                run(0.5, tolerance)
    with pytest.raises(ConsensusError, match="do not fit"):
        average.mix(np.zeros(2), np.zeros((3, 1)), np.zeros(3), np.ones(3, dtype=bool))


@pytest.mark.parametrize("module", [average, two_register, chebyshev, exact, import_module(neighbourhoods.__module__)])
def test_examples_in_the_documentation(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted
    assert not result.failed
