"""Line of sight, two robots, any wall and any news: the link stays clear of the wall, or above it, at every instant.

Each robot keeps away from walls by its body's limit, and knows of the other what arrives by chance. The wishes are the
worst that could be thought of: straight at where the link is nearest to the wall, and past it on either side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.limits import Limits, linear_rows
from swarm_consensus.motion.obstacles import FreeSpace, Prism
from swarm_consensus.motion.sight import Sight, sight_margin

PERIOD, GAIN = 0.05, 3.0
CLEARANCE = 0.3  # m, from references to walls: more than the margin, as for all vehicles
MARGIN = sight_margin(0.2, 0.18)
Wish = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # own place, the other's, the push of the wall


def measure(pieces: list[shapely.Polygon], heights: list[float], ends: np.ndarray) -> float:
    """Return G: the least over all pieces of the larger of clearance in the plane and height above, m."""
    line = shapely.LineString(ends[:, :2])
    return min(float(max(line.distance(p), ends[:, 2].min() - h)) for p, h in zip(pieces, heights, strict=True))


def push(walls: list[shapely.Polygon], ends: np.ndarray) -> np.ndarray:
    """Return from where the link is nearest to a wall, towards that wall, a unit vector (3,)."""
    line = shapely.LineString(ends[:, :2])
    way = shapely.get_coordinates(shapely.shortest_line(line, min(walls, key=line.distance)))
    gap = way[1] - way[0]
    return np.array([*(gap / max(np.linalg.norm(gap), 1e-9)), 0.0])


def squeezing(_: np.ndarray, __: np.ndarray, wall: np.ndarray) -> np.ndarray:
    return wall


class Wandering:
    """At the wall, along the link or anywhere, for a while each; up and down for those that can."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._kind, self._way = 0, rng.normal(size=3)

    def __call__(self, me: np.ndarray, other: np.ndarray, wall: np.ndarray) -> np.ndarray:
        if self._rng.random() < 0.05:
            self._kind, self._way = int(self._rng.integers(4)), self._rng.normal(size=3)
        link = (other - me) / max(float(np.linalg.norm(other - me)), 1e-9)
        wish = [self._way, wall + 0.5 * self._way, wall + link, wall - link][self._kind]
        return np.asarray(wish / np.linalg.norm(wish))


class Blind(Sight):
    """A mutant: the rows on the last news, taken for the truth."""

    def limits(self, own, others, uncertainty, *rest):  # type: ignore[no-untyped-def]
        return super().limits(own, others, np.zeros_like(uncertainty), *rest)


class Deaf(Sight):
    """A mutant that only moves to the outer side of the tangent, but on the last news."""

    def limits(self, own, others, uncertainty, margin, *rest):  # type: ignore[no-untyped-def]
        return super().limits(own, others, np.full_like(uncertainty, 0.05), margin, *rest)


def random_walls(rng: np.random.Generator) -> list[Prism]:
    """Draw one to three walls: long and thin, hexagons, or an L, which is not convex."""
    walls = []
    for _ in range(int(rng.integers(1, 4))):
        kind = int(rng.integers(3))
        if kind == 0:
            shape = np.array([[-1.5, -0.1], [1.5, -0.1], [1.5, 0.1], [-1.5, 0.1]])
        elif kind == 1:
            angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, 6))
            shape = 0.7 * np.stack((np.cos(angles), np.sin(angles)), axis=-1)
        else:
            shape = np.array([[0, 0], [2, 0], [2, 0.3], [0.3, 0.3], [0.3, 2], [0, 2]]) - 0.7
        turn = rng.uniform(0.0, 2.0 * np.pi)
        turned = shape @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        walls.append(Prism(turned + rng.uniform(-2.0, 2.0, 2), float(rng.uniform(0.8, 2.0))))
    return walls


