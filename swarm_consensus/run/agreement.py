"""What became of the quantities: how far the honest are from each other and from the truth, and whether they stayed in.

Values are those that robots tell in their own frames, which is what they believe; a liar's frame is changed on the way
to the others, and it is not judged on what it lies about. The truth is computed from where robots really are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.quantities import inputs, sizes
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Quantity, Scenario

AT_START = ("average", "resilient")  # laws that agree on the inputs of the start; the others follow them
_ROUND_OFF = 1e-9  # of a value at the edge of the box


@dataclass(slots=True)
class Course:
    """One quantity, tick by tick."""

    quantity: Quantity
    honest: NDArray[np.bool_]  # (n,) who does not lie about it
    value: list[Array] = field(default_factory=list)  # (n, d) what robots believe, NaN for the dead
    spread: list[float] = field(default_factory=list)  # largest difference of two honest values in any coordinate
    mean: list[Array] = field(default_factory=list)  # (d,) mean of the true inputs of the living who are honest
    error: list[float] = field(default_factory=list)  # largest distance of an honest value to that, in any coordinate
    low: Array | None = None  # (d,) smallest of the honest values at the start, and of those who came back
    high: Array | None = None
    left: tuple[float, str] | None = None  # when the first honest value left the box, s, and whose
    farthest: float = 0.0  # how far one was outside


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation of a quantity."""

    name: str
    bound: str
    value: str
    held: bool
    detail: str


class Agreement:
    """Watches the quantities of a run, tick by tick.

    Parameters
    ----------
    scenario
        Checked, with quantities.
    robots
        The roster.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        self._scenario = scenario
        self._robots = tuple(robots)
        self._sizes = sizes(scenario)
        self._digest = hashlib.sha256()
        self._time: list[float] = []
        self._before: Array = np.full((len(robots), sum(self._sizes)), np.nan)
        lies = {(lie.robot, lie.quantity) for lie in scenario.lies}
        self.courses = [
            Course(each, np.array([(robot.name, each.name) not in lies for robot in robots], dtype=bool))
            for each in scenario.quantities
        ]

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        told = np.full(self._before.shape, np.nan)
        for row, values in zip(told, record.values, strict=True):
            if values is not None:
                row[:] = [number for value in values for number in value]
        self._digest.update(told.tobytes())
        self._time.append(record.time)
        edges = np.cumsum([0, *self._sizes])
        for course, start, end in zip(self.courses, edges[:-1], edges[1:], strict=True):
            self._note(course, told[:, start:end], np.isnan(self._before[:, start]), record)
        self._before = told

    def _note(self, course: Course, value: Array, new: NDArray[np.bool_], record: TickRecord) -> None:
        judged = course.honest & record.alive & np.isfinite(value).all(axis=1)
        living = course.honest & record.alive
        true = inputs(course.quantity, self._robots, record.truth.position)
        begun = course.mean and course.quantity.law in AT_START
        course.value.append(value)
        course.mean.append(course.mean[0] if begun else true[living].mean(axis=0) if living.any() else true[0] * np.nan)
        among = value[judged]
        course.spread.append(float(np.ptp(among, axis=0).max()) if len(among) else np.nan)
        course.error.append(float(abs(among - course.mean[-1]).max()) if len(among) else np.nan)
        self._box(course, value, judged, judged & new, record.time)

    def _box(
        self, course: Course, value: Array, judged: NDArray[np.bool_], first: NDArray[np.bool_], time: float
    ) -> None:
        """Widen the box by those who tell their first value, and look who is outside."""
        if first.any():
            low, high = value[first].min(axis=0), value[first].max(axis=0)
            course.low = low if course.low is None else np.minimum(low, course.low)
            course.high = high if course.high is None else np.maximum(high, course.high)
        if course.low is None or course.high is None:
            return
        out = np.maximum(course.low - value, value - course.high).max(axis=1)
        out[~judged] = 0.0
        worst = int(out.argmax())
        if out[worst] > _ROUND_OFF:
            course.farthest = max(course.farthest, float(out[worst]))
            if course.left is None:
                course.left = (time, self._robots[worst].name)

    def findings(self) -> Iterator[Finding]:
        """Judge what the scenario expects of quantities."""
        expect = self._scenario.expect
        for course in self.courses:
            name, unit = course.quantity.name, f" {course.quantity.unit}".rstrip()
            for field_, table, series in (
                ("agreed_within", expect.agreed_within, course.spread),
                ("mean_within", expect.mean_within, course.error),
            ):
                if name in table:
                    yield self._compared(f"{field_} {name}", table[name], series, unit, most=True)
            if name in expect.apart_by:
                yield self._compared(f"apart_by {name}", expect.apart_by[name], course.spread, unit, most=False)
            if name in expect.honest_range:
                detail = f"first at {course.left[0]:.2f} s, {course.left[1]}" if course.left else ""
                value = f"{course.farthest:.3g}{unit} outside" if course.left else "inside"
                bound = "inside the honest range of the start"
                yield Finding(f"honest_range {name}", bound, value, course.left is None, detail)

    def _judged(self, series: Sequence[float]) -> tuple[Array, Array]:
        """Times and values from `by_s` on, and the last one."""
        by = self._scenario.expect.by_s
        times = np.array(self._time)
        late = times >= (self._scenario.duration_s if by is None else by) - 1e-9
        late[-1:] = True
        return times[late], np.array(series)[late]

    def _bound(self, words: str) -> str:
        by = self._scenario.expect.by_s
        return words + ("" if by is None else f" from {by:g} s on")

    def _compared(self, name: str, bound: float, series: Sequence[float], unit: str, *, most: bool) -> Finding:
        """Judge a series by a bound from above or, if not ``most``, from below."""
        times, values = self._judged(series)
        words = self._bound(f"at {'most' if most else 'least'} {bound:g}{unit}")
        if np.isnan(values).any() or not len(values):
            return Finding(name, words, "nobody tells a value", False, "")
        worst = int(values.argmax() if most else values.argmin())
        held = bool(values[worst] <= bound if most else values[worst] >= bound)
        detail = f"{'worst' if most else 'least'} at {times[worst]:.2f} s"
        return Finding(name, words, f"{values[worst]:.3g}{unit}", held, detail)

    def metrics(self) -> dict[str, Any]:
        """Return the last spreads and errors, and a digest of all values: equal only if they are, to the bit."""
        names = [course.quantity.name for course in self.courses]
        return {
            "spread_end": dict(zip(names, [_last(course.spread) for course in self.courses], strict=True)),
            "mean_error_end": dict(zip(names, [_last(course.error) for course in self.courses], strict=True)),
            "values_sha256": self._digest.hexdigest(),
        }

    def series(self) -> dict[str, Array]:
        """Arrays for ``series.npz``: for each quantity value (t, n, d), spread (t,), mean (t, d) and honest (n,)."""
        found: dict[str, Array] = {}
        for course in self.courses:
            name, size = course.quantity.name, self._sizes[self.courses.index(course)]
            found[f"value_{name}"] = np.array(course.value).reshape(-1, len(self._robots), size)
            found[f"spread_{name}"] = np.array(course.spread)
            found[f"mean_{name}"] = np.array(course.mean).reshape(-1, size)
            found[f"honest_{name}"] = course.honest.astype(float)
        return found


def _last(series: Sequence[float]) -> float | None:
    return None if not series or np.isnan(series[-1]) else series[-1]
