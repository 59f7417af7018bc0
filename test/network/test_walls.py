"""Line of sight against prisms, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.network.walls import cut_by_walls

BLOCK = (np.array([[1.0, -1.0], [2.0, -1.0], [2.0, 1.0], [1.0, 1.0]]), 2.0)  # one metre thick, two wide, two high
# a letter U, open to the north: two arms of 1 x 3 and a base
HORSESHOE = (np.array([[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]], dtype=float), 1.0)


def cut(start: tuple[float, ...], end: tuple[float, ...], *walls: tuple[np.ndarray, float]) -> bool:
    return bool(cut_by_walls(np.array([start]), np.array([end]), walls)[0])


def test_no_segments_and_no_walls() -> None:
    assert cut_by_walls(np.zeros((0, 3)), np.zeros((0, 3)), [BLOCK]).shape == (0,)
    assert not cut((0.0, 0.0, 0.0), (3.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((0.0, 0.0, 1.0), (3.0, 0.0, 1.0), True),  # straight through
        ((0.0, 0.0, 2.5), (3.0, 0.0, 2.5), False),  # over it
        ((0.0, 5.0, 1.0), (3.0, 5.0, 1.0), False),  # past it
        ((0.0, 0.0, 1.0), (0.5, 0.0, 1.0), False),  # in front of it
        # from 0 m to 3 m high over x = 0..3: at x = 1, where it enters, it is 1 m high
        ((0.0, 0.0, 0.0), (3.0, 0.0, 3.0), True),
        # from 1.5 m at x = 0 to 4.5 m at x = 3: at x = 1 it is 2.5 m high
        ((0.0, 0.0, 1.5), (3.0, 0.0, 4.5), False),
        # the other way down, from 4.5 m: at x = 2 it is 2.5 m high, at x = 1 it leaves at 1.5 m
        ((3.0, 0.0, 3.5), (0.0, 0.0, 0.5), True),
        ((0.0, 0.0, 2.0), (3.0, 0.0, 2.0), False),  # along its top
        ((0.0, 1.0, 1.0), (3.0, 1.0, 1.0), True),  # along its side
        ((0.5, -2.0, 0.5), (0.5, -2.0, 2.5), False),  # straight up beside it
    ],
)
def test_a_block(start: tuple[float, ...], end: tuple[float, ...], expected: bool) -> None:
    assert cut(start, end, BLOCK) is expected
    assert cut(end, start, BLOCK) is expected


def test_a_wall_that_is_not_convex() -> None:
    assert not cut((1.5, 2.0, 0.5), (1.5, 5.0, 0.5), HORSESHOE)  # out of its opening
    assert cut((1.5, 2.0, 0.5), (5.0, 2.0, 0.5), HORSESHOE)  # through an arm
    # over the base at 1.5 m, then down into an arm: 1.5 - 1.0 x/4 falls to 1 m at x = 2, the arm spans x = 2..3
    assert cut((0.0, 2.0, 1.5), (4.0, 2.0, 0.5), HORSESHOE)


def test_any_of_several_walls_cuts() -> None:
    far = (BLOCK[0] + 10.0, 2.0)
    assert cut((0.0, 0.0, 1.0), (3.0, 0.0, 1.0), far, BLOCK)
    assert not cut((0.0, 0.0, 1.0), (3.0, 0.0, 1.0), far)


def test_each_wall_has_its_own_height() -> None:
    low, high = (BLOCK[0], 2.0), (BLOCK[0] + 10.0, 9.0)
    assert not cut((0.0, 0.0, 3.0), (3.0, 0.0, 3.0), low, high)  # over the low one, past the high one
    assert not cut((0.0, 0.0, 3.0), (3.0, 0.0, 3.0), high, low)
    # over the low one and into the high one, which spans (11..12, 9..11)
    assert cut((0.0, 0.0, 3.0), (13.0, 11.0, 3.0), low, high)


def test_corners_may_be_whole_numbers() -> None:
    assert cut((0.0, 0.0, 1.0), (3.0, 0.0, 1.0), (np.array([[1, -1], [2, -1], [2, 1], [1, 1]]), 2.0))


def sampled(start: np.ndarray, end: np.ndarray) -> bool:
    """Walk along the segment in steps of a millimetre or so."""
    share = np.linspace(0.0, 1.0, 8001)[:, None]
    x, y, z = (start + share * (end - start)).T
    return bool(((x > 1.0) & (x < 2.0) & (y > -1.0) & (y < 1.0) & (z < 2.0)).any())


points = st.tuples(st.floats(-1, 4), st.floats(-3, 3), st.floats(0, 4))


@given(points, points)
def test_agrees_with_walking_along_the_segment(start: tuple[float, ...], end: tuple[float, ...]) -> None:
    first, second = np.array(start), np.array(end)
    if math.dist(start[:2], end[:2]) < 0.1:
        return
    if sampled(first, second):
        assert cut(start, end, BLOCK)
    elif cut(start, end, BLOCK):  # then it grazes: a block larger by a centimetre is walked into
        x, y = (BLOCK[0] - [1.5, 0.0]).T
        share = np.linspace(0.0, 1.0, 8001)[:, None]
        px, py, pz = (first + share * (second - first)).T
        assert ((abs(px - 1.5) < x.max() + 0.01) & (abs(py) < y.max() + 0.01) & (pz < 2.01)).any()
