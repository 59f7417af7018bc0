"""Polygons that people draw, judged in plain arithmetic: sums, products, quotients and square roots only.

All robots must come to the same about an order, on whatever machine. So nothing here asks a geometry library, whose
last bits differ from one version to the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from swarm_consensus.motion.plane import along, turn

Corner: TypeAlias = tuple[float, float]  # m
Side: TypeAlias = tuple[Corner, Corner]
ROUND_OFF = 1e-9  # m, by which a point may miss a side that it lies on


def sides(corners: Sequence[Corner]) -> Iterator[Side]:
    """Return the sides of a polygon, the one that ends in the first corner first."""
    before = corners[-1]
    for corner in corners:
        yield before, corner
        before = corner


def inside(corners: Sequence[Corner], x: float, y: float) -> bool:
    """Tell whether a point is inside of a polygon: a ray to the east crosses its sides an odd number of times."""
    found = False
    for (x2, y2), (x1, y1) in sides(corners):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found


def distance(corners: Sequence[Corner], x: float, y: float) -> float:
    """Return the distance of a point to the nearest side, m."""
    return min(_to_side(side, x, y) for side in sides(corners))


def _to_side(side: Side, x: float, y: float) -> float:
    (x1, y1), (x2, y2) = side
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy
    share = 0.0 if square == 0.0 else min(max(((x - x1) * dx + (y - y1) * dy) / square, 0.0), 1.0)
    away_x, away_y = x - x1 - share * dx, y - y1 - share * dy
    return math.sqrt(away_x * away_x + away_y * away_y)


def crossing(corners: Sequence[Corner]) -> tuple[int, int] | None:
    """Return two sides that touch each other elsewhere than in a corner that they share, each by its end's number.

    Numbers count from 1. A side without length touches itself.
    """
    every = list(sides(corners))
    for one, (start, end) in enumerate(every):
        if start == end:
            return one + 1, one + 1
        for other in range(one + 1, len(every)):
            if _touch(every[one], every[other]):
                return one + 1, other + 1
    return None


def _touch(one: Side, other: Side) -> bool:
    """Tell whether two sides have a point in common, a shared corner aside unless one folds back on the other."""
    (a, b), (c, d) = one, other
    if b == c or a == d:
        middle, p, q = (b, a, d) if b == c else (a, b, c)
        return p == q or (turn(p, middle, q) == 0.0 and along(middle, p, q) > 0.0)
    turns = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if (turns[0] > 0.0) != (turns[1] > 0.0) and (turns[2] > 0.0) != (turns[3] > 0.0) and 0.0 not in turns:
        return True
    lying = zip(turns, (one, one, other, other), (c, d, a, b), strict=True)
    return any(left == 0.0 and _between(side, point) for left, side, point in lying)


def _between(side: Side, point: Corner) -> bool:
    (x1, y1), (x2, y2) = side
    return min(x1, x2) <= point[0] <= max(x1, x2) and min(y1, y2) <= point[1] <= max(y1, y2)


def within(corners: Sequence[Corner], bounds: Sequence[Corner]) -> bool:
    """Tell whether a polygon leaves another one nowhere; sides may lie upon each other.

    Each side is cut where it meets a side of the bounds. In between it is wholly inside or wholly outside, so that one
    point tells; and what has all of its sides in a simple polygon has all of itself there.
    """
    for (x1, y1), (x2, y2) in sides(corners):
        cuts = sorted({0.0, 1.0, *_cuts(((x1, y1), (x2, y2)), bounds)})
        middles = [(one + two) / 2.0 for one, two in pairwise(cuts)]
        for share in (0.0, 1.0, *middles):
            x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
            if not inside(bounds, x, y) and distance(bounds, x, y) > ROUND_OFF:
                return False
    return True


def _cuts(side: Side, bounds: Sequence[Corner]) -> Iterator[float]:
    """Return at which shares of a side it meets sides of the bounds, or passes their ends."""
    (x1, y1), (x2, y2) = side
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy
    for (x3, y3), (x4, y4) in sides(bounds):
        across = dx * (y4 - y3) - dy * (x4 - x3)
        shares = [((x3 - x1) * dx + (y3 - y1) * dy) / square]
        if across != 0.0:
            shares.append(((x3 - x1) * (y4 - y3) - (y3 - y1) * (x4 - x3)) / across)
        yield from (share for share in shares if 0.0 < share < 1.0)


def room(corners: Sequence[Corner], clearance: float) -> float:
    """Return a bound from below on the area of what is at least so far from all sides, m^2; it may be negative.

    Along each side a strip is lost, and round each corner that points inwards at most half a disc.
    """
    double = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in sides(corners))
    around = sum(math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1)) for (x1, y1), (x2, y2) in sides(corners))
    count = len(corners)
    turns = (turn(corners[i - 2], corners[i - 1], corners[i]) for i in range(count))
    inwards = sum((left < 0.0) == (double > 0.0) for left in turns if left != 0.0)
    return abs(double) / 2.0 - around * clearance - inwards * math.pi / 2.0 * clearance * clearance
