"""How well a swarm moves together: the truths of known figures, and what no number may depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from swarm_consensus.graph import algebraic_connectivity, components, laplacian, proximity
from swarm_consensus.motion.metrics import (
    REST,
    cohesion_radius,
    deviation_energy,
    order,
    polarisation,
    relative_connectivity,
    velocity_mismatch,
)

COMPASS = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])  # N, E, S, W
TURN = np.arange(6) * np.pi / 3
HEXAGON = np.vstack([np.zeros(2), 7.0 * np.column_stack([np.cos(TURN), np.sin(TURN)])])  # and its centre
vectors = arrays(float, st.tuples(st.integers(2, 8), st.integers(2, 3)), elements=st.floats(-5.0, 5.0))


# --- degenerate


def test_of_nobody_there_is_nothing_to_measure() -> None:
    nobody = np.zeros((0, 3))
    for measure in (order, polarisation, velocity_mismatch, cohesion_radius):
        assert np.isnan(measure(nobody)), measure
    assert deviation_energy(nobody, np.zeros((0, 0)), 1.0) == 0.0
    assert relative_connectivity(0, 0) == 1.0


def test_one_robot_agrees_with_itself() -> None:
    one = np.array([[0.5, 0.0, 0.0]])
    assert np.isnan(order(one))  # there is no pair
    assert polarisation(one) == 1.0
    assert velocity_mismatch(one) == 0.0
    assert cohesion_radius(one) == 0.0
    assert relative_connectivity(1, 1) == 1.0


def test_who_stands_has_no_heading() -> None:
    assert np.isnan(order(np.full((3, 2), 0.1 * REST)))
    assert np.isnan(polarisation(np.zeros((3, 2))))
    with_stander = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, -0.5 * REST]])
    assert order(with_stander) == pytest.approx(1.0)
    assert polarisation(with_stander) == pytest.approx(1.0)


# --- unit truths


def test_four_winds() -> None:
    # pairs: four at right angles (0), two opposite (-1): -2 / 6; the mean velocity is zero: 4 * 1 / (2 * 4)
    assert order(COMPASS) == pytest.approx(-1.0 / 3.0)
    assert polarisation(COMPASS) == pytest.approx(0.0)
    assert velocity_mismatch(COMPASS) == pytest.approx(0.5)


def test_a_hexagon_with_its_centre() -> None:
    # six spokes and six sides of 7, the next distance is 12.1; a wheel's lambda_2 is 1 + 2 (1 - cos 60 deg) = 2
    links = proximity(HEXAGON, 8.4)
    assert links.sum() == 2 * 12
    assert algebraic_connectivity(links) == pytest.approx(2.0)
    assert relative_connectivity(components(links).max() + 1, 7) == 1.0
    assert cohesion_radius(HEXAGON) == pytest.approx(7.0)
    assert deviation_energy(HEXAGON, links, 7.0) == pytest.approx(0.0, abs=1e-20)


def test_a_lattice_a_tenth_too_wide() -> None:
    # each of 12 edges deviates by 0.1 d: 12 * 0.01 / 13
    assert deviation_energy(1.1 * HEXAGON, proximity(HEXAGON, 8.4), 7.0) == pytest.approx(0.12 / 13.0)


def test_split_networks_are_partly_connected() -> None:
    # three robots in two parts have one edge of the two that a tree has
    assert relative_connectivity([1, 2, 3], 3).tolist() == [1.0, 0.5, 0.0]


# --- properties


@settings(deadline=None)
@given(vectors)
def test_order_is_the_mean_over_pairs(velocity: np.ndarray) -> None:
    moving = [v / np.linalg.norm(v) for v in velocity if np.linalg.norm(v) > REST]
    pairs = [a @ b for i, a in enumerate(moving) for b in moving[:i]]
    expected = np.mean(pairs) if pairs else np.nan
    assert order(velocity) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(vectors, st.floats(0.0, 2.0 * np.pi), st.floats(-3.0, 3.0))
def test_nothing_depends_on_the_frame(values: np.ndarray, angle: float, shift: float) -> None:
    turn = np.eye(values.shape[1])
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    links = proximity(values, 4.0)
    turned = values @ turn.T
    speeds = np.linalg.norm(values, axis=1)
    if np.abs(speeds - REST).min() > 1e-9:  # turning rounds
        for measure in (order, polarisation):
            assert measure(turned) == pytest.approx(measure(values), abs=1e-9, nan_ok=True)
    for measure in (velocity_mismatch, cohesion_radius):
        assert measure(turned + shift) == pytest.approx(measure(values), rel=1e-9, abs=1e-9)
    assert deviation_energy(turned + shift, links, 2.0) == pytest.approx(deviation_energy(values, links, 2.0), abs=1e-9)


@settings(deadline=None)
@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_relative_connectivity_is_a_rank(count: int, seed: int) -> None:
    links = proximity(np.random.default_rng(seed).uniform(0.0, 3.0, (count, 2)), 1.0)
    rank = np.linalg.matrix_rank(laplacian(links), tol=1e-6)
    assert relative_connectivity(components(links).max() + 1, count) == pytest.approx(rank / (count - 1))


def test_batches_are_measured_one_by_one() -> None:
    batch = np.random.default_rng(0).normal(size=(4, 3, 5, 2))
    for measure in (order, polarisation, velocity_mismatch, cohesion_radius):
        whole = measure(batch)
        assert whole.shape == (4, 3)
        assert whole[2, 1] == pytest.approx(measure(batch[2, 1]))
    links = proximity(batch, 1.5)
    assert deviation_energy(batch, links, 1.0)[2, 1] == pytest.approx(deviation_energy(batch[2, 1], links[2, 1], 1.0))
