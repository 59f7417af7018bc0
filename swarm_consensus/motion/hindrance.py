"""Which lines between anchors have a wall near: in whole numbers, so that all robots agree to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.plane import along, turn

Anchor = tuple[int, int, int]  # mm: whole numbers, so that all robots compare the same lengths
_Point = tuple[int, int]  # mm


class _Wall(NamedTuple):
    edges: tuple[tuple[_Point, _Point], ...]
    low: _Point  # lower left corner of the bounding box, widened by the margin
    high: _Point
    top: int  # mm, from which on up nothing hinders


class Hindrance:
    """Walls that block the radio, to links that are near them.

    Parameters
    ----------
    walls
        Prisms on the ground.
    margin
        A line nearer than this to a wall, m, and with an end that is not so high above it, is hindered.
    """

    def __init__(self, walls: Iterable[Prism], margin: float) -> None:
        wide = round(1000.0 * margin)
        self._margin2 = wide * wide
        self._walls = [_wall(prism, wide) for prism in walls]

    def near(self, one: Anchor, other: Anchor) -> bool:
        """Tell whether a wall is near the line between two anchors; which of them is named first does not matter."""
        (x, y, z), (u, v, w) = one, other
        for wall in self._walls:
            (west, south), (east, north) = wall.low, wall.high
            if min(z, w) >= wall.top or max(x, u) < west or min(x, u) > east or max(y, v) < south or min(y, v) > north:
                continue
            if any(_is_close((x, y), (u, v), *edge, self._margin2) for edge in wall.edges):
                return True
        return False


def _wall(prism: Prism, wide: int) -> _Wall:
    corners: Sequence[_Point] = [(round(1000.0 * x), round(1000.0 * y)) for x, y in prism.polygon.tolist()]
    xs, ys = zip(*corners, strict=True)
    return _Wall(
        tuple(zip(corners, [*corners[1:], corners[0]], strict=True)),
        (min(xs) - wide, min(ys) - wide),
        (max(xs) + wide, max(ys) + wide),
        round(1000.0 * prism.height) + wide,
    )


def _is_close(p: _Point, q: _Point, a: _Point, b: _Point, margin2: int) -> bool:
    """Tell whether two segments in the plane come as near to each other as the root of `margin2`."""
    if turn(p, q, a) * turn(p, q, b) < 0 and turn(a, b, p) * turn(a, b, q) < 0:
        return True
    ends = ((p, a, b), (q, a, b), (a, p, q), (b, p, q))
    return any(_reaches(*each, margin2) for each in ends)


def _reaches(point: _Point, a: _Point, b: _Point, margin2: int) -> bool:
    """Tell whether a point is as near to a segment as the root of `margin2`."""
    reached, whole = along(a, b, point), along(a, b, b)
    if reached <= 0:
        return along(a, point, point) <= margin2
    if reached >= whole:
        return along(b, point, point) <= margin2
    return turn(a, b, point) ** 2 <= margin2 * whole