def random_start(rng: np.random.Generator, walls: list[Prism], dims: tuple[int, int]) -> np.ndarray:
    """Draw both ends, clear of walls and in sight: near the least that is allowed, so that it is needed at once."""
    sight, shapes = Sight(walls), [shapely.Polygon(wall.polygon) for wall in walls]
    for _ in range(5000):
        ends = np.array([[*rng.uniform(-4.0, 4.0, 2), rng.uniform(0.3, 3.0) if d == 3 else 0.06] for d in dims])
        gaps = [
            np.hypot(shape.distance(shapely.Point(end[:2])), max(end[2] - wall.height, 0.0))
            for shape, wall in zip(shapes, walls, strict=True)
            for end in ends
        ]
        if min(gaps) < CLEARANCE:
            continue
        near, far = (sight.surely(ends[0], ends[1:], np.zeros(1), np.array([MARGIN + more]))[0] for more in (0.0, 0.4))
        if near and not far:
            return ends
    raise AssertionError("no start found")


def clearances(
    rng: np.random.Generator,
    walls: list[Prism],
    start: np.ndarray,
    wishes: tuple[Wish, Wish],
    *,
    ticks: int = 120,
    loss: float = 0.5,
    delay: int = 8,
    dims: tuple[int, int] = (2, 2),
    speeds: tuple[float, float] = (1.0, 1.0),
    kind: type[Sight] = Sight,
) -> np.ndarray:
    """Run two robots and return G at five instants of every tick."""
    sight, space = kind(walls), FreeSpace(walls, np.zeros((0, 2)))
    pieces, heights = list(space._pieces), list(space._heights)
    here, past, news, seen = start.copy(), [start.copy()], [0, 0], []
    for tick in range(ticks):
        moved = np.zeros((2, 3))
        for i in (0, 1):
            if rng.random() > loss:
                news[i] = max(news[i], tick - int(rng.integers(0, delay + 1)))
            other = past[news[i]][1 - i]
            rho = speeds[1 - i] * PERIOD * (tick + 1 - news[i])
            wish = speeds[i] * wishes[i](here[i], here[1 - i], push(pieces, here))[: dims[i]]
            blocks = [
                space.limits(here[i], CLEARANCE, 1.0, GAIN, dims[i]),
                sight.limits(
                    here[i], other[None], np.array([rho]), np.array([MARGIN]), speeds[i], PERIOD, GAIN, dims[i]
                ),
            ]
            limits = [block[0] for block in blocks if block is not None]
            rows = linear_rows(joined(limits), speeds[i]) if limits else None
            if limits and rows is None:
                continue
            share = rng.choice([1.0, rng.random()])  # a vehicle that falls behind holds its reference back
            moved[i, : dims[i]] = share * (wish if rows is None else barrier_filter(wish, rows[0], rows[1]).velocity)
        seen += [measure(pieces, heights, here + moved * PERIOD * part) for part in (0.2, 0.4, 0.6, 0.8, 1.0)]
        here = here + moved * PERIOD
        past.append(here.copy())
    return np.array(seen)


def joined(limits: list[Limits]) -> Limits:
    return Limits(*(np.concatenate([getattr(part, name) for part in limits]) for name in ("axis", "slope", "bound")))


def random_run(seed: int, loss: float, delay: int, kind: type[Sight] = Sight, squeeze: bool = False) -> np.ndarray:
    rng = np.random.default_rng(seed)
    dims = [(2, 2), (2, 3), (3, 3)][int(rng.integers(3))]
    walls = random_walls(rng)
    start = random_start(rng, walls, dims)
    wishes = (squeezing, squeezing) if squeeze else (Wandering(rng), Wandering(rng))
    speeds = (1.0, float(rng.uniform(0.2, 1.0)))
    return clearances(rng, walls, start, wishes, loss=loss, delay=delay, dims=dims, speeds=speeds, kind=kind)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 1.0), st.integers(0, 12), st.booleans())
def test_a_link_never_loses_its_clearance(seed: int, loss: float, delay: int, squeeze: bool) -> None:
    # 1e-6: the filter may miss a row by 1e-9 m/s at each of 120 ticks, and angles are rounded
    assert random_run(seed, loss, delay, squeeze=squeeze).min() >= MARGIN - 1e-6
