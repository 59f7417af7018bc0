"""Links and separation, two robots, any news: the distance stays within its bounds at every instant.

The other's speed bound and the same law on both sides are all that is assumed; which news arrives when is drawn at
random, and the wishes are the worst that could be thought of.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.motion.limits import Limits, linear_rows
from swarm_consensus.motion.links import link_limits
from swarm_consensus.motion.separation import separation_limits

PERIOD, GAIN, RANGE, APART = 0.05, 3.0, 5.0, 0.7
Law = Callable[[np.ndarray, float, float, int], Limits]  # offset, uncertainty, own speed, dims


def kept(offset: np.ndarray, uncertainty: float, speed: float, dims: int) -> Limits:
    away = np.linalg.norm(offset[None], axis=1)
    return link_limits(offset[None], away, np.array([RANGE]), np.array([uncertainty]), speed, PERIOD, GAIN, dims)


def apart(offset: np.ndarray, uncertainty: float, _: float, dims: int) -> Limits:
    away = np.linalg.norm(offset[None], axis=1)
    return separation_limits(offset[None], away, np.array([APART]), np.array([uncertainty]), GAIN, dims)


def plain_link(offset: np.ndarray, _: float, __: float, dims: int) -> Limits:
    """The baseline: the classic barrier row, which trusts the last news."""
    distance = float(np.linalg.norm(offset))
    return Limits((offset / distance)[None, :dims], np.zeros(1), np.array([max(0.0, GAIN * (RANGE - distance))]))


def plain_separation(offset: np.ndarray, _: float, __: float, dims: int) -> Limits:
    distance = float(np.linalg.norm(offset))
    return Limits((-offset / distance)[None, :dims], np.zeros(1), np.array([max(0.0, GAIN * (distance - APART))]))


def distances(
    law: Law,
    rng: np.random.Generator,
    start: float,
    wish: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    ticks: int = 400,
    loss: float = 0.5,
    delay: int = 8,
    dims: int = 2,
    tilted: bool = False,
    speeds: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Run two robots and return their distance at ten instants of every tick."""
    here = np.zeros((2, 3))
    here[1, :2] = start * unit(rng, 2)
    if tilted:  # one above the other, so that moves in the plane see only a part of the distance
        here[1] = start * unit(rng, 3)
    past = [here.copy()]
    news = [0, 0]  # tick of the newest news that robot i has of the other
    seen = []
    for tick in range(ticks):
        moved = np.zeros((2, 3))
        for i in (0, 1):
            if rng.random() > loss:
                news[i] = max(news[i], tick - int(rng.integers(0, delay + 1)))
            other = past[news[i]][1 - i]
            uncertainty = speeds[1 - i] * PERIOD * (tick + 1 - news[i])
            rows = linear_rows(law((here[i] - other), uncertainty, speeds[i], dims), speeds[i])
            if rows is not None:
                wished = speeds[i] * wish(here[i], here[1 - i])[:dims]
                moved[i, :dims] = barrier_filter(wished, rows[0], rows[1]).velocity
        for part in np.arange(1, 11) / 10:
            at = here + moved * PERIOD * part
            seen.append(np.linalg.norm(at[0] - at[1]))
        here = here + moved * PERIOD
        past.append(here.copy())
    return np.array(seen)


def unit(rng: np.random.Generator, dims: int) -> np.ndarray:
    vector = rng.normal(size=dims)
    return vector / np.linalg.norm(vector)


def circling(me: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Round the middle, and outward a little: what delay turns into a spiral."""
    out = (me - other) / np.linalg.norm(me - other)
    wish = np.array([-out[1], out[0], out[2]]) + 0.3 * out
    return wish / np.linalg.norm(wish)


def fleeing(me: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (me - other) / np.linalg.norm(me - other)


def chasing(me: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (other - me) / max(float(np.linalg.norm(me - other)), 1e-9)


class Wandering:
    """A wish that changes direction at random."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._now = unit(rng, 3)

    def __call__(self, *_: np.ndarray) -> np.ndarray:
        if self._rng.random() < 0.05:
            self._now = unit(self._rng, 3)
        return self._now


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([2, 3]),
    st.floats(0.0, 1.0),
    st.integers(0, 12),
    st.sampled_from(["circling", "fleeing", "wandering"]),
)
def test_a_link_never_exceeds_its_range(seed: int, dims: int, loss: float, delay: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    wish = {"circling": circling, "fleeing": fleeing, "wandering": Wandering(rng)}[kind]
    start = rng.uniform(0.5, RANGE)
    speeds = (1.0, float(rng.uniform(0.2, 1.0)))
    seen = distances(kept, rng, start, wish, loss=loss, delay=delay, dims=dims, tilted=True, speeds=speeds)
    assert seen.max() <= RANGE + 1e-9


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([2, 3]),
    st.floats(0.0, 1.0),
    st.integers(0, 12),
    st.sampled_from(["chasing", "circling", "wandering"]),
)
def test_bodies_never_come_nearer_than_their_separation(
    seed: int, dims: int, loss: float, delay: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    wish = {"chasing": chasing, "circling": circling, "wandering": Wandering(rng)}[kind]
    start = rng.uniform(APART, 3.0)
    speeds = (1.0, float(rng.uniform(0.2, 1.0)))
    seen = distances(apart, rng, start, wish, loss=loss, delay=delay, dims=dims, tilted=True, speeds=speeds)
    assert seen.min() >= APART - 1e-9


def test_total_silence_ends_in_holding_still() -> None:
    seen = distances(kept, np.random.default_rng(0), 3.0, fleeing, loss=1.0)
    assert seen[-1] == seen[-10 * 20]
    assert seen[-1] <= RANGE


def test_the_classic_barrier_row_loses_the_link_under_delay() -> None:
    seen = distances(plain_link, np.random.default_rng(1), 4.9, circling, loss=0.0, delay=8)
    assert seen.max() > RANGE + 0.1


def test_the_classic_barrier_row_collides_under_delay() -> None:
    seen = distances(plain_separation, np.random.default_rng(1), 3.0, chasing, loss=0.5, delay=8)
    assert seen.min() < APART - 0.1


def test_a_link_can_still_be_used_to_its_range_when_news_are_fresh() -> None:
    seen = distances(kept, np.random.default_rng(2), 3.0, fleeing, loss=0.0, delay=0)
    assert seen[-1] >= 0.95 * RANGE  # one period's motion of both, and the exponential approach


def test_bodies_can_still_meet_when_news_are_fresh() -> None:
    seen = distances(apart, np.random.default_rng(2), 3.0, chasing, loss=0.0, delay=0)
    assert seen[-1] <= APART + 3 * PERIOD
