"""Line of sight, two robots, any wall and any news: the link stays clear of the wall, or above it, at every instant.

Each robot keeps away from walls by its body's limit, and knows of the other what arrives by chance. The wishes are the
worst that could be thought of: straight at where the link is nearest to the wall, and past it on either side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.limits import Limits, linear_rows
from swarm_consensus.motion.obstacles import FreeSpace, Prism
from swarm_consensus.motion.sight import Sight, sight_margin
from swarm_consensus.motion.tangents import nearest, pieces_of, separating, unit

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


def run(
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
) -> tuple[np.ndarray, np.ndarray]:
    """Run two robots; return G at five instants of every tick, and where they end."""
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
    return np.array(seen), here


def joined(limits: list[Limits]) -> Limits:
    return Limits(*(np.concatenate([getattr(part, name) for part in limits]) for name in ("axis", "slope", "bound")))


def random_run(seed: int, loss: float, delay: int, kind: type[Sight] = Sight, squeeze: bool = False) -> np.ndarray:
    rng = np.random.default_rng(seed)
    dims = [(2, 2), (2, 3), (3, 3)][int(rng.integers(3))]
    walls = random_walls(rng)
    start = random_start(rng, walls, dims)
    wishes = (squeezing, squeezing) if squeeze else (Wandering(rng), Wandering(rng))
    speeds = (1.0, float(rng.uniform(0.2, 1.0)))
    return run(rng, walls, start, wishes, loss=loss, delay=delay, dims=dims, speeds=speeds, kind=kind)[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 1.0), st.integers(0, 12), st.booleans())
def test_a_link_never_loses_its_clearance(seed: int, loss: float, delay: int, squeeze: bool) -> None:
    # 1e-6: the filter may miss a row by 1e-9 m/s at each of 120 ticks, and angles are rounded
    assert random_run(seed, loss, delay, squeeze=squeeze).min() >= MARGIN - 1e-6


WALL = [Prism(np.array([[-0.1, -3.0], [0.1, -3.0], [0.1, 0.0], [-0.1, 0.0]]), 1.0)]  # its end is at y = 0
EXACTLY = np.zeros(1)


def is_sure(start: tuple[float, ...], end: tuple[float, ...], rho: float = 0.0) -> bool:
    seen = Sight(WALL).surely(np.array(start), np.array([end]), np.array([rho]), np.array([MARGIN]))
    return bool(seen[0])


def row(own: tuple[float, ...], other: tuple[float, ...], rho: float = 0.05, dims: int = 2) -> Limits | None:
    found = Sight(WALL).limits(
        np.array(own), np.array([other]), np.array([rho]), np.array([MARGIN]), 1.0, PERIOD, GAIN, dims
    )
    return None if found is None else found[0]


def test_without_walls_nothing_limits_a_link() -> None:
    sight = Sight(())
    there = np.array([[4.0, 0.0, 1.0]])
    assert sight.limits(np.zeros(3), there, EXACTLY, np.array([MARGIN]), 1.0, PERIOD, GAIN, 2) is None
    assert sight.surely(np.zeros(3), there, EXACTLY, np.array([MARGIN])).all()
    assert len(sight.surely(np.zeros(3), there[:0], EXACTLY[:0], EXACTLY[:0])) == 0


def test_a_link_far_from_the_wall_has_no_row() -> None:
    assert row((-2.0, 4.0, 0.06), (2.0, 4.0, 0.06)) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((-1.0, -1.0, 0.06), (1.0, -1.0, 0.06), False),  # straight through
        ((-1.0, MARGIN + 1e-6, 0.06), (1.0, MARGIN + 1e-6, 0.06), True),
        ((-1.0, MARGIN - 1e-6, 0.06), (1.0, MARGIN - 1e-6, 0.06), False),
        ((-1.0, -1.0, 0.06), (-3.0, -1.0, 0.06), True),  # both on one side
        ((-1.0, -1.0, 0.06), (-1.0, -1.0, 0.06), True),  # in one place
        ((-1.0, -1.0, 1.0 + MARGIN), (1.0, -1.0, 1.0 + MARGIN), True),  # both above
        ((-1.0, -1.0, 1.0 + MARGIN - 1e-6), (1.0, -1.0, 3.0), False),
        ((-1.0, -1.0, 3.0), (3.0, -1.0, 0.06), False),  # its middle is above, which is more than is understood here
    ],
)
def test_sight_by_hand(start: tuple[float, ...], end: tuple[float, ...], expected: bool) -> None:
    assert is_sure(start, end) is is_sure(end, start) is expected


def test_sight_is_as_sure_as_the_news_are() -> None:
    # from 4 m before the end of the wall to 4 m behind it: the line to the edge of the ball about the other comes
    # nearer to the corner by half of rho, and a hair more, as the tangents lean
    start, end = (-4.0, 0.5, 0.06), (4.0, 0.5, 0.06)
    assert is_sure(start, end, rho=0.5)
    assert not is_sure(start, end, rho=0.6)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_sure_is_so_wherever_the_other_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    walls = random_walls(rng)
    pieces = pieces_of(walls)
    shapes, heights = [shapely.Polygon(corners) for corners in pieces.corners], pieces.heights.tolist()
    ends = rng.uniform([-4.0, -4.0, 0.0], [4.0, 4.0, 3.0], (40, 2, 3))
    rho = rng.uniform(0.0, 1.0, 40)
    sure = Sight(walls).surely(ends[:, 0], ends[:, 1], rho, np.full(40, MARGIN))
    for (start, end), away in zip(ends[sure], rho[sure], strict=True):
        for _ in range(5):
            there = end + away * np.append(unit(np.array(rng.uniform(0.0, 7.0))), 0.0)
            assert measure(shapes, heights, np.array([start, there])) >= MARGIN - 1e-9


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.01, 1.0))
def test_the_arc_of_separating_normals_is_what_trying_them_all_finds(seed: int, apart: float) -> None:
    rng = np.random.default_rng(seed)
    corners = pieces_of(random_walls(rng)).corners[:1]
    point = rng.uniform(-4.0, 4.0, (1, 2))
    way = nearest(point, corners)
    assert np.linalg.norm(way) == pytest.approx(shapely.Polygon(corners[0]).distance(shapely.Point(point[0])))
    if np.linalg.norm(way) < apart + 1e-6:
        return
    lower, upper = (end[0] for end in separating(point, corners, way, np.array([apart])))
    angles = np.linspace(-np.pi, np.pi, 721)
    parts = ((point - corners[0]) @ unit(angles).T).min(axis=0) >= apart
    middle, half = 0.5 * (lower + upper), 0.5 * (upper - lower)
    within = np.abs(np.mod(angles - middle + np.pi, 2.0 * np.pi) - np.pi)
    clear = np.abs(within - half) > 1e-6  # not on the ends, where rounding decides
    np.testing.assert_array_equal(parts[clear], (within <= half)[clear])


def test_at_the_margin_a_robot_may_go_along_the_link_and_outward_but_not_inward() -> None:
    limits = row((-2.0, MARGIN, 0.06), (2.0, MARGIN, 0.06))
    assert limits is not None
    np.testing.assert_allclose(limits.axis, [[0.0, -1.0]], atol=1e-9)
    assert limits.bound[0] == pytest.approx(0.0, abs=1e-9)


def test_one_that_stands_near_a_wall_does_not_bind_those_it_talks_to_across_the_room() -> None:
    # it may be anywhere within 0.5 m, so that no line parts it from the wall; yet no corner is near the link
    assert row((-4.0, -1.5, 0.06), (-0.4, -1.5, 0.06), rho=0.5) is not None
    assert not len(row((-4.0, -1.5, 0.06), (-0.4, -1.5, 0.06), rho=0.5).bound)  # type: ignore[union-attr]


def test_two_that_talk_above_a_wall_do_not_descend_below_it() -> None:
    limits = row((-1.0, -1.0, 1.0 + MARGIN + 0.1), (1.0, -1.0, 1.5), dims=3)
    assert limits is not None
    np.testing.assert_allclose(limits.axis, [[0.0, 0.0, -1.0]])
    np.testing.assert_allclose(limits.bound, [GAIN * 0.1])


@pytest.mark.parametrize("seed", [29, 56])
def test_rows_that_trust_the_last_news_let_the_wall_come_in_between(seed: int) -> None:
    assert random_run(seed, 0.5, 12, Blind, squeeze=True).min() < MARGIN - 0.03


def test_sight_can_be_used_to_its_margin_when_news_are_fresh() -> None:
    start = np.array([[-2.0, 1.0, 0.06], [2.0, 1.0, 0.06]])
    seen, _ = run(np.random.default_rng(0), WALL, start, (squeezing, squeezing), loss=0.0, delay=0)
    assert MARGIN - 1e-6 <= seen[-1] <= MARGIN + 0.05 + 1e-6  # what the other may move in a period is kept free


def test_a_chain_bends_round_the_end_of_a_wall() -> None:
    # the first is bound for the shadow of the wall, the second for where the first will be: it comes along
    goals = (np.array([1.5, -2.0, 0.06]), np.array([1.5, -0.9, 0.06]))

    def to(goal: np.ndarray) -> Wish:
        # round the end of the wall, then to the goal
        def wish(me: np.ndarray, *_: np.ndarray) -> np.ndarray:
            way = (goal if me[0] > 0.4 else np.array([0.5, 0.6, 0.06])) - me
            return np.asarray(way / max(1.0, float(np.linalg.norm(way))))

        return wish

    start = np.array([[-1.0, 0.6, 0.06], [-2.5, 0.6, 0.06]])
    seen, last = run(np.random.default_rng(0), WALL, start, (to(goals[0]), to(goals[1])), loss=0.3, delay=3, ticks=400)
    assert seen.min() >= MARGIN - 1e-6
    np.testing.assert_allclose(last, goals, atol=0.1)
