"""Cones and their pyramids: every velocity that satisfies the rows satisfies the cone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.motion.limits import Limits, linear_rows


def limits(axis: np.ndarray, slope: float, bound: float) -> Limits:
    return Limits(axis=axis[None], slope=np.array([slope]), bound=np.array([bound]))


def unit(rng: np.random.Generator, dims: int) -> np.ndarray:
    vector = rng.normal(size=dims)
    return vector / np.linalg.norm(vector)


def test_a_half_space_that_cannot_bind_gives_no_row() -> None:
    rows = linear_rows(limits(np.array([1.0, 0.0]), 0.0, 2.0), speed=1.0)
    assert rows is not None
    assert rows[0].shape == (0, 2)


def test_a_half_space_is_its_own_row() -> None:
    rows = linear_rows(limits(np.array([0.0, 1.0]), 0.0, 0.3), speed=1.0)
    assert rows is not None
    np.testing.assert_array_equal(rows[0], [[0.0, 1.0]])
    np.testing.assert_array_equal(rows[1], [0.3])


def test_a_cone_without_directions_left_says_hold() -> None:
    assert linear_rows(limits(np.array([0.0, 1.0]), 1.0, 0.0), speed=1.0) is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([2, 3]), st.floats(1e-6, 0.999))
def test_whatever_satisfies_the_rows_satisfies_the_cone(seed: int, dims: int, slope: float) -> None:
    rng = np.random.default_rng(seed)
    axis = unit(rng, dims)
    rows = linear_rows(limits(axis, slope, 0.0), speed=1.0)
    assert rows is not None
    np.testing.assert_allclose(np.linalg.norm(rows[0], axis=1), 1.0, atol=1e-12)
    velocities = rng.normal(size=(200, dims))
    inside = velocities[(velocities @ rows[0].T <= 0.0).all(axis=1)]
    assert (inside @ axis + slope * np.linalg.norm(inside, axis=1) <= 1e-9).all()


@pytest.mark.parametrize("slope", [0.05, 0.5, 0.95])
def test_in_the_plane_the_rows_are_the_cone_itself(slope: float) -> None:
    rng = np.random.default_rng(3)
    axis = unit(rng, 2)
    rows = linear_rows(limits(axis, slope, 0.0), speed=1.0)
    assert rows is not None
    velocities = rng.normal(size=(2000, 2))
    by_rows = (velocities @ rows[0].T <= 0.0).all(axis=1)
    by_cone = velocities @ axis + slope * np.linalg.norm(velocities, axis=1) <= 0.0
    np.testing.assert_array_equal(by_rows, by_cone)
