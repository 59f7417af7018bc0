"""Walls near by: what is remembered from tick to tick never hides one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.motion.obstacles import FreeSpace, Prism

CLEARANCE, HORIZON, GAIN = 0.38, 0.3, 2.0
FENCE = np.array([[-6.0, -6.0], [6.0, -6.0], [6.0, 6.0], [-6.0, 6.0]])


def square(x: float, y: float, size: float, height: float) -> Prism:
    corners = [[x, y], [x + size, y], [x + size, y + size], [x, y + size]]
    return Prism(polygon=np.array(corners), height=height)


def course(rng: np.random.Generator, dims: int) -> list[np.ndarray]:
    """A walk through the whole map, in steps short and long."""
    places, place = [], np.array([rng.uniform(-5, 5), rng.uniform(-5, 5), 1.0 if dims == 3 else 0.0])
    for _ in range(25):
        target = np.array([*rng.uniform(-5.9, 5.9, 2), rng.uniform(0.3, 3.0) if dims == 3 else 0.0])
        steps = max(2, int(np.linalg.norm(target - place) / rng.choice([0.03, 0.2])))
        places += list(np.linspace(place, target, steps)[1:])
        place = target
    return places


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([2, 3]), st.booleans())
def test_a_space_that_was_asked_before_tells_what_a_new_one_tells(seed: int, dims: int, fenced: bool) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(1, 8)
    walls = [square(*rng.uniform(-5, 4, 2), rng.uniform(0.1, 2.0), rng.uniform(0.5, 3.0)) for _ in range(count)]
    fence = FENCE if fenced else np.zeros((0, 2))
    used = FreeSpace(walls, fence)
    for place in course(rng, dims):
        told = bounds(used, place, dims)
        fresh = bounds(FreeSpace(walls, fence), place, dims)
        assert {name: told.get(name) for name in fresh} == pytest.approx(fresh, abs=1e-12)


def bounds(space: FreeSpace, place: np.ndarray, dims: int) -> dict[str, float]:
    """The least bound of each wall that can bind."""
    told = space.limits(place, CLEARANCE, HORIZON, GAIN, dims)
    least: dict[str, float] = {}
    for name, bound in () if told is None else zip(told[1], told[0].bound.tolist(), strict=True):
        if bound < GAIN * HORIZON:
            least[name] = min(bound, least.get(name, bound))
    return least


def test_a_robot_in_the_air_comes_down_on_a_wall() -> None:
    """The other case: what was remembered did not count the way down."""
    space = FreeSpace([square(-1.0, -1.0, 2.0, 1.0)], np.zeros((0, 2)))
    for z in np.arange(3.0, 1.5, -0.01):
        told = space.limits(np.array([0.0, 0.0, z]), CLEARANCE, HORIZON, GAIN, 3)
    assert told is not None


def test_a_wall_comes_into_reach_while_another_is_still_far() -> None:
    """The case that once let a rover touch a wall: only another one was listed, and it was farther than the new one."""
    space = FreeSpace([square(-1.7, -0.5, 1.0, 3.5), square(-2.6, 1.4, 0.5, 3.5)], np.zeros((0, 2)))
    for x in np.arange(-3.4, -2.2, 0.01):
        told = space.limits(np.array([x, 0.0, 0.0]), CLEARANCE, HORIZON, GAIN, 2)
    assert told is not None
    assert "obstacle 1" in told[1]
