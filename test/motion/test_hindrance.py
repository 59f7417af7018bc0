"""Which links a wall hinders: the same for all robots, and as shapely measures it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.motion.hindrance import Hindrance
from swarm_consensus.motion.obstacles import Prism

CORNER = [[0.0, 0.0], [3.0, 0.0], [3.0, 0.5], [0.5, 0.5], [0.5, 2.0], [0.0, 2.0]]  # not convex
WALL = Prism(np.array(CORNER), 1.0)
anchors = st.tuples(st.integers(-3000, 6000), st.integers(-3000, 5000), st.integers(0, 2500))


@given(anchors, anchors, st.sampled_from([0.0, 0.1, 0.35]))
def test_near_is_what_shapely_measures_and_the_same_from_both_ends(
    one: tuple[int, int, int], other: tuple[int, int, int], margin: float
) -> None:
    walls = Hindrance([WALL], margin)
    line = shapely.LineString([one[:2], other[:2]])
    apart = shapely.Polygon(1000.0 * np.array(CORNER)).exterior.distance(line)
    above = min(one[2], other[2]) >= 1000.0 * (1.0 + margin)
    if abs(apart - 1000.0 * margin) > 1e-6:
        assert walls.near(one, other) == (apart < 1000.0 * margin and not above)
    assert walls.near(one, other) == walls.near(other, one)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ((-1000, 1000, 0), (4000, 1000, 0), True),  # through one leg
        ((1000, 1000, 0), (2000, 1000, 0), False),  # in the bay
        ((-100, -500, 0), (-100, 3000, 0), True),  # at the margin, to the millimetre
        ((-101, -500, 0), (-101, 3000, 0), False),
        ((3000, 600, 0), (3000, 600, 0), True),  # both at one place
        ((-1000, 1000, 1100), (4000, 1000, 1100), False),  # above it
        ((-1000, 1000, 1100), (4000, 1000, 1099), True),
    ],
)
def test_near_to_the_millimetre(one: tuple[int, int, int], other: tuple[int, int, int], near: bool) -> None:
    assert Hindrance([WALL], 0.1).near(one, other) is near


def test_nothing_hinders_where_there_is_no_wall() -> None:
    assert not Hindrance([], 0.1).near((0, 0, 0), (9, 9, 9))
